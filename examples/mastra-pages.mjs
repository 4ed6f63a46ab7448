// Pages in a vector store of Mastra: replaces the chunks of each Markdown file that is indexed, and finds the nearest.
// `node examples/mastra-pages.mjs docs 'What is a replica?'`

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { open } from 'sqlite-vec-ts'
import { SqliteVector } from 'sqlite-vec-ts/mastra'
import { chunkText } from 'sqlite-vec-ts/vecutil'
import { embed } from './word-embedder.mjs'

const indexName = 'pages'
/** Put `embedMany()` of the AI SDK with your model here. */
const vectorsOf = async texts => (await embed(texts)).map(vector => Array.from(vector))

/** The store of a file, with the Markdown files of a folder. */
export async function indexPages(db, folder) {
  const store = new SqliteVector({ db, textField: 'text' })
  await store.createIndex({ indexName, dimension: 256 })
  for (const source of readdirSync(folder).filter(name => name.endsWith('.md'))) {
    const chunks = chunkText(readFileSync(join(folder, source), 'utf8'), { format: 'markdown' })
    const metadata = chunks.map(({ text, headings }) => ({ source, text, headings }))
    const vectors = await vectorsOf(chunks.map(({ text }) => text))
    await store.upsert({ indexName, vectors, metadata, deleteFilter: { source } })
  }
  return store
}

/** The nearest chunks, by vector and by words. */
export async function ask(store, question) {
  const [queryVector] = await vectorsOf([question])
  return store.query({ indexName, queryVector, text: question, topK: 3 })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder = 'docs', question = 'What is a replica?'] = process.argv.slice(2)
  const db = await open('pages.sqlite')
  for (const { metadata, document } of await ask(await indexPages(db, folder), question))
    console.log(`\n[${metadata.source}]\n${document}`)
  db.close()
}
