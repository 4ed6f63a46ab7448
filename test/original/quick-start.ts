import { open, type BindValue, type Connection } from '../../src/entries/main.ts'
import { encodeEmbedding } from '../../src/entries/vector.ts'

export const east: Uint8Array = encodeEmbedding([1, 0])
export const north: Uint8Array = encodeEmbedding([0, 1])
export const SHADOW = `(dataset_id TEXT NOT NULL, id TEXT NOT NULL, content TEXT, meta TEXT, embedding BLOB, PRIMARY KEY(dataset_id, id))`

export function rows(db: Connection, sql: string, ...values: BindValue[]): unknown[] {
  return db
    .prepare(sql)
    .raw()
    .all(...values)
}

/** A vec table of the quick start's two documents. */
export async function quickStart(options = ''): Promise<Connection> {
  const db = await open('./vec_demo.sqlite')
  db.exec(`CREATE VIRTUAL TABLE vec_docs USING vec(doc_id${options})`)
  db.exec(`CREATE TABLE IF NOT EXISTS _vec_vec_docs ${SHADOW}`)
  const insert = db.prepare(
    "INSERT INTO _vec_vec_docs(dataset_id, id, embedding) VALUES ('demo', 'a', ?), ('demo', 'b', ?)",
  )
  insert.run(east, north)
  return db
}

export const SEARCH =
  "SELECT doc_id, match_score FROM vec_docs WHERE dataset_id = 'demo' AND doc_id MATCH ?"
