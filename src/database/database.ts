import type { Statement } from './statement.ts'

/**
 * A connection to a SQLite database: all that search, documents, replication and diagnostics know of one. Our engine
 * implements it, and a folder of `drivers/` for each other driver. Everything is synchronous.
 *
 * The core is what every driver has. Beside it a driver may have capabilities; `capabilities.ts` tells what is done without.
 */
export interface Database extends DatabaseCore, Partial<Capabilities> {}

interface DatabaseCore {
  readonly open: boolean
  /** A transaction is open (not autocommit). */
  readonly inTransaction: boolean
  /** Runs every statement of `sql`. */
  exec(sql: string): unknown
  /** Prepares one statement. */
  prepare(sql: string): Statement
}

interface Capabilities
  extends
    FileIdentity,
    TransactionStates,
    SnapshotStatements,
    SnapshotOrder,
    Access,
    Patience,
    UnnoticedWrites,
    WritingStatements,
    PagedReads,
    Interruptions,
    CloseHook {}

export type TransactionState = 'none' | 'read' | 'write'

/** Without it connections share no index in memory. */
interface FileIdentity {
  /**
   * Names the database behind a schema: the same on all connections of this process that have the file open, and no other
   * name while it is open. Undefined for a database without a file, which only this connection sees.
   */
  fileKey(schema: string): string | undefined
}

/** Without it `total_changes()` tells whether an open transaction has written; where in doubt, it has. */
interface TransactionStates {
  /** The highest state of a schema, or of all of them: whether this connection has begun to read, or to write. */
  transactionState(schema?: string): TransactionState
}

/** Without it a search of several statements begins a transaction, unless one is open, and commits it. */
interface SnapshotStatements {
  /** A statement in the middle of its rows keeps the snapshot, and does not keep other statements from writing. */
  readonly holdsSnapshots: boolean
}

/** Without it a snapshot that is older than the index in memory builds that index again. */
interface SnapshotOrder {
  /**
   * A number that tells which of two snapshots of one file began first, among the connections of this thread: the later one
   * has the larger number, and sees at least as much. Undefined where no snapshot outlives a commit.
   */
  snapshotOrder(schema: string): number | undefined
}

/** Without it a write is tried, and its failure is taken for the answer. */
interface Access {
  /** Whether the schema can only be read. */
  isReadonly(schema: string): boolean
}

/** Without it `PRAGMA busy_timeout` is set and put back. */
interface Patience {
  /** Runs `task` waiting for locks no longer than that, nor longer than before. */
  waitingAtMost<R>(milliseconds: number, task: () => R): R
}

/** Without it what is saved on the side shows in `last_insert_rowid()`. */
interface UnnoticedWrites {
  /** Runs `task`, whose INSERTs do not show in `last_insert_rowid()`. */
  unnoticed<R>(task: () => R): R
}

/** Without it no statement writes through a virtual table of this connection. */
interface WritingStatements {
  /** JavaScript is running for a statement that writes through a virtual table: that statement is the transaction. */
  readonly insideWrite: boolean
}

/** Without it all rows of a table are read by one statement. */
interface PagedReads {
  /** A step of a statement costs much beside its row: `Statement.page` reads many rows faster than `each`. */
  readonly readsPages: boolean
}

/** When a task is ended from outside. */
export interface Interruption {
  /** So many milliseconds after now. */
  readonly deadline?: number
  /** A signal: JavaScript that runs in SQL (a function, a virtual table) may have it aborted on the way. */
  readonly signal?: AbortSignal
}

/** Without it a statement runs to its end. */
interface Interruptions {
  /** Runs `task`; a statement that is running when the time has come ends with SQLITE_INTERRUPT. */
  interruptible<R>(when: Interruption, task: () => R): R
}

/** Without it indexes are saved when the connection is idle, or when asked; what is not saved is built again. */
interface CloseHook {
  /** Runs `task` when the connection is closed, while it still works; the last one first. */
  onClose(task: () => void): void
}
