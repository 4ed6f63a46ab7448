import { walRefusal } from '#wal-refusal'
import {
  SQLITE_OK,
  SQLITE_BUSY,
  SQLITE_CANTOPEN,
  SQLITE_ERROR,
  SQLITE_FULL,
  SQLITE_IOERR,
  SQLITE_IOERR_CHECKRESERVEDLOCK,
  SQLITE_IOERR_CLOSE,
  SQLITE_IOERR_FSTAT,
  SQLITE_IOERR_FSYNC,
  SQLITE_IOERR_LOCK,
  SQLITE_IOERR_READ,
  SQLITE_IOERR_SHMLOCK,
  SQLITE_IOERR_SHMMAP,
  SQLITE_IOERR_SHORT_READ,
  SQLITE_IOERR_TRUNCATE,
  SQLITE_IOERR_UNLOCK,
  SQLITE_IOERR_WRITE,
  SQLITE_NOTFOUND,
  SQLITE_READONLY,
  SQLITE_READONLY_DBMOVED,
} from '../result-codes.ts'
import { FCNTL_SNAPSHOT_ORDER } from '../snapshot-order.ts'
import { type Pointer, type Sqlite } from '../wasm/wasm.ts'
import { NO_LOCK, SHARED_LOCK } from './file-locks.ts'
import { ReadAhead } from './read-ahead.ts'
import { VfsFailure, report, reportEnd } from './vfs-errors.ts'
import type { IoMethods, Method } from './vfs-struct.ts'
import type { OpenRequest, Vfs, VfsFile } from './vfs.ts'

const SYNC_DATAONLY = 0x10
const SECTOR_BYTES = 4096
/**
 * On power loss, a write damages no byte outside its range; pages may be read in parts. No write is claimed to be
 * atomic.
 */
const IOCAP_POWERSAFE_OVERWRITE = 0x1000
const IOCAP_SUBPAGE_READ = 0x8000

/** The size of the header of a WAL frame. Its bytes 4 to 7 are not 0 in the last frame of a transaction. */
const WAL_FRAME_HEADER = 24

const SHM_UNLOCK = 1
const SHM_EXCLUSIVE = 8
const WRITER = 0
/** The first slot of readers: a snapshot begins when a reader's slot is locked. */
const FIRST_READER = 3

const FCNTL_LOCKSTATE = 1
const FCNTL_SIZE_HINT = 5
const FCNTL_CHUNK_SIZE = 6
const FCNTL_PERSIST_WAL = 10
const FCNTL_VFSNAME = 12
const FCNTL_PRAGMA = 14
const FCNTL_HAS_MOVED = 20
const FCNTL_PDB = 30

/** A file that SQLite has open, with the state that the adapter keeps for it. */
export class AdaptedFile {
  readonly vfs: Vfs
  readonly file: VfsFile
  readonly isDatabase: boolean
  /** The directory entry may not have reached the disk. */
  unsyncedName: boolean
  /** Whether the WAL stays when the last connection closes. */
  persistWal = false
  /** The address of the sqlite3* that uses the file; 0 until SQLite has reported it. */
  pConnection: Pointer = 0
  /** The number of the current or last snapshot of a shared WAL; 0 for none. */
  snapshotOrder = 0
  readonly isWal: boolean

  constructor(vfs: Vfs, file: VfsFile, { kind, create }: OpenRequest) {
    this.vfs = vfs
    this.file = file
    this.isDatabase = kind === 'main-db'
    const isJournal = kind === 'main-journal' || kind === 'super-journal' || kind === 'wal'
    this.unsyncedName = create && isJournal
    this.isWal = kind === 'wal'
  }

  /**
   * Whether no other process can lengthen the file at the position of the read. SQLite reads the first byte of a
   * journal without a lock, to see whether a journal exists.
   */
  isFrozen(offset: number): boolean {
    if (this.isDatabase) return this.file.lockLevel > NO_LOCK
    return this.isWal || offset > 0
  }
}

/** The files that SQLite has open, by the address of its structure. */
export class OpenFiles extends Map<Pointer, AdaptedFile> {
  /** Paths of journals whose removal may not have reached the disk. */
  readonly unsyncedRemovals: Set<string> = new Set()
}

/** The methods of sqlite3_io_methods. A file receives views of SQLite's memory, so no bytes are copied. */
export function ioMethods(sqlite: Sqlite, files: OpenFiles): IoMethods {
  const { unsyncedRemovals } = files
  const ahead = new ReadAhead()
  let snapshots = 0

  /** Finds the open file, and lets no exception cross into C. */
  function guarded(
    code: number,
    method: (open: AdaptedFile, b: number, c: number, d: number, e: number) => number,
  ): Method {
    return (pFile: Pointer, b: number, c: number, d: number, e: number) => {
      const open = files.get(pFile)
      if (open === undefined) return SQLITE_IOERR
      try {
        return method(open, b, c, d, e)
      } catch (error) {
        return report(error, code, open.file.path)
      }
    }
  }

  return {
    xClose(pFile) {
      const open = files.get(pFile)
      files.delete(pFile)
      if (open === undefined) return SQLITE_OK
      ahead.forget(open.file)
      if (open.isDatabase) unsyncedRemovals.delete(`${open.file.path}-journal`)
      try {
        open.file.close()
        return SQLITE_OK
      } catch (error) {
        return report(error, SQLITE_IOERR_CLOSE, open.file.path)
      }
    },

    xRead: guarded(SQLITE_IOERR_READ, (open, p: Pointer, bytes, from) => {
      const { file, isDatabase } = open
      const into = sqlite.u8.subarray(p, p + bytes)
      if (isDatabase && ahead.read(file, into, from)) return SQLITE_OK
      let done = 0
      while (done < bytes) {
        const got = file.read(done === 0 ? into : into.subarray(done), from + done)
        if (got === 0) {
          if (open.isFrozen(from)) requireEnd(file, from + done)
          into.fill(0, done)
          // Outside of a WAL, SQLite usually reads beyond the end on purpose.
          return open.isWal
            ? report(cutWal(file, from), SQLITE_IOERR_SHORT_READ, file.path)
            : reportEnd(file.path, from + done)
        }
        done += got
      }
      return SQLITE_OK
    }),

    xWrite: guarded(SQLITE_IOERR_WRITE, ({ file, isWal }, p: Pointer, bytes, from) => {
      const data = sqlite.u8.subarray(p, p + bytes)
      if (isWal && isCommit(data)) requireInPlace(file.path.slice(0, -'-wal'.length))
      ahead.forget(file)
      let done = 0
      while (done < bytes) {
        const put = file.write(done === 0 ? data : data.subarray(done), from + done)
        if (put === 0) {
          const text = `${file.path}: only ${done} of ${bytes} bytes were written`
          throw new VfsFailure(SQLITE_FULL, file.path, text)
        }
        done += put
      }
      return SQLITE_OK
    }),

    xTruncate: guarded(SQLITE_IOERR_TRUNCATE, ({ vfs, file, isDatabase }, size) => {
      ahead.forget(file)
      const journal = `${file.path}-journal`
      if (isDatabase && unsyncedRemovals.has(journal)) {
        // After a power failure the journal may be back. It cannot restore pages that were truncated after the commit
        // (VACUUM).
        vfs.syncDirectory(journal)
        unsyncedRemovals.delete(journal)
      }
      file.truncate(size)
      return SQLITE_OK
    }),

    xSync: guarded(SQLITE_IOERR_FSYNC, (open, flags: number) => {
      open.file.sync((flags & SYNC_DATAONLY) !== 0)
      if (open.unsyncedName) {
        open.vfs.syncDirectory(open.file.path)
        open.unsyncedName = false
        unsyncedRemovals.delete(open.file.path)
      }
      return SQLITE_OK
    }),

    xFileSize: guarded(SQLITE_IOERR_FSTAT, ({ file }, pSize: Pointer) => {
      const size = file.size()
      sqlite.poke32(pSize, size | 0)
      sqlite.poke32(pSize + 4, Math.floor(size / 2 ** 32))
      return SQLITE_OK
    }),

    xLock: guarded(SQLITE_IOERR_LOCK, ({ file }, level: number) =>
      file.lock(level) ? SQLITE_OK : SQLITE_BUSY,
    ),

    xUnlock: guarded(SQLITE_IOERR_UNLOCK, ({ file }, level: number) => {
      // From here on, other connections may write.
      ahead.forget(file)
      file.unlock(level)
      return SQLITE_OK
    }),

    xCheckReservedLock: guarded(SQLITE_IOERR_CHECKRESERVEDLOCK, ({ file }, pOut: Pointer) => {
      sqlite.poke32(pOut, file.checkReserved() ? 1 : 0)
      return SQLITE_OK
    }),

    xFileControl(pFile, op: number, p: Pointer) {
      const open = files.get(pFile)
      if (open === undefined) return SQLITE_IOERR
      try {
        return fileControl(open, pFile, op, p)
      } catch (error) {
        return report(error, SQLITE_IOERR, open.file.path)
      }
    },

    xSectorSize: () => SECTOR_BYTES,

    xDeviceCharacteristics: () => IOCAP_POWERSAFE_OVERWRITE | IOCAP_SUBPAGE_READ,

    xShmMap: guarded(
      SQLITE_IOERR_SHMMAP,
      ({ file }, n: number, bytes, extend: number, pOut: Pointer) => {
        sqlite.poke32(pOut, 0)
        // SQLite finds the WAL by name, and that name now belongs to another file.
        if (n === 0 && file.hasMoved()) throw movedAway(file, SQLITE_CANTOPEN)
        const region = file.sharedMemory!.map(n, bytes, extend !== 0)
        if (region === undefined) return SQLITE_OK
        sqlite.poke32(pOut, region.pointer)
        return region.readonly ? SQLITE_READONLY : SQLITE_OK
      },
    ),

    xShmLock: guarded(SQLITE_IOERR_SHMLOCK, (open, slot: number, count, flags: number) => {
      const { file } = open
      // In WAL mode, the file stays locked from one transaction to the next, while other connections write to it.
      ahead.forget(file)
      const exclusive = (flags & SHM_EXCLUSIVE) !== 0
      if (flags & SHM_UNLOCK) file.sharedMemory!.unlock(slot, count)
      else if (slot === WRITER && exclusive && file.hasMoved())
        throw movedAway(file, SQLITE_READONLY_DBMOVED)
      else if (!file.sharedMemory!.lock(slot, count, exclusive)) return SQLITE_BUSY
      else if (slot >= FIRST_READER) open.snapshotOrder = ++snapshots
      return SQLITE_OK
    }),

    xShmBarrier: (pFile: Pointer) => files.get(pFile)?.file.sharedMemory?.barrier(),

    xShmUnmap: guarded(SQLITE_IOERR_SHMMAP, (open, remove: number) => {
      open.snapshotOrder = 0
      open.file.sharedMemory!.unmap(remove !== 0)
      return SQLITE_OK
    }),
  }

  /**
   * Throws if the file has moved. SQLite checks that only when it creates a journal; in WAL mode it would go on to
   * acknowledge commits. For a shared WAL the check is made where the writer's lock is taken. This one is for a WAL
   * that one connection uses alone.
   */
  function requireInPlace(path: string): void {
    for (const { isDatabase, file } of files.values())
      if (isDatabase && file.path === path && file.lockLevel > SHARED_LOCK && file.hasMoved())
        throw movedAway(file, SQLITE_READONLY_DBMOVED)
  }

  /** SQLite turns this into SQLITE_READONLY_DBMOVED. The reason is remembered for the message. */
  function hasMoved({ file }: AdaptedFile, pOut: Pointer): number {
    const moved = file.hasMoved()
    if (moved) report(movedAway(file, SQLITE_READONLY_DBMOVED), SQLITE_READONLY_DBMOVED, file.path)
    sqlite.poke32(pOut, moved ? 1 : 0)
    return SQLITE_OK
  }

  function fileControl(open: AdaptedFile, pFile: Pointer, op: number, p: Pointer): number {
    switch (op) {
      case FCNTL_LOCKSTATE:
        sqlite.poke32(p, open.file.lockLevel)
        return SQLITE_OK
      case FCNTL_SIZE_HINT:
      case FCNTL_CHUNK_SIZE:
        return SQLITE_OK
      case FCNTL_PERSIST_WAL: {
        const asked = sqlite.peek32(p)
        if (asked >= 0) open.persistWal = asked > 0
        sqlite.poke32(p, open.persistWal ? 1 : 0)
        return SQLITE_OK
      }
      case FCNTL_VFSNAME:
        sqlite.poke32(p, sqlite.ownedCString(open.vfs.name))
        return SQLITE_OK
      case FCNTL_HAS_MOVED:
        return hasMoved(open, p)
      case FCNTL_PDB:
        open.pConnection = p
        return SQLITE_OK
      case FCNTL_SNAPSHOT_ORDER:
        sqlite.pokeDouble(p, open.snapshotOrder)
        return SQLITE_OK
      case FCNTL_PRAGMA:
        return pragma(open, pFile, p)
      default:
        return SQLITE_NOTFOUND
    }
  }

  /** `p`: three pointers, to the text of an answer or error (output), the name of the pragma, and its value or NULL. */
  function pragma(open: AdaptedFile, pFile: Pointer, p: Pointer): number {
    const value = sqlite.peek32(p + 8)
    if (value === 0 || open.file.sharedMemory || open.pConnection === 0) return SQLITE_NOTFOUND
    const refusal = walRefusal(sqlite, sqlite.peek32(open.pConnection), pFile, {
      name: sqlite.readCString(sqlite.peek32(p + 4)),
      value: sqlite.readCString(value),
    })
    if (refusal === undefined) return SQLITE_NOTFOUND
    sqlite.poke32(p, sqlite.ownedCString(`${open.file.path}: ${refusal}`))
    return SQLITE_ERROR
  }
}

function isCommit(frame: Uint8Array): boolean {
  return frame.length === WAL_FRAME_HEADER && frame.subarray(4, 8).some(byte => byte !== 0)
}

function cutWal({ path }: VfsFile, offset: number): VfsFailure {
  const text = `${path}: the write-ahead log ends before byte ${offset}, where a page of the database should be`
  return new VfsFailure(SQLITE_IOERR_SHORT_READ, path, text, {
    hint: 'another program truncated or replaced the -wal file: close all connections, and restore both files from a backup',
  })
}

function movedAway({ path }: VfsFile, code: number): VfsFailure {
  const text = `${path}: the file was moved, deleted or replaced since it was opened`
  return new VfsFailure(code, path, text, {
    hint: 'close this connection, and open the file where it is now',
  })
}

/** Throws for a read past the end. SQLite would read zeros there, so a premature end would become a wrong page. */
function requireEnd(file: VfsFile, offset: number): void {
  const size = file.size()
  if (size <= offset) return
  const text = `EIO: a read of ${file.path} ended at byte ${offset}, but the file has ${size} bytes`
  throw new VfsFailure(SQLITE_IOERR_READ, file.path, text, { errno: 'EIO' })
}
