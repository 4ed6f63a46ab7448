import { randomFillSync } from 'node:crypto'
import {
  accessSync,
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
import { VecError } from '../errors.ts'
import { identityOf } from './database-file.ts'
import { directoryLocks } from './directory-locks.ts'
import type { LockKind, Locks } from './file-locks.ts'
import { closeDatabase } from './kernel-locks.ts'
import { ofdLocks } from './ofd-locks.ts'
import type { OpenFile } from './open-file.ts'
import {
  SQLITE_CANTOPEN,
  SQLITE_CANTOPEN_FULLPATH,
  SQLITE_CANTOPEN_ISDIR,
  SQLITE_IOERR_ACCESS,
  SQLITE_IOERR_DELETE,
  SQLITE_IOERR_DELETE_NOENT,
  SQLITE_OK_SYMLINK,
  SQLITE_READONLY_DIRECTORY,
  VfsFailure,
  errnoOf,
  lastMessage,
  report,
} from './vfs-errors.ts'
import { ioMethods } from './vfs-files.ts'
import { PathReader, fullPath, journalOwner, syncDirectoryOf, temporaryPath } from './vfs-paths.ts'
import { type VfsMethods, ioMethodsLayout, makeStruct, vfsLayout } from './vfs-struct.ts'
import { type Pointer, SQLITE_OK, type Sqlite } from './wasm.ts'

export { fileIdentity, readJournalMode } from './database-file.ts'
export { lastVfsError } from './vfs-errors.ts'

const VFS_NAME = 'node'
/** As in SQLite's own unix VFS, so that every file we can open, a native program can open too. */
const MAX_PATH_BYTES = 512

const OPEN_READONLY = 0x1
const OPEN_READWRITE = 0x2
const OPEN_CREATE = 0x4
const OPEN_DELETEONCLOSE = 0x8
const OPEN_EXCLUSIVE = 0x10
const OPEN_MAIN_DB = 0x100
const OPEN_MAIN_JOURNAL = 0x800
const OPEN_SUPER_JOURNAL = 0x4000
const OPEN_WAL = 0x80000

const ACCESS_EXISTS = 0
const ACCESS_READWRITE = 1

/** Where a file cannot be, as surely as where it is not. */
const nowhere = new Set(['ENOTDIR', 'ELOOP', 'ENAMETOOLONG'])

/** Milliseconds from noon of 24 November 4714 BC, where SQLite's clock starts, to 1970. */
const JULIAN_EPOCH_MS = 210866760000000

export interface NodeVfs {
  /** Its name for sqlite3_open_v2. */
  readonly name: string
  readonly locks: LockKind
}

const installed = new WeakMap<Sqlite, NodeVfs>()

/**
 * Registers the VFS over node:fs, once. 'auto' takes byte-range locks where koffi gives them and lock directories elsewhere.
 * Throws VecError VEC_ENGINE when the locks asked for cannot be had, or others are in use already.
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
      `locks '${asked}' asked for, but this process locks by '${known.locks}' already`,
    )
  }
  const locks = chooseLocks(asked)
  const files = new Map<Pointer, OpenFile>()
  const pMethods = makeStruct(sqlite, ioMethodsLayout, ioMethods(sqlite, files, VFS_NAME), [[0, 1]])
  const pVfs = makeStruct(sqlite, vfsLayout, vfsMethods(sqlite, files, pMethods, locks), [
    [0, 2], // iVersion
    [4, 4], // szOsFile: one pointer, to the methods
    [8, MAX_PATH_BYTES],
    [16, sqlite.ownedCString(VFS_NAME)],
  ])
  const code = sqlite.raw.sqlite3_vfs_register(pVfs, 0)
  if (code !== SQLITE_OK)
    throw new VecError('VEC_ENGINE', `SQLite refused the file system: code ${code}`)
  const vfs: NodeVfs = { name: VFS_NAME, locks: locks.kind }
  installed.set(sqlite, vfs)
  return vfs
}

/** Which locks 'auto' takes in this process, and why. */
export function lockSupport(): { kind: LockKind; reason: string } {
  const found = ofdLocks()
  if (typeof found === 'string') return { kind: 'directory', reason: found }
  return {
    kind: 'ofd',
    reason: 'koffi and the kernel give byte-range locks that native programs see',
  }
}

function chooseLocks(asked: 'auto' | LockKind): Locks {
  if (asked === 'directory') return directoryLocks()
  const found = ofdLocks()
  if (typeof found !== 'string') return found
  if (asked === 'auto') return directoryLocks()
  throw new VecError('VEC_ENGINE', `no byte-range locks in this process: ${found}`, {
    hint: 'npm install koffi, or leave the choice to auto',
  })
}

function vfsMethods(
  sqlite: Sqlite,
  files: Map<Pointer, OpenFile>,
  pMethods: Pointer,
  locks: Locks,
): VfsMethods {
  const paths = new PathReader(sqlite)
  const sleeper = new Int32Array(new SharedArrayBuffer(4))
  const statQuietly = { throwIfNoEntry: false } as const

  return {
    xOpen(_pVfs, pName: Pointer, pFile: Pointer, flags: number, pOutFlags: Pointer) {
      sqlite.poke32(pFile, 0)
      const path = pName === 0 ? temporaryPath() : paths.read(pName)
      try {
        const file = openFile(path, flags, locks, files)
        files.set(pFile, file.open)
        sqlite.poke32(pFile, pMethods)
        if (pOutFlags !== 0) sqlite.poke32(pOutFlags, file.flags)
        return SQLITE_OK
      } catch (error) {
        return report(error, SQLITE_CANTOPEN, path)
      }
    },

    xDelete(_pVfs, pName: Pointer, syncDirectory: number) {
      const path = paths.read(pName)
      try {
        unlinkSync(path)
        if (syncDirectory & 1) syncDirectoryOf(path)
        return SQLITE_OK
      } catch (error) {
        // SQLite asks for many files to go that were never there.
        if (errnoOf(error) === 'ENOENT') return SQLITE_IOERR_DELETE_NOENT
        return report(error, SQLITE_IOERR_DELETE, path)
      }
    },

    xAccess(_pVfs, pName: Pointer, what: number, pOut: Pointer) {
      const path = paths.read(pName)
      try {
        let allowed: boolean
        if (what === ACCESS_EXISTS) {
          const found = statSync(path, statQuietly)
          // A journal that was created and never written to counts as none.
          allowed = found !== undefined && (found.size > 0 || !found.isFile())
        } else allowed = isAllowed(path, what)
        sqlite.poke32(pOut, allowed ? 1 : 0)
        return SQLITE_OK
      } catch (error) {
        sqlite.poke32(pOut, 0)
        if (nowhere.has(errnoOf(error))) return SQLITE_OK
        return report(error, SQLITE_IOERR_ACCESS, path)
      }
    },

    xFullPathname(_pVfs, pName: Pointer, bytes: number, pOut: Pointer) {
      const given = sqlite.readCString(pName)
      try {
        const { path, symlink } = fullPath(given)
        const text = Buffer.from(path)
        if (text.length + 1 > bytes) {
          const message = `${path}: the path has ${text.length} bytes, more than the ${bytes - 1} SQLite allows`
          throw new VfsFailure(SQLITE_CANTOPEN_FULLPATH, path, message)
        }
        const heap = sqlite.u8
        heap.set(text, pOut)
        heap[pOut + text.length] = 0
        return symlink ? SQLITE_OK_SYMLINK : SQLITE_OK
      } catch (error) {
        return report(error, SQLITE_CANTOPEN_FULLPATH, given)
      }
    },

    xRandomness(_pVfs, bytes: number, p: Pointer) {
      try {
        randomFillSync(sqlite.u8, p, bytes)
        return bytes
      } catch {
        return 0
      }
    },

    xSleep(_pVfs, microseconds: number) {
      Atomics.wait(sleeper, 0, 0, microseconds / 1000)
      return microseconds
    },

    xCurrentTime(_pVfs, pDays: Pointer) {
      sqlite.pokeDouble(pDays, (Date.now() + JULIAN_EPOCH_MS) / 86400000)
      return SQLITE_OK
    },

    xCurrentTimeInt64(_pVfs, pMs: Pointer) {
      sqlite.poke64(pMs, BigInt(Date.now() + JULIAN_EPOCH_MS))
      return SQLITE_OK
    },

    xGetLastError(_pVfs, bytes: number, p: Pointer) {
      if (bytes <= 0 || p === 0) return 0
      const text = Buffer.from(lastMessage()).subarray(0, bytes - 1)
      sqlite.u8.set(text, p)
      sqlite.u8[p + text.length] = 0
      return 0
    },
  }
}

function isAllowed(path: string, what: number): boolean {
  try {
    accessSync(path, what === ACCESS_READWRITE ? constants.R_OK | constants.W_OK : constants.R_OK)
    return true
  } catch {
    return false
  }
}

function openFile(
  path: string,
  asked: number,
  locks: Locks,
  files: Map<Pointer, OpenFile>,
): { open: OpenFile; flags: number } {
  const creates = (asked & OPEN_CREATE) !== 0
  const isDatabase = (asked & OPEN_MAIN_DB) !== 0
  const isJournal = (asked & (OPEN_MAIN_JOURNAL | OPEN_SUPER_JOURNAL | OPEN_WAL)) !== 0
  const isTemporary = (asked & OPEN_DELETEONCLOSE) !== 0
  const { fd, flags } = openDescriptor(path, asked)
  try {
    if (asked & (OPEN_MAIN_JOURNAL | OPEN_WAL) && creates) shareWithDatabase(fd, path)
    const early = isTemporary && process.platform !== 'win32'
    if (early) unlinkSync(path)
    const open: OpenFile = {
      fd,
      path,
      database: isDatabase ? lockable(fd, path, locks, files) : undefined,
      unsyncedName: creates && isJournal,
      removeOnClose: isTemporary && !early,
      persistWal: false,
    }
    return { open, flags }
  } catch (error) {
    if (isDatabase) closeDatabase(fd, identityOf(fd))
    else closeSync(fd)
    throw error
  }
}

function lockable(
  fd: number,
  path: string,
  locks: Locks,
  files: Map<Pointer, OpenFile>,
): OpenFile['database'] {
  const identity = identityOf(fd)
  if (identity.isDirectory)
    throw new VfsFailure(SQLITE_CANTOPEN_ISDIR, path, `${path}: is a directory`, {
      errno: 'EISDIR',
    })
  if (!identity.isFile) throw new VfsFailure(SQLITE_CANTOPEN, path, `${path}: is no regular file`)
  const journal = `${path}-journal`
  const journalGone = (): boolean =>
    [...files.values()].some(file => file.path === journal && fstatSync(file.fd).nlink === 0)
  return { identity, lock: locks.open({ fd, path, identity, journalGone }) }
}

/** Opens for writing if asked to, else or when that is forbidden for reading; `flags` says which it was. */
function openDescriptor(path: string, asked: number): { fd: number; flags: number } {
  const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL } = constants
  const O_NOFOLLOW = constants.O_NOFOLLOW ?? 0
  // Without it, opening a pipe would wait for its other end; files do not care.
  const O_NONBLOCK = constants.O_NONBLOCK ?? 0
  const writes = (asked & OPEN_READWRITE) !== 0
  const creates = (asked & OPEN_CREATE) !== 0
  const exclusive = (asked & OPEN_EXCLUSIVE) !== 0 ? O_EXCL | O_NOFOLLOW : 0
  const mode = (asked & OPEN_DELETEONCLOSE) !== 0 ? 0o600 : 0o644
  try {
    const how = (writes ? O_RDWR : O_RDONLY) | (creates ? O_CREAT : 0) | exclusive | O_NONBLOCK
    return { fd: openSync(path, how, mode), flags: asked }
  } catch (error) {
    const errno = errnoOf(error)
    const forbidden = errno === 'EACCES' || errno === 'EROFS' || errno === 'EPERM'
    const isJournal = (asked & (OPEN_MAIN_JOURNAL | OPEN_SUPER_JOURNAL | OPEN_WAL)) !== 0
    if (creates && isJournal && forbidden && !existsSync(path)) {
      const text = `${path}: the folder is not writable, and writing to a database takes a journal beside it`
      throw new VfsFailure(SQLITE_READONLY_DIRECTORY, path, text, { errno, cause: error })
    }
    if (!writes || !forbidden) throw error
    const fd = openSync(path, O_RDONLY | O_NONBLOCK | (exclusive & O_NOFOLLOW))
    return { fd, flags: (asked & ~(OPEN_READWRITE | OPEN_CREATE)) | OPEN_READONLY }
  }
}

/** Gives a new journal the mode of its database and, for root, the owner; whoever may not do that does without. */
function shareWithDatabase(fd: number, path: string): void {
  const created = fstatSync(fd)
  const owner = created.size === 0 ? journalOwner(path) : undefined
  if (owner === undefined) return
  try {
    if ((created.mode & 0o777) !== owner.mode) fchmodSync(fd, owner.mode)
    const isRoot = process.geteuid?.() === 0
    if (isRoot && (created.uid !== owner.uid || created.gid !== owner.gid))
      fchownSync(fd, owner.uid, owner.gid)
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') throw error
  }
}
