import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { closeDatabase } from './kernel-locks.ts'
import type { OpenFile } from './open-file.ts'
import { forgetReadAhead, readAhead } from './read-ahead.ts'
import {
  SQLITE_IOERR,
  SQLITE_IOERR_CHECKRESERVEDLOCK,
  SQLITE_IOERR_CLOSE,
  SQLITE_IOERR_FSTAT,
  SQLITE_IOERR_FSYNC,
  SQLITE_IOERR_LOCK,
  SQLITE_IOERR_READ,
  SQLITE_IOERR_SHORT_READ,
  SQLITE_IOERR_TRUNCATE,
  SQLITE_IOERR_UNLOCK,
  SQLITE_IOERR_WRITE,
  SQLITE_NOTFOUND,
  report,
} from './vfs-errors.ts'
import { syncDirectoryOf } from './vfs-paths.ts'
import type { IoMethods, Method } from './vfs-struct.ts'
import { type Pointer, SQLITE_OK, type Sqlite } from './wasm.ts'

const SYNC_DATAONLY = 0x10
const SECTOR_BYTES = 4096
/** A write damages no byte outside its range on power loss; pages may be read in parts. Nothing is claimed to be atomic. */
const IOCAP_POWERSAFE_OVERWRITE = 0x1000
const IOCAP_SUBPAGE_READ = 0x8000

const FCNTL_LOCKSTATE = 1
const FCNTL_SIZE_HINT = 5
const FCNTL_CHUNK_SIZE = 6
const FCNTL_PERSIST_WAL = 10
const FCNTL_VFSNAME = 12
const FCNTL_HAS_MOVED = 20

/** The methods of sqlite3_io_methods over node:fs. Reads and writes go between the file and SQLite's memory without a copy. */
export function ioMethods(
  sqlite: Sqlite,
  files: Map<Pointer, OpenFile>,
  vfsName: string,
): IoMethods {
  /** Finds the open file, and lets no exception into C. */
  function guarded(
    code: number,
    method: (file: OpenFile, b: never, c: number, d: bigint) => number,
  ): Method {
    return (pFile: Pointer, b: never, c: number, d: bigint) => {
      const file = files.get(pFile)
      if (file === undefined) return SQLITE_IOERR
      try {
        return method(file, b, c, d)
      } catch (error) {
        return report(error, code, file.path)
      }
    }
  }

  return {
    xClose(pFile) {
      const file = files.get(pFile)
      files.delete(pFile)
      if (file === undefined) return SQLITE_OK
      try {
        close(file)
        return SQLITE_OK
      } catch (error) {
        return report(error, SQLITE_IOERR_CLOSE, file.path)
      }
    },

    xRead: guarded(SQLITE_IOERR_READ, (file, p: Pointer, bytes, offset) => {
      const heap = sqlite.u8
      const from = Number(offset)
      if (file.database && readAhead(file, heap, p, bytes, from)) return SQLITE_OK
      let done = 0
      while (done < bytes) {
        const got = readSync(file.fd, heap, p + done, bytes - done, from + done)
        if (got === 0) {
          heap.fill(0, p + done, p + bytes)
          return SQLITE_IOERR_SHORT_READ
        }
        done += got
      }
      return SQLITE_OK
    }),

    xWrite: guarded(SQLITE_IOERR_WRITE, (file, p: Pointer, bytes, offset) => {
      const heap = sqlite.u8
      const from = Number(offset)
      forgetReadAhead(file)
      let done = 0
      while (done < bytes) done += writeSync(file.fd, heap, p + done, bytes - done, from + done)
      return SQLITE_OK
    }),

    xTruncate: guarded(SQLITE_IOERR_TRUNCATE, (file, size: bigint) => {
      forgetReadAhead(file)
      ftruncateSync(file.fd, Number(size))
      return SQLITE_OK
    }),

    xSync: guarded(SQLITE_IOERR_FSYNC, (file, flags: number) => {
      if (flags & SYNC_DATAONLY) fdatasyncSync(file.fd)
      else fsyncSync(file.fd)
      if (file.unsyncedName) {
        syncDirectoryOf(file.path)
        file.unsyncedName = false
      }
      return SQLITE_OK
    }),

    xFileSize: guarded(SQLITE_IOERR_FSTAT, (file, pSize: Pointer) => {
      const size = fstatSync(file.fd).size
      sqlite.poke32(pSize, size | 0)
      sqlite.poke32(pSize + 4, Math.floor(size / 2 ** 32))
      return SQLITE_OK
    }),

    xLock: guarded(
      SQLITE_IOERR_LOCK,
      (file, level: number) => file.database?.lock.lock(level) ?? SQLITE_OK,
    ),

    xUnlock: guarded(SQLITE_IOERR_UNLOCK, (file, level: number) => {
      // From here on others may write.
      forgetReadAhead(file)
      return file.database?.lock.unlock(level) ?? SQLITE_OK
    }),

    xCheckReservedLock: guarded(SQLITE_IOERR_CHECKRESERVEDLOCK, (file, pOut: Pointer) => {
      sqlite.poke32(pOut, file.database?.lock.reserved() === true ? 1 : 0)
      return SQLITE_OK
    }),

    xFileControl: guarded(SQLITE_IOERR, (file, op: number, p) => fileControl(file, op, p)),

    xSectorSize: () => SECTOR_BYTES,

    xDeviceCharacteristics: () => IOCAP_POWERSAFE_OVERWRITE | IOCAP_SUBPAGE_READ,
  }

  function fileControl(file: OpenFile, op: number, p: Pointer): number {
    switch (op) {
      case FCNTL_LOCKSTATE:
        sqlite.poke32(p, file.database?.lock.level ?? 0)
        return SQLITE_OK
      case FCNTL_SIZE_HINT:
      case FCNTL_CHUNK_SIZE:
        return SQLITE_OK
      case FCNTL_PERSIST_WAL: {
        const asked = sqlite.peek32(p)
        if (asked >= 0) file.persistWal = asked > 0
        sqlite.poke32(p, file.persistWal ? 1 : 0)
        return SQLITE_OK
      }
      case FCNTL_VFSNAME:
        sqlite.poke32(p, sqlite.ownedCString(vfsName))
        return SQLITE_OK
      case FCNTL_HAS_MOVED:
        sqlite.poke32(p, hasMoved(file) ? 1 : 0)
        return SQLITE_OK
      default:
        return SQLITE_NOTFOUND
    }
  }
}

function close(file: OpenFile): void {
  forgetReadAhead(file)
  try {
    file.database?.lock.close()
  } finally {
    if (file.database) closeDatabase(file.fd, file.database.identity)
    else closeSync(file.fd)
    if (file.removeOnClose) unlinkSync(file.path)
  }
}

/** Whether the name now leads to another file, or to none. */
function hasMoved(file: OpenFile): boolean {
  const identity = file.database?.identity
  if (identity === undefined) return false
  const now = statSync(file.path, { bigint: true, throwIfNoEntry: false })
  return now === undefined || now.ino !== identity.ino || now.dev !== identity.dev
}
