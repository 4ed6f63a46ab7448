import type { Database, TransactionState } from './database.ts'
import { eachRow, numberOf } from './query.ts'

// What a database is asked for beyond its core, and what is done where its driver cannot tell: the conservative path.

/** What is known of a connection whose driver does not tell the state of its transaction. */
interface Watched {
  readonly number: number
  /** `total_changes()` when no transaction was open. */
  changes: number
  /** The open transaction is one that a search began for its snapshot. */
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

/** Without FileIdentity each connection has a name of its own, and no index in common with others. */
export function fileKeyOf(db: Database, schema: string): string {
  return db.fileKey?.(schema) ?? `connection ${watch(db).number}: ${schema}`
}

/**
 * Without TransactionStates: an open transaction has written if rows have changed since this was last asked outside of one.
 * `total_changes()` counts no change of the schema; see `isSchemaCommitted`.
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

/** Whether what is read of a schema cannot be rolled back. Without TransactionStates: no transaction of the caller is open. */
export function isSchemaCommitted(db: Database, schema: string): boolean {
  if (db.transactionState) return db.transactionState(schema) !== 'write'
  return !db.inTransaction || (watch(db).ownTransaction && transactionStateOf(db) === 'read')
}

/** Whether the caller of a search has begun a transaction. */
export function isInTransaction(db: Database): boolean {
  return db.inTransaction && !(watched.get(db)?.ownTransaction ?? false)
}

/** Rows changed on this connection so far, those of triggers too. */
export function totalChanges(db: Database): number {
  return numberOf(db, 'SELECT total_changes()')
}

/** Without Access false: what writes must be ready to fail. */
export function isReadonly(db: Database, schema: string): boolean {
  return db.isReadonly?.(schema) ?? false
}

/** Without Patience by the pragma that all drivers have. */
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

/** Without UnnoticedWrites the task is run all the same. */
export function unnoticed<R>(db: Database, task: () => R): R {
  return db.unnoticed ? db.unnoticed(task) : task()
}

/** Schemas that have tables, by SQLite's own order: main, temp, then those that were attached. */
export function schemasOf(db: Database): string[] {
  return databaseList(db).map(({ schema }) => schema)
}

/** The schemas with their files, '' for none. Takes no lock, so that it cannot be refused as busy. */
export function databaseList(db: Database): { schema: string; file: string }[] {
  const found: { schema: string; file: string }[] = []
  eachRow(db, 'PRAGMA database_list', [], row => {
    found.push({ schema: row.text(1), file: row.text(2) })
  })
  return found
}

/**
 * Runs `read` in a transaction that is not the caller's; what it wrote on the way may be lost with a failing COMMIT.
 * `otherwise`: where the driver allows no BEGIN while rows of a statement of the caller's are being read.
 */
export function inOwnTransaction<R>(db: Database, read: () => R, otherwise: () => R): R {
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
    // Busy: the answer is right, and what was made beside it is made again.
  }
}
