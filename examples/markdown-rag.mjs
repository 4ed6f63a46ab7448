// Answers from a folder of Markdown: finds the sections that fit a question and makes a prompt of them for a language
// model. `node examples/markdown-rag.mjs docs 'What is a replica?'`

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { open } from 'sqlite-vec-ts'
import { chunkText, Collection } from 'sqlite-vec-ts/vecutil'
import { embed } from './word-embedder.mjs'

/** The pages of a folder, cut into sections. Sections that did not change are not embedded again. */
export async function indexFolder(db, folder) {
  db.exec('CREATE VIRTUAL TABLE IF NOT EXISTS pages USING vec(doc_id)')
  const pages = new Collection(db, { table: 'pages', dataset: folder, embed, model: 'words' })
  const files = readdirSync(folder, { recursive: true })
    .map(String)
    .filter(name => name.endsWith('.md'))
  for (const file of files) {
    const chunks = chunkText(readFileSync(join(folder, file), 'utf8'), { format: 'markdown' })
    const documents = chunks.map(({ text, headings }, n) => ({
      id: `${file}#${n}`,
      content: text,
      meta: JSON.stringify({ file, headings }),
    }))
    await pages.upsertDocumentsText(documents)
  }
  return pages
}

/** What a language model is asked, with the sections that its answer may use. */
export async function promptFor(pages, question, sections = 3) {
  const hits = await pages.queryText(question, sections)
  const sources = hits.map(({ id, content }) => `[${id}]\n${content}`)
  return `Answer from these sections, and name those that you use.\n\n${sources.join('\n\n')}\n\nQuestion: ${question}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder = 'docs', question = 'What is a replica?'] = process.argv.slice(2)
  const db = await open('pages.sqlite')
  console.log(await promptFor(await indexFolder(db, folder), question))
  db.close()
}
