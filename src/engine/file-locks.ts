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
  /** Raises the level; SQLITE_BUSY when somebody else's lock forbids it. */
  lock(level: number): number
  /** Lowers it to SHARED_LOCK or NO_LOCK. */
  unlock(level: number): number
  /** Whether anybody, this connection included, is about to write. */
  reserved(): boolean
  /** Lets go of everything. */
  close(): void
}

export interface LockedFile {
  readonly fd: number
  readonly path: string
  readonly identity: FileIdentity
  /** Whether somebody removed the journal this process is writing for it. */
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
