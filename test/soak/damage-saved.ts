import type { BindValue, Connection } from '../../src/entries/main.ts'
import { Journal } from '../../src/search/journal/journal.ts'

export interface Chunk {
  readonly section: string
  readonly chunk: number
  readonly data: Uint8Array
}

/** Statements that are not finalized wait for the collector: 100,000 of them are a test of their own. */
export function run(db: Connection, sql: string, ...parameters: BindValue[]): void {
  using statement = db.prepare(sql)
  statement.run(...parameters)
}

export function savedHead(db: Connection): Uint8Array {
  using statement = db.prepare('SELECT "index" FROM vector_storage').pluck()
  return statement.get() as Uint8Array
}

export function savedChunks(db: Connection): readonly Chunk[] {
  using statement = db.prepare('SELECT section, chunk, data FROM vector_storage_chunks')
  return statement.all() as Chunk[]
}

/**
 * Whether the last entry of the journal, or its state, has a number that no trigger writes. No index follows such a
 * journal, so every search reads the table until a repair.
 */
export function isJournalUnsound(db: Connection): boolean {
  const journal = new Journal(db, 'main')
  try {
    return journal.head() === 'unsound'
  } finally {
    journal.dispose()
  }
}
