/** Kysely: a typed vec table, a migration, and a search in a query of the builder. */
import { Kysely, sql, SqliteDialect, type ColumnType, type RawBuilder, type SqlBool } from 'kysely'
import { Migrator } from 'kysely/migration'
import Database from 'sqlite-vec-ts/better-sqlite3'

type Hidden<T> = ColumnType<T, never, never>

interface Schema {
  notes: {
    dataset_id: string
    note_id: string
    content: string | null
    embedding: ColumnType<Uint8Array, Float32Array, Float32Array>
    match_score: Hidden<number>
    k: Hidden<number | null>
  }
}

/** `column MATCH vector` for the id column of a vec table. */
function match(column: 'notes.note_id', vector: Float32Array): RawBuilder<SqlBool> {
  return sql`${sql.ref(column)} MATCH ${vector}`
}

export async function notesOf(path: string): Promise<Kysely<Schema>> {
  const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: new Database(path) }) })
  const migrator = new Migrator({
    db,
    provider: {
      getMigrations: async () => ({
        '2026-01-notes': {
          up: migrated =>
            sql`CREATE VIRTUAL TABLE notes USING vec(note_id)`.execute(migrated).then(),
        },
      }),
    },
  })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) throw error
  return db
}

/** The notes nearest to a vector, best first. */
export function nearest(db: Kysely<Schema>, dataset: string, vector: Float32Array, k: number) {
  return db
    .selectFrom('notes')
    .select(['note_id', 'content', 'match_score'])
    .where('dataset_id', '=', dataset)
    .where(match('notes.note_id', vector))
    .where('k', '=', k)
    .execute()
}
