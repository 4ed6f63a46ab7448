// An application on Express, better-sqlite3 and Drizzle, with search added in five lines, marked below.
//   node examples/express-drizzle/server.mjs
//   curl -d '{"title": "apples are red"}' -H 'content-type: application/json' localhost:3000/documents
//   curl 'localhost:3000/search?q=red+apples'

import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { inArray } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { blob, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import express from 'express'
import { attach } from 'sqlite-vec-ts/attach' // 1
import { embed } from '../word-embedder.mjs'

const documents = sqliteTable('documents', {
  id: integer('id').primaryKey(),
  title: text('title').notNull(),
  embedding: blob('embedding', { mode: 'buffer' }),
})

/** The application over a file. */
export function createApp(path) {
  const db = drizzle(new Database(path))
  db.$client.pragma('journal_mode = WAL')
  db.$client.exec(
    'CREATE TABLE IF NOT EXISTS documents(id INTEGER PRIMARY KEY, title TEXT NOT NULL, embedding BLOB)',
  )
  const vectors = attach(db.$client, { table: 'documents' }) // 2

  const app = express()
  app.use(express.json())
  app.post('/documents', async (request, response) => {
    const { title } = request.body
    const [vector] = await embed([title])
    const embedding = Buffer.from(Float32Array.from(vector).buffer)
    response.json(
      db.insert(documents).values({ title, embedding }).returning({ id: documents.id }).get(),
    )
  })
  app.delete('/documents/:id', (request, response) => {
    db.delete(documents)
      .where(inArray(documents.id, [Number(request.params.id)]))
      .run()
    response.sendStatus(204)
  })
  app.get('/search', async (request, response) => {
    const [vector] = await embed([String(request.query.q)]) // 3
    const hits = vectors.search({ vector, k: 10, columns: ['title'] }) // 4
    response.json(hits.map(({ id, score, columns }) => ({ id, score, title: columns.title }))) // 5
  })
  return { app, db, vectors }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { app } = createApp('documents.sqlite')
  app.listen(3000, '127.0.0.1', () => console.log('http://localhost:3000'))
}
