import { extendedName } from './extended-names.ts'

/** Primary result codes of SQLite that callers may receive. */
export type SqliteErrorCode =
  | 'SQLITE_ERROR'
  | 'SQLITE_INTERNAL'
  | 'SQLITE_PERM'
  | 'SQLITE_ABORT'
  | 'SQLITE_BUSY'
  | 'SQLITE_LOCKED'
  | 'SQLITE_NOMEM'
  | 'SQLITE_READONLY'
  | 'SQLITE_INTERRUPT'
  | 'SQLITE_IOERR'
  | 'SQLITE_CORRUPT'
  | 'SQLITE_NOTFOUND'
  | 'SQLITE_FULL'
  | 'SQLITE_CANTOPEN'
  | 'SQLITE_PROTOCOL'
  | 'SQLITE_SCHEMA'
  | 'SQLITE_TOOBIG'
  | 'SQLITE_CONSTRAINT'
  | 'SQLITE_MISMATCH'
  | 'SQLITE_MISUSE'
  | 'SQLITE_NOLFS'
  | 'SQLITE_AUTH'
  | 'SQLITE_FORMAT'
  | 'SQLITE_RANGE'
  | 'SQLITE_NOTADB'

/** Errors of this library. */
export type VecErrorCode =
  | 'VEC_EMBEDDING' // bytes or text that are not a vector
  | 'VEC_DIMENSION' // a vector whose dimension differs from the dataset's
  | 'VEC_OPTION' // an option of CREATE VIRTUAL TABLE
  | 'VEC_SHADOW' // a shadow table that cannot be used
  | 'VEC_QUERY' // constraints of a query on a vec table
  | 'VEC_FILTER' // a metadata filter that cannot be read
  | 'VEC_SOURCE' // a source of documents that cannot be read, or a document that cannot be stored
  | 'VEC_STORAGE' // a persisted index that is damaged or foreign
  | 'VEC_MODEL' // embeddings of two models in one dataset
  | 'VEC_MEMORY' // an index that does not fit into the memory of this process
  | 'VEC_CLOSED' // a connection or statement that was used after it was closed
  | 'VEC_WORKER' // a worker that ended, or could not be started, with calls that it had not answered
  | 'VEC_LEADER' // a write that was given to another tab, which went away before it answered
  | 'VEC_ENGINE' // the SQLite engine cannot be used in this process

/** Why a replica stopped following a dataset. Each needs a decision, which docs/sync.md explains. */
export type HaltCode =
  | 'UPSTREAM_CHANGED' // another server, or a copy of the tables with its own identity
  | 'SCHEMA_DRIFT' // tables or protocol are not those this version reads
  | 'DATASET_GONE' // the dataset's row disappeared without a drop
  | 'EPOCH_CHANGED' // the dataset was re-created
  | 'UPSTREAM_REWOUND' // the upstream knows less than the replica
  | 'LOG_PRUNED' // entries that the replica needs were deleted
  | 'HISTORY_DIVERGED' // the entry at the checkpoint is not the one that was applied
  | 'LOG_GAP' // a number is missing in the log
  | 'POISON_ENTRY' // an entry or a row that cannot be applied

/** Error codes of replication. */
export type SyncErrorCode =
  | HaltCode
  | 'FENCED' // another replicator moved the checkpoint
  | 'SYNC_LEASE' // another replicator holds the lease
  | 'SYNC_TIMEOUT' // a deadline passed
  | 'SYNC_TRANSPORT' // the connection failed; retried
  | 'SYNC_CONFLICT' // deadlock, serialization failure, lock wait; retried
  | 'SYNC_ACCESS' // credentials or privileges
  | 'SYNC_UPSTREAM' // an upstream that cannot be used, or SQL that it refused
  | 'SYNC_REPLICA' // a replica that cannot be used
  | 'SYNC_CAPTURE' // a writer while triggers are installed

export type ErrorCode = SqliteErrorCode | VecErrorCode | SyncErrorCode

/**
 * The error class of this library. An argument of the wrong type or range is a TypeError or RangeError.
 * `message` says what was given and what was expected, `hint` what to do about it.
 */
export class VecError extends Error {
  override readonly name = 'VecError'
  readonly code: ErrorCode
  readonly hint: string | undefined
  /** SQLite's extended result code; 0 if the error is not from SQLite. */
  readonly extendedCode: number

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string; cause?: unknown; extendedCode?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
    this.extendedCode = options.extendedCode ?? 0
  }

  /** SQLite's name of the extended code, such as SQLITE_CONSTRAINT_UNIQUE; `code` if there is none. */
  get extendedName(): string {
    return extendedName(this.code, this.extendedCode)
  }
}
