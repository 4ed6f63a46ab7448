import type { Database, TransactionState } from './database.ts'
import { eachRow, numberOf } from './query.ts'

// The questions to a database beyond its core, with a conservative answer if its driver cannot tell.

/** What is known of a connection whose driver does not report the state of its transaction. */
interface Watched {
  readonly number: number
  /** `total_changes()` when no transaction was open. */
  changes: number
  /** Whether a search began the open transaction for its snapshot. */
  ownTransaction: boolean
}

const watched = new WeakMap<Database, Watched>()
let connections = 0

function watch(db: Database): Watched {
  let known = watched.get(db)
  if (!known) {
    watched.set(db, (known = { number: ++connections, changes: NaN, ownTransaction: false }))
  }
  return known
}

/** Without FileIdentity, each connection has a name of its own, and shares no index with others. */
export function fileKeyOf(db: Database, schema: string): string {
  return db.fileKey?.(schema) ?? `connection ${watch(db).number}: ${schema}`
}

/**
 * Without TransactionStates, an open transaction counts as having written if rows have changed since the last call
 * outside of one. `total_changes()` does not count changes of the schema; see `isSchemaCommitted`.
 */
export function transactionStateOf(db: Database, schema?: string): TransactionState {
  if (db.transactionState) return db.transactionState(schema)
  const known = watch(db)
  const changes = totalChanges(db)
  if (!db.inTransaction) {
    known.changes = changes
    return 'none'
  }
  return changes === known.changes ? 'read' : 'write'
}

/**
 * Whether what is read of a schema cannot be rolled back. Without TransactionStates, no transaction of the caller may
 * be open.
 */
export function isSchemaCommitted(db: Database, schema: string): boolean {
  if (db.transactionState) return db.transactionState(schema) !== 'write'
  return !db.inTransaction || (watch(db).ownTransaction && transactionStateOf(db) === 'read')
}

/** Whether the caller of a search has begun a transaction. */
export function isInTransaction(db: Database): boolean {
  return db.inTransaction && !(watched.get(db)?.ownTransaction ?? false)
}

/** Rows changed on this connection so far, including by triggers. */
export function totalChanges(db: Database): number {
  return numberOf(db, 'SELECT total_changes()')
}

/** Without Access, false: a write must be ready to fail. */
export function isReadonly(db: Database, schema: string): boolean {
  return db.isReadonly?.(schema) ?? false
}

/** Without VirtualTables, false. */
export function hasVirtualTables(db: Database): boolean {
  return db.hasVirtualTables ?? false
}

/** Without Patience, uses the pragma that all drivers have. */
export function waitingAtMost<R>(db: Database, milliseconds: number, task: () => R): R {
  if (db.waitingAtMost) return db.waitingAtMost(milliseconds, task)
  const before = numberOf(db, 'PRAGMA busy_timeout')
  db.exec(`PRAGMA busy_timeout = ${Math.min(milliseconds, before)}`)
  try {
    return task()
  } finally {
    if (db.open) db.exec(`PRAGMA busy_timeout = ${before}`)
  }
}

/** Without UnnoticedWrites, only runs the task. */
export function unnoticed<R>(db: Database, task: () => R): R {
  return db.unnoticed ? db.unnoticed(task) : task()
}

/** Schemas with tables, in SQLite's own order: main, temp, then the attached ones. */
export function schemasOf(db: Database): string[] {
  return databaseList(db).map(({ schema }) => schema)
}

/** The schemas with their files, '' for none. Takes no lock, so it cannot fail as busy. */
export function databaseList(db: Database): { schema: string; file: string }[] {
  const found: { schema: string; file: string }[] = []
  eachRow(db, 'PRAGMA database_list', [], row => {
    found.push({ schema: row.text(1), file: row.text(2) })
  })
  return found
}

/**
 * Runs `read` in a transaction of its own. If COMMIT fails, what `read` wrote may be lost. Runs `otherwise` if the
 * driver does not allow BEGIN while the caller reads the rows of a statement.
 */
export function inOwnTransaction<R>(db: Database, read: () => R, otherwise: () => R): R {
  if (db.atomically) return db.atomically(read)
  const known = watch(db)
  known.changes = totalChanges(db)
  try {
    db.exec('BEGIN')
  } catch {
    return otherwise()
  }
  known.ownTransaction = true
  try {
    const result = read()
    if (db.inTransaction) commit(db)
    return result
  } finally {
    if (db.open && db.inTransaction) db.exec('ROLLBACK')
    known.ownTransaction = false
  }
}

function commit(db: Database): void {
  try {
    db.exec('COMMIT')
  } catch {
    // The file is busy. The answer is right, and what was written beside it is computed again later.
  }
}
