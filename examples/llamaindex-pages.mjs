// Pages in a vector store of LlamaIndex.TS: adds the chunks of Markdown files, and finds the nearest ones.
// `node examples/llamaindex-pages.mjs docs 'What is a replica?'`

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BaseEmbedding } from '@llamaindex/core/embeddings'
import { NodeRelationship, TextNode } from '@llamaindex/core/schema'
import { open } from 'sqlite-vec-ts'
import { SqliteVectorStore } from 'sqlite-vec-ts/llamaindex'
import { chunkText } from 'sqlite-vec-ts/vecutil'
import { embed } from './word-embedder.mjs'

/** Put the embeddings of your model here, such as `new OpenAIEmbedding()`. */
class Words extends BaseEmbedding {
  getTextEmbedding = async text => Array.from((await embed([text]))[0])
}

/** The store of a file, with the Markdown files of a folder. A file that is indexed again is replaced. */
export async function indexPages(db, folder) {
  const store = new SqliteVectorStore({ db, table: 'pages', embedModel: new Words() })
  for (const nodeId of readdirSync(folder).filter(name => name.endsWith('.md'))) {
    const chunks = chunkText(readFileSync(join(folder, nodeId), 'utf8'), { format: 'markdown' })
    const relationships = { [NodeRelationship.SOURCE]: { nodeId, metadata: {} } }
    const nodes = chunks.map(({ text, headings }) => {
      return new TextNode({ text, metadata: { file: nodeId, headings }, relationships })
    })
    await store.delete(nodeId)
    await store.add(await store.embedModel(nodes))
  }
  return store
}

/** The nearest chunks, by vector and by words. */
export async function ask(store, queryStr) {
  const queryEmbedding = await store.embedModel.getTextEmbedding(queryStr)
  return store.query({ queryEmbedding, queryStr, similarityTopK: 3, mode: 'hybrid' })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder = 'docs', question = 'What is a replica?'] = process.argv.slice(2)
  const db = await open('pages.sqlite')
  const { nodes } = await ask(await indexPages(db, folder), question)
  for (const { metadata, text } of nodes) console.log(`\n[${metadata.file}]\n${text}`)
  db.close()
}
