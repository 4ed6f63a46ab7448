// Notes in a LangChain vector store: adds Markdown files, embeds only what has changed, and answers with the nearest ones.
// `node examples/langchain-notes.mjs docs 'What is a replica?'`

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Document } from '@langchain/core/documents'
import { Embeddings } from '@langchain/core/embeddings'
import { index } from '@langchain/core/indexing'
import { open } from 'sqlite-vec-ts'
import { SqliteRecordManager, SqliteVecStore } from 'sqlite-vec-ts/langchain'
import { chunkText } from 'sqlite-vec-ts/vecutil'
import { embed } from './word-embedder.mjs'

/** Put the embeddings of your model here, such as `new OpenAIEmbeddings()`. */
class Words extends Embeddings {
  model = 'words'
  embedDocuments = async texts => (await embed(texts)).map(vector => Array.from(vector))
  embedQuery = async text => (await this.embedDocuments([text]))[0]
}

/** The store of a file, brought up to date with the Markdown files of a folder. */
export async function indexNotes(db, folder) {
  const store = new SqliteVecStore(new Words({}), { db, table: 'notes', mode: 'hybrid' })
  const records = new SqliteRecordManager({ db, namespace: 'notes' })
  await records.createSchema()
  const files = readdirSync(folder).filter(name => name.endsWith('.md'))
  const chunks = files.flatMap(source =>
    chunkText(readFileSync(join(folder, source), 'utf8'), { format: 'markdown' }).map(
      ({ text, headings }) => new Document({ pageContent: text, metadata: { source, headings } }),
    ),
  )
  const options = { cleanup: 'full' }
  const report = await index({
    docsSource: chunks,
    recordManager: records,
    vectorStore: store,
    options,
  })
  return { store, report }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder = 'docs', question = 'What is a replica?'] = process.argv.slice(2)
  const db = await open('notes.sqlite')
  const { store, report } = await indexNotes(db, folder)
  console.log(report)
  for (const { pageContent, metadata } of await store.similaritySearch(question, 3))
    console.log(`\n[${metadata.source}]\n${pageContent}`)
  db.close()
}
