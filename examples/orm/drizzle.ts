/** Drizzle: a column type for embeddings, a vec table made by a migration, and a search in a query. */
import { and, eq, sql, type SQL } from 'drizzle-orm'
import { drizzle, type BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { migrate } from 'drizzle-orm/better-sqlite3/migrator'
import { customType, integer, real, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { decodeEmbedding, encodeEmbedding } from 'sqlite-vec-ts'
import Database from 'sqlite-vec-ts/better-sqlite3'

const embedding = customType<{ data: Float32Array; driverData: Uint8Array }>({
  dataType: () => 'blob',
  toDriver: encodeEmbedding,
  fromDriver: decodeEmbedding,
})

export const notes = sqliteTable('notes', {
  datasetId: text('dataset_id').notNull(),
  noteId: text('note_id').notNull(),
  content: text('content'),
  embedding: embedding('embedding'),
  // Computed by a search: generated columns are not written.
  score: real('match_score').generatedAlwaysAs(sql`0`),
  k: integer('k').generatedAlwaysAs(sql`NULL`),
})

/** `column MATCH vector` for the id column of a vec table. */
function match(column: typeof notes.noteId, vector: Float32Array): SQL {
  return sql`${column} MATCH ${encodeEmbedding(vector)}`
}

/** `migrations` is a folder of drizzle-kit: `generate --custom` writes the file for CREATE VIRTUAL TABLE. */
export function notesOf(path: string, migrations: string): BetterSQLite3Database {
  const db = drizzle(new Database(path))
  migrate(db, { migrationsFolder: migrations })
  return db
}

/** The notes nearest to a vector, best first. */
export function nearest(
  db: BetterSQLite3Database,
  dataset: string,
  vector: Float32Array,
  k: number,
) {
  return db
    .select({ id: notes.noteId, content: notes.content, score: notes.score })
    .from(notes)
    .where(and(eq(notes.datasetId, dataset), match(notes.noteId, vector), eq(notes.k, k)))
    .all()
}
