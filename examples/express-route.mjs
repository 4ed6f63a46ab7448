// Search in an Express route. `node examples/express-route.mjs`, then:
//   curl -d '[{"id": "a", "content": "apples are red"}]' -H 'content-type: application/json' localhost:3000/notes
//   curl 'localhost:3000/search?q=red+apples&limit=3'

import { fileURLToPath } from 'node:url'
import express from 'express'
import { open } from 'sqlite-vec-ts'
import { Collection } from 'sqlite-vec-ts/vecutil'
import { embed } from './word-embedder.mjs'

/** An Express application over the notes of a file. */
export async function createApp(path) {
  const db = await open(path)
  db.exec('CREATE VIRTUAL TABLE IF NOT EXISTS notes USING vec(doc_id)')
  const notes = new Collection(db, { table: 'notes', dataset: 'all', embed, model: 'words' })

  const app = express()
  app.use(express.json())
  // Express 5 hands the error of an async function to the handler of errors below.
  app.post('/notes', async (request, response) => {
    response.json({ embedded: await notes.upsertDocumentsText(request.body) })
  })
  app.get('/search', async (request, response) => {
    const { q, limit = '10' } = request.query
    response.json(await notes.queryText(q, Number(limit)))
  })
  // The library checks what it is given and names it: such errors are the client's.
  app.use((error, _request, response, _next) => {
    const isRefusal = error instanceof TypeError || error instanceof RangeError
    response.status(isRefusal ? 400 : 500).json({ error: error.message })
  })
  return { app, db }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { app } = await createApp('notes.sqlite')
  app.listen(3000, '127.0.0.1', () => console.log('http://localhost:3000'))
}
