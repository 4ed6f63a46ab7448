import type { Statement } from './statement.ts'

/**
 * A connection to a SQLite database, as search, documents, replication and diagnostics see it. Our engine implements
 * it, and a folder of `drivers/` for each other driver. All methods are synchronous.
 *
 * Every driver has the core. A driver may also have capabilities; `capabilities.ts` defines the behavior without them.
 */
export interface Database extends DatabaseCore, Partial<Capabilities> {}

interface DatabaseCore {
  readonly open: boolean
  /** Whether a transaction is open (not autocommit). */
  readonly inTransaction: boolean
  /** Runs every statement of `sql`. */
  exec(sql: string): unknown
  /** Prepares one statement. */
  prepare(sql: string): Statement
}

interface Capabilities
  extends
    FileIdentity,
    SchemaVersions,
    Transactions,
    TransactionStates,
    SnapshotStatements,
    SnapshotOrder,
    Access,
    Patience,
    UnnoticedWrites,
    WritingStatements,
    PagedReads,
    VirtualTables,
    Interruptions,
    CloseHook {}

export type TransactionState = 'none' | 'read' | 'write'

/** Without it, connections share no index in memory. */
interface FileIdentity {
  /**
   * Identifies the database behind a schema: the same on all connections of this process that have the file open, and
   * unique while it is open. Undefined for a database without a file, which only this connection sees.
   */
  fileKey(schema: string): string | undefined
}

/** Without it, `PRAGMA schema_version` tells. */
interface SchemaVersions {
  /** A number that changes with the schema. */
  schemaVersion(schema: string): number
}

/** Without it, BEGIN and COMMIT, or a savepoint, begin and end a transaction. */
interface Transactions {
  /** Runs `task` in a transaction, or in a savepoint of the open one. An error of the task undoes what it wrote. */
  atomically<R>(task: () => R): R
}

/** Without it, `total_changes()` tells whether an open transaction has written. In doubt, it has. */
interface TransactionStates {
  /** The highest state of a schema, or of all of them: whether this connection has begun to read, or to write. */
  transactionState(schema?: string): TransactionState
}

/** Without it, a search of several statements begins a transaction and commits it, unless one is open. */
interface SnapshotStatements {
  /**
   * Whether a statement in the middle of its rows keeps the snapshot, and does not block writes of other statements.
   */
  readonly holdsSnapshots: boolean
}

/** Without it, a snapshot older than the index in memory builds that index again. */
interface SnapshotOrder {
  /**
   * Orders the snapshots of one file among the connections of this thread: a later snapshot has a larger number, and
   * sees at least as much. Undefined if no snapshot outlives a commit.
   */
  snapshotOrder(schema: string): number | undefined
}

/** Without it, a write is tried, and its failure is the answer. */
interface Access {
  /** Whether the schema can only be read. */
  isReadonly(schema: string): boolean
}

/** Without it, `PRAGMA busy_timeout` is set and restored. */
interface Patience {
  /** Runs `task` with a busy timeout of at most `milliseconds`, and never longer than before. */
  waitingAtMost<R>(milliseconds: number, task: () => R): R
}

/** Without it, the saving of indexes shows in `last_insert_rowid()`. */
interface UnnoticedWrites {
  /** Runs `task`, whose INSERTs do not show in `last_insert_rowid()`. */
  unnoticed<R>(task: () => R): R
}

/** Without it, no statement writes through a virtual table of this connection. */
interface WritingStatements {
  /**
   * Whether JavaScript is running for a statement that writes through a virtual table. That statement is the
   * transaction.
   */
  readonly insideWrite: boolean
}

/** Without it, one statement reads all rows of a table. */
interface PagedReads {
  /**
   * Whether a step of a statement is expensive compared with its row. `Statement.page` then reads many rows faster than
   * `each`.
   */
  readonly readsPages: boolean
}

/** Without it, a vec table is the table of its documents alone, which searches read through the port. */
interface VirtualTables {
  /** Whether CREATE VIRTUAL TABLE ... USING vec(...) works on this connection. */
  readonly hasVirtualTables: boolean
}

/** The events that end a task from outside. */
export interface Interruption {
  /** Milliseconds from now. */
  readonly deadline?: number
  /** A signal. JavaScript that runs in SQL (a function, a virtual table) may abort it during the task. */
  readonly signal?: AbortSignal
}

/** Without it, a statement runs to its end. */
interface Interruptions {
  /** Runs `task`. A statement that is running at the deadline or abort ends with SQLITE_INTERRUPT. */
  interruptible<R>(when: Interruption, task: () => R): R
}

/**
 * Without it, indexes are saved when the connection is idle, or on request. An index that was not saved is built again.
 */
interface CloseHook {
  /** Runs `task` when the connection is closed, while it still works. The last registered task runs first. */
  onClose(task: () => void): void
}
