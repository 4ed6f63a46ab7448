/** The content of a file. SQLite locks only a 'main-db'; a 'main-journal', 'super-journal' or 'wal' is beside it. */
export type FileKind =
  | 'main-db'
  | 'main-journal'
  | 'super-journal'
  | 'wal'
  | 'temp-db'
  | 'temp-journal'
  | 'transient-db'
  | 'subjournal'

export interface OpenRequest {
  readonly kind: FileKind
  /** Open for reading and writing. A file that may only be read is then opened for reading. */
  readonly write: boolean
  /** Create the file when it does not exist. */
  readonly create: boolean
  /** With `create`: fail when the file exists. */
  readonly exclusive: boolean
  /** Remove the file when it is closed. */
  readonly deleteOnClose: boolean
}

export interface OpenedFile {
  readonly file: VfsFile
  /** Whether the file can only be read, as requested or because writing is forbidden. */
  readonly readonly: boolean
}

/** The question that `Vfs.access` answers about a file. */
export type Access = 'exists' | 'read' | 'readwrite'

/**
 * A file system for SQLite in strings and bytes: `vfs-adapter.ts` alone knows SQLite's structures, pointers, flags
 * and result codes. `node-vfs.ts` implements it over node:fs. All methods are synchronous.
 *
 * Paths are absolute, as `fullPath` returned them, sometimes with a suffix of SQLite ('-journal', '-wal').
 *
 * Errors are thrown. An error whose `code` names an errno ('ENOSPC', 'EIO') becomes the result code of the operation
 * that failed, or a better one ('ENOSPC' on a write: SQLITE_FULL). A `VfsFailure` carries its own result code and
 * hint.
 *
 * To decorate a VFS, forward every member and register the result under another name. It serves files opened by
 * `file:/x.sqlite?vfs=NAME`, and the journals, WALs and attached files that belong to them:
 *
 *     const inner = installNodeVfs(sqlite).vfs
 *     registerVfs(sqlite, { ...each member forwarded to inner..., name: 'faulty', open: (path, how) => decorated(inner.open(path, how)) })
 *
 * Each effect on the disk is a call of its own on one of the two interfaces (`write`, `truncate`, `sync`, `delete`,
 * `syncDirectory`), so a decorator sees all of them in order. It may throw instead of forwarding, or read and write
 * fewer bytes than requested: SQLite then asks for the rest. A result of 0 means the end of the file for `read` and a
 * full disk for `write`. `test/engine/decorated-vfs.ts` does this with one function around all calls.
 */
export interface Vfs {
  /** The name for sqlite3_open_v2 and `?vfs=`. */
  readonly name: string
  /** Opens a file. For null, opens a temporary file whose name the VFS chooses. */
  open(path: string | null, request: OpenRequest): OpenedFile
  /** Removes a file; returns false when it does not exist. */
  delete(path: string): boolean
  /** Makes the creation or removal of `path` durable. */
  syncDirectory(path: string): void
  /** 'exists' is also false for an empty file: a journal that was never written to counts as missing. */
  access(path: string, how: Access): boolean
  /** The one absolute name of a file, whichever link leads to it. */
  fullPath(path: string): { readonly path: string; readonly symlink: boolean }
  randomness(into: Uint8Array): void
  sleep(microseconds: number): void
  /** Milliseconds since 1970, UTC. */
  now(): number
}

/** An open file of a `Vfs`. */
export interface VfsFile {
  readonly path: string
  /**
   * Reads up to `into.length` bytes at `offset` and returns how many; 0 at the end of the file. `into` is SQLite's
   * own memory.
   */
  read(into: Uint8Array, offset: number): number
  /** Writes bytes at `offset` and returns how many, at least 1. `bytes` is SQLite's own memory. */
  write(bytes: Uint8Array, offset: number): number
  truncate(size: number): void
  /** Makes the written bytes durable; with `dataOnly`, not the time stamps. */
  sync(dataOnly: boolean): void
  size(): number
  close(): void
  /** The level of the lock held, as in file-locks.ts: NO_LOCK to EXCLUSIVE_LOCK. */
  readonly lockLevel: number
  /** Raises the lock; false when another connection forbids it. */
  lock(level: number): boolean
  /** Lowers the lock to SHARED_LOCK or NO_LOCK. */
  unlock(level: number): void
  /** Whether any connection, this one included, is about to write. */
  checkReserved(): boolean
  /** Whether the name now leads to another file, or to none. */
  hasMoved(): boolean
  /**
   * Only for a database whose WAL several connections can share. Without it, WAL works for one connection under an
   * exclusive lock.
   */
  readonly sharedMemory?: SharedMemory | undefined
}

/** Part of the shared memory, mapped into SQLite's own memory. */
export interface MappedRegion {
  /** Address in SQLite's memory. */
  readonly pointer: number
  /** Whether this connection may only read it. */
  readonly readonly: boolean
}

/** What the connections of a database in WAL mode share: memory in regions of one size, and eight locks. */
export interface SharedMemory {
  /** Region n, mapped until `unmap`; undefined when it does not exist and `extend` is false. */
  map(region: number, bytes: number, extend: boolean): MappedRegion | undefined
  /** Locks `count` slots from `slot`, shared or exclusively; false when another connection forbids it. */
  lock(slot: number, count: number, exclusive: boolean): boolean
  unlock(slot: number, count: number): void
  /** A full memory barrier: loads and stores before it complete before those after it begin. */
  barrier(): void
  /** Ends this connection's use of the memory. `remove`: this is the last connection. */
  unmap(remove: boolean): void
}
