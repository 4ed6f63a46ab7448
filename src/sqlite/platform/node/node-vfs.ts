import { randomFillSync } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  openSync,
  statSync,
  unlinkSync,
} from 'node:fs'
import { isAbsolute } from 'node:path'
import { VecError } from '../../../core/errors.ts'
import { permitted } from '../../../core/permitted.ts'
import {
  SQLITE_CANTOPEN,
  SQLITE_CANTOPEN_ISDIR,
  SQLITE_READONLY_DIRECTORY,
} from '../../result-codes.ts'
import type { LockKind, Locks } from '../../vfs/file-locks.ts'
import { registerVfs } from '../../vfs/vfs-adapter.ts'
import { VfsFailure, errnoOf } from '../../vfs/vfs-errors.ts'
import type { Access, FileKind, OpenRequest, OpenedFile, Vfs } from '../../vfs/vfs.ts'
import type { Sqlite } from '../../wasm/wasm.ts'
import { identityOf } from './database-file.ts'
import { requireUtf8 } from './database-header.ts'
import { directoryLocks } from './directory-locks.ts'
import { EarlyWrites } from './early-writes.ts'
import { fcntl } from './fcntl.ts'
import { requireFileAccess } from './file-access.ts'
import { fileFacts } from './file-facts.ts'
import { closeLockable, guardCloses, openLockable } from './lockable-files.ts'
import { MappedHeap } from './mapped-heap.ts'
import { memoryMaps } from './mmap.ts'
import { NodeFile } from './node-file.ts'
import { ofdLocks } from './ofd-locks.ts'
import { fullPath, journalOwner, syncDirectoryOf, temporaryPath } from './vfs-paths.ts'
import { WalIndexFile, type WalIndexFileOptions } from './wal-index-file.ts'

export { fileIdentity } from './database-file.ts'
export { readHeader, readJournalMode } from './database-header.ts'
export { lastVfsError } from '../../vfs/vfs-errors.ts'

const journals: ReadonlySet<FileKind> = new Set(['main-journal', 'super-journal', 'wal'])

/** Errors that prove that a file cannot exist at a path. */
const nowhere = new Set(['ENOTDIR', 'ELOOP', 'ENAMETOOLONG'])

export interface NodeVfs {
  /** The name for sqlite3_open_v2. */
  readonly name: string
  readonly locks: LockKind
  /** The registered VFS, for decorators. */
  readonly vfs: Vfs
}

const installed = new WeakMap<Sqlite, NodeVfs>()

/**
 * Registers the VFS over node:fs, once. 'auto' uses byte-range locks if koffi is available, and lock directories
 * otherwise. Throws VecError VEC_ENGINE when the requested locks are not available, or other locks are already in
 * use.
 */
export function installNodeVfs(
  sqlite: Sqlite,
  options: { locks?: 'auto' | LockKind } = {},
): NodeVfs {
  const asked = options.locks ?? 'auto'
  const known = installed.get(sqlite)
  if (known !== undefined) {
    if (asked === 'auto' || asked === known.locks) return known
    throw new VecError(
      'VEC_ENGINE',
      `locks '${asked}' requested, but this process already uses '${known.locks}'`,
    )
  }
  const locks = chooseLocks(asked)
  guardCloses(locks.kind)
  const vfs = new NodeFileSystem(locks, sharedMemoryParts(sqlite, locks.kind))
  registerVfs(sqlite, vfs)
  const made: NodeVfs = { name: vfs.name, locks: locks.kind, vfs }
  installed.set(sqlite, made)
  return made
}

/** The locks that 'auto' uses in this process, and why. */
export function lockSupport(): { kind: LockKind; reason: string } {
  const found = ofdLocks()
  if (typeof found === 'string') return { kind: 'directory', reason: found }
  return {
    kind: 'ofd',
    reason: 'koffi and the kernel provide byte-range locks that native programs see',
  }
}

function chooseLocks(asked: 'auto' | LockKind): Locks {
  if (asked === 'directory') return directoryLocks()
  const found = ofdLocks()
  if (typeof found !== 'string') return found
  if (asked === 'auto') return directoryLocks()
  throw new VecError('VEC_ENGINE', `no byte-range locks in this process: ${found}`, {
    hint: 'npm install koffi, or use auto',
  })
}

type SharedMemoryParts = Pick<WalIndexFileOptions, 'fcntl' | 'heap'>

/** The parts that sharing a WAL needs; undefined without byte-range locks. */
function sharedMemoryParts(sqlite: Sqlite, kind: LockKind): SharedMemoryParts | undefined {
  const locks = kind === 'ofd' ? fcntl() : 'not requested'
  return typeof locks === 'string'
    ? undefined
    : { fcntl: locks, heap: new MappedHeap(sqlite, memoryMaps()) }
}

/** Real files. */
class NodeFileSystem implements Vfs {
  readonly name = 'node'
  readonly #locks: Locks
  readonly #shared: SharedMemoryParts | undefined
  readonly #journals = new Set<NodeFile>()
  readonly #databases = new Set<NodeFile>()
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4))

  constructor(locks: Locks, shared: SharedMemoryParts | undefined) {
    this.#locks = locks
    this.#shared = shared
  }

  open(name: string | null, request: OpenRequest): OpenedFile {
    const path = name === null ? temporaryPath() : requireAbsolute(name)
    const isDatabase = request.kind === 'main-db'
    const { fd, readonly } = openDescriptor(path, request)
    try {
      if (request.create && (request.kind === 'main-journal' || request.kind === 'wal'))
        shareWithDatabase(fd, path)
      const early = request.deleteOnClose && process.platform !== 'win32'
      if (early) unlinkSync(path)
      const file = new NodeFile(fd, path, {
        database: isDatabase ? this.#lockable(fd, path) : undefined,
        sharedMemory: isDatabase ? this.#sharedMemory(fd, path) : undefined,
        early: isDatabase || request.kind === 'wal' ? new EarlyWrites(fd) : undefined,
        removeOnClose: request.deleteOnClose && !early,
        ends: request.kind === 'main-journal' ? end => this.#ending(path, end) : undefined,
        closed: () => this.#journals.delete(file) || this.#databases.delete(file),
      })
      if (request.kind === 'main-journal') this.#journals.add(file)
      if (isDatabase) this.#databases.add(file)
      return { file, readonly }
    } catch (error) {
      if (isDatabase) closeLockable(fd)
      else closeSync(fd)
      throw error
    }
  }

  /** A transaction ends when its journal is removed, truncated, or its header is overwritten. */
  #ending(journal: string, end: () => void): void {
    const locks = [...this.#databases].flatMap(({ path, database }) =>
      database !== undefined && `${path}-journal` === journal ? [database.lock] : [],
    )
    for (const lock of locks) lock.beforeWrite?.()
    end()
    for (const lock of locks) lock.afterJournal?.()
  }

  #lockable(fd: number, path: string): NodeFile['database'] {
    const identity = identityOf(fd)
    if (identity.isDirectory)
      throw new VfsFailure(SQLITE_CANTOPEN_ISDIR, path, `${path}: is a directory`, {
        errno: 'EISDIR',
      })
    if (!identity.isFile) throw new VfsFailure(SQLITE_CANTOPEN, path, `${path}: not a regular file`)
    requireUtf8(fd, path)
    const journal = `${path}-journal`
    const journalGone = (): boolean =>
      [...this.#journals].some(file => file.path === journal && file.isRemoved())
    return { identity, lock: this.#locks.open({ fd, path, identity, journalGone }) }
  }

  #sharedMemory(database: number, path: string): WalIndexFile | undefined {
    if (this.#shared === undefined) return undefined
    return new WalIndexFile({ ...this.#shared, database, path, share: shareWithDatabase })
  }

  delete(path: string): boolean {
    try {
      this.#ending(path, () => unlinkSync(requireAbsolute(path)))
      return true
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false
      throw error
    }
  }

  syncDirectory(path: string): void {
    syncDirectoryOf(requireAbsolute(path))
  }

  access(path: string, how: Access): boolean {
    requireAbsolute(path)
    try {
      if (how !== 'exists') return isAllowed(path, how)
      if (fileFacts().isMissing(path)) return false
      const found = statSync(path, { throwIfNoEntry: false })
      return found !== undefined && (found.size > 0 || !found.isFile())
    } catch (error) {
      if (nowhere.has(errnoOf(error))) return false
      throw error
    }
  }

  fullPath(path: string): { path: string; symlink: boolean } {
    return fullPath(path)
  }

  randomness(into: Uint8Array): void {
    randomFillSync(into)
  }

  sleep(microseconds: number): void {
    Atomics.wait(this.#sleeper, 0, 0, microseconds / 1000)
  }

  now(): number {
    return Date.now()
  }
}

/**
 * SQLite received every name from `fullPath`. Any other name comes from damaged memory, and would create a file in
 * the working folder.
 */
function requireAbsolute(path: string): string {
  if (isAbsolute(path)) return path
  const message = `the file name ${JSON.stringify(path)} is not absolute`
  throw new VfsFailure(SQLITE_CANTOPEN, path, message, {
    hint: 'SQLite makes every name absolute first, so its memory may be corrupt: restart the process',
  })
}

function isAllowed(path: string, how: Access): boolean {
  try {
    requireFileAccess(path, how === 'readwrite' ? constants.R_OK | constants.W_OK : constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** Opens the file for writing if requested. If that is forbidden, opens it for reading. */
function openDescriptor(path: string, asked: OpenRequest): { fd: number; readonly: boolean } {
  const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL } = constants
  const O_NOFOLLOW = constants.O_NOFOLLOW ?? 0
  // Without this flag, opening a pipe would wait for its other end. Regular files ignore it.
  const O_NONBLOCK = constants.O_NONBLOCK ?? 0
  const { write, create } = asked
  const exclusive = asked.exclusive ? O_EXCL | O_NOFOLLOW : 0
  const mode = asked.deleteOnClose ? 0o600 : 0o644
  const open = asked.kind === 'main-db' ? openLockable : openSync
  try {
    const how = (write ? O_RDWR : O_RDONLY) | (create ? O_CREAT : 0) | exclusive | O_NONBLOCK
    return { fd: open(path, how, mode), readonly: !write }
  } catch (error) {
    const errno = errnoOf(error)
    const forbidden = errno === 'EACCES' || errno === 'EROFS' || errno === 'EPERM'
    if (create && journals.has(asked.kind) && forbidden && !existsSync(path)) {
      throw new VfsFailure(SQLITE_READONLY_DIRECTORY, path, closedFolder(path, asked.kind), {
        errno,
        cause: error,
        ...(asked.kind === 'wal' ? { hint: CLOSED_WAL } : {}),
      })
    }
    if (!write || !forbidden) throw error
    return { fd: open(path, O_RDONLY | O_NONBLOCK | (exclusive & O_NOFOLLOW)), readonly: true }
  }
}

const CLOSED_WAL =
  'open it once where it is writable and run PRAGMA journal_mode = DELETE; or read it as file:...?immutable=1 while no program writes to it'

function closedFolder(path: string, kind: FileKind): string {
  const needs =
    kind === 'wal'
      ? 'a database in WAL mode needs files beside it, even to be read'
      : 'writing to a database needs a journal beside it'
  return `${path}: the folder is not writable, and ${needs}`
}

/** Gives a new journal the mode of its database and, as root, its owner. Ignores a failure. */
function shareWithDatabase(fd: number, path: string): void {
  const created = fstatSync(fd)
  const owner = created.size === 0 ? journalOwner(path) : undefined
  if (owner === undefined) return
  try {
    if ((created.mode & 0o777) !== owner.mode) fchmodSync(fd, owner.mode)
    const isRoot = permitted(() => process.geteuid?.()) === 0
    if (isRoot && (created.uid !== owner.uid || created.gid !== owner.gid))
      fchownSync(fd, owner.uid, owner.gid)
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') throw error
  }
}
