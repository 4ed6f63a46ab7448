/**
 * A SQLite connection, as far as replication needs one: our engine, `better-sqlite3` and `node:sqlite` all satisfy it.
 * Integers that may be large are read as text and bound as bigint, so no mode of the connection matters.
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

/** Runs `work` in a transaction of its own; `begin` decides when the write lock is taken. */
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
    // the error that led here is the one to report
  }
}
