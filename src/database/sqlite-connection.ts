/**
 * A connection with the common interface of SQLite drivers, with rows as objects: our engine's, better-sqlite3's and
 * node:sqlite's satisfy it. Users pass it to replication and to the document store. `Database` is wider, and no driver
 * has it by itself.
 */
export interface SqliteConnection {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
  close?(): void
}

export interface SqliteStatement {
  run(...parameters: SqliteValue[]): { readonly changes: number | bigint }
  get(...parameters: SqliteValue[]): unknown
  all(...parameters: SqliteValue[]): unknown[]
  iterate(...parameters: SqliteValue[]): IterableIterator<unknown>
}

export type SqliteValue = string | number | bigint | null | Uint8Array

/** Runs `work` in a transaction, on any driver. `begin` decides when the write lock is taken. */
export function inTransaction<T>(
  connection: SqliteConnection,
  begin: 'BEGIN' | 'BEGIN IMMEDIATE',
  work: () => T,
): T {
  connection.exec(begin)
  let result: T
  try {
    result = work()
  } catch (error) {
    rollback(connection)
    throw error
  }
  try {
    connection.exec('COMMIT')
  } catch (error) {
    rollback(connection)
    throw error
  }
  return result
}

/** Some errors of SQLite have already ended the transaction. */
function rollback(connection: SqliteConnection): void {
  try {
    connection.exec('ROLLBACK')
  } catch {
    // The first error is reported instead.
  }
}
