import type { AttachOptions } from '../../src/entries/attach.ts'
import { blob, type Handle } from './handles.ts'

/** A table with names of its own. */
export const NOTES = `CREATE TABLE notes(note_id INTEGER PRIMARY KEY, tenant TEXT, title TEXT, lang TEXT, year INTEGER,
  "my vector" BLOB, views INTEGER DEFAULT 0)`
export const OPTIONS: AttachOptions = {
  table: 'notes',
  id: 'note_id',
  embedding: 'my vector',
  metadata: ['lang', 'year'],
}

/** By a statement without parameters: drivers differ in how these are given. */
export function insert(db: Handle, id: number | string, vector: number[], title = `t${id}`): void {
  const name = typeof id === 'string' ? `'${id}'` : String(id)
  db.exec(
    `INSERT INTO notes(note_id, tenant, title, lang, year, "my vector") VALUES (${name}, 'a', '${title}', 'en', 2020, ${blob(...vector)})`,
  )
}
