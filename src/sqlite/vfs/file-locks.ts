/** Lock levels of a database file, as in sqlite3.h. */
export const NO_LOCK = 0
export const SHARED_LOCK = 1
export const RESERVED_LOCK = 2
export const PENDING_LOCK = 3
export const EXCLUSIVE_LOCK = 4

/** The first of SQLite's lock bytes. The page that holds them is never used for data. */
export const PENDING_BYTE = 0x40000000

/** The lock of one connection on one database file. */
export interface FileLock {
  /** The level held. */
  readonly level: number
  /** Raises the level; SQLITE_BUSY if another lock forbids it. */
  lock(level: number): number
  /** Lowers it to SHARED_LOCK or NO_LOCK. */
  unlock(level: number): number
  /** Whether anybody, this connection included, is about to write. */
  reserved(): boolean
  /**
   * After each read of the file. Throws when what was read may be of two states of it, because others do not see this
   * lock.
   */
  afterRead?(): void
  /**
   * Before each write to the file, and before the journal of its transaction ends. Throws when others use it without
   * seeing this lock.
   */
  beforeWrite?(bytes?: Uint8Array, offset?: number): void
  /** After the journal has ended. Throws when the transaction is not in the file, because others rolled it back. */
  afterJournal?(): void
  /** Lets go of everything. */
  close(): void
}

export interface LockedFile {
  readonly fd: number
  readonly path: string
  readonly identity: FileIdentity
  /** Whether another process removed the journal that this process is writing for it. */
  journalGone(): boolean
}

/** What tells two files apart whatever their names: device and inode. */
export interface FileIdentity {
  readonly dev: bigint
  readonly ino: bigint
}

export type LockKind = 'ofd' | 'directory'

/** A way to lock files. */
export interface Locks {
  readonly kind: LockKind
  open(file: LockedFile): FileLock
}
