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
  /** Raises the level; returns SQLITE_BUSY if another lock forbids it. */
  lock(level: number): number
  /** Lowers the level to SHARED_LOCK or NO_LOCK. */
  unlock(level: number): number
  /** Whether any connection, this one included, is about to write. */
  reserved(): boolean
  /**
   * Called after each read of the file. Throws when the read may mix two states of the file, since other programs do
   * not see this lock.
   */
  afterRead?(): void
  /**
   * Called before each write to the file, and before the journal of its transaction ends. Throws when programs that
   * do not see this lock use the file.
   */
  beforeWrite?(bytes?: Uint8Array, offset?: number): void
  /**
   * Called after the journal has ended. Throws when the transaction is not in the file, since another program rolled
   * it back.
   */
  afterJournal?(): void
  /** Releases all locks. */
  close(): void
}

export interface LockedFile {
  readonly fd: number
  readonly path: string
  readonly identity: FileIdentity
  /** Whether another process removed the journal that this process is writing for it. */
  journalGone(): boolean
}

/** What identifies a file regardless of its names: device and inode. */
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
