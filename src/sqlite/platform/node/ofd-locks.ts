import { closeSync, openSync } from 'node:fs'
import {
  SQLITE_BUSY,
  SQLITE_IOERR_CHECKRESERVEDLOCK,
  SQLITE_IOERR_LOCK,
  SQLITE_IOERR_RDLOCK,
  SQLITE_IOERR_UNLOCK,
  SQLITE_OK,
} from '../../result-codes.ts'
import {
  EXCLUSIVE_LOCK,
  type FileLock,
  type LockedFile,
  type Locks,
  NO_LOCK,
  PENDING_BYTE,
  PENDING_LOCK,
  RESERVED_LOCK,
  SHARED_LOCK,
} from '../../vfs/file-locks.ts'
import { VfsFailure, reportBusy } from '../../vfs/vfs-errors.ts'
import {
  EACCES,
  EAGAIN,
  EINTR,
  F_RDLCK,
  F_UNLCK,
  F_WRLCK,
  type Fcntl,
  fcntl,
  flock,
} from './fcntl.ts'
import { lockDirectoryHeld, lockDirectoryOf } from './lock-directory.ts'

const RESERVED_BYTE = PENDING_BYTE + 1
const SHARED_FIRST = PENDING_BYTE + 2
const SHARED_SIZE = 510

const pendingRead = flock(F_RDLCK, PENDING_BYTE, 1)
const pendingWrite = flock(F_WRLCK, PENDING_BYTE, 1)
const reservedWrite = flock(F_WRLCK, RESERVED_BYTE, 1)
const sharedRead = flock(F_RDLCK, SHARED_FIRST, SHARED_SIZE)
const sharedWrite = flock(F_WRLCK, SHARED_FIRST, SHARED_SIZE)
const pendingAndReservedUnlock = flock(F_UNLCK, PENDING_BYTE, 2)
const everythingUnlock = flock(F_UNLCK, 0, 0)
const reservedProbe = flock(F_WRLCK, RESERVED_BYTE, 1)
const pendingProbe = flock(F_RDLCK, PENDING_BYTE, 1)
const pendingProbeType = new Int16Array(pendingProbe.buffer)
const reservedProbeType = new Int16Array(reservedProbe.buffer)

/** Byte-range locks, or the reason why this process cannot use them. */
export function ofdLocks(): Locks | string {
  const found = fcntl()
  if (typeof found === 'string') return found
  const errno = probe(found)
  if (errno !== 0) return `this system lacks F_OFD_SETLK: errno ${errno}`
  return { kind: 'ofd', open: file => new OfdLock(found, file) }
}

/** Asks the kernel, without changing anything, whether it supports these locks. */
function probe(locks: Fcntl): number {
  const fd = openSync(process.execPath, 'r')
  try {
    return locks.get(fd, flock(F_RDLCK, PENDING_BYTE, 1))
  } finally {
    closeSync(fd)
  }
}

/** unixLock() and posixUnlock() of SQLite's os_unix.c with locks that belong to this descriptor alone. */
class OfdLock implements FileLock {
  level = NO_LOCK
  readonly #fcntl: Fcntl
  readonly #fd: number
  readonly #path: string
  readonly #directory: string

  constructor(locks: Fcntl, file: LockedFile) {
    this.#fcntl = locks
    this.#fd = file.fd
    this.#path = file.path
    this.#directory = lockDirectoryOf(file.path)
  }

  lock(level: number): number {
    if (this.level >= level) return SQLITE_OK
    if (level === SHARED_LOCK) return this.#share()
    if (level === RESERVED_LOCK) return this.#take(reservedWrite, RESERVED_LOCK)
    if (this.level === RESERVED_LOCK && this.#take(pendingWrite, PENDING_LOCK) !== SQLITE_OK)
      return SQLITE_BUSY
    return this.#take(sharedWrite, EXCLUSIVE_LOCK)
  }

  /**
   * Takes SHARED. A writer that waits for EXCLUSIVE admits no new reader, by a write lock on PENDING. Native SQLite
   * read-locks that byte around its own lock. Checking it afterwards saves a call, and a reader that must give way
   * has only been there for a moment.
   */
  #share(): number {
    if (!this.#try(sharedRead)) return SQLITE_BUSY
    this.level = SHARED_LOCK
    let forbidden = true
    try {
      // A process of ours without koffi takes its directory, then looks for locks like these.
      forbidden = this.#isPending() || lockDirectoryHeld(this.#directory)
    } finally {
      if (forbidden) this.unlock(NO_LOCK)
    }
    return forbidden ? SQLITE_BUSY : SQLITE_OK
  }

  #isPending(): boolean {
    pendingProbe.set(pendingRead)
    const errno = this.#fcntl.get(this.#fd, pendingProbe)
    if (errno !== 0) throw this.#failure(SQLITE_IOERR_LOCK, errno)
    if (pendingProbeType[0] === F_UNLCK) return false
    reportBusy(this.#path, 'another connection waits to write')
    return true
  }

  #take(lock: Uint8Array, level: number): number {
    if (!this.#try(lock)) return SQLITE_BUSY
    this.level = level
    return SQLITE_OK
  }

  unlock(level: number): number {
    if (this.level <= level) return SQLITE_OK
    if (this.level > SHARED_LOCK) {
      if (level === SHARED_LOCK && !this.#try(sharedRead, SQLITE_IOERR_RDLOCK))
        throw this.#failure(SQLITE_IOERR_RDLOCK, EAGAIN)
      this.#release(pendingAndReservedUnlock)
      this.level = SHARED_LOCK
    }
    if (level === NO_LOCK) {
      this.level = NO_LOCK
      this.#release(everythingUnlock)
    }
    return SQLITE_OK
  }

  reserved(): boolean {
    // A descriptor never conflicts with its own locks.
    if (this.level > SHARED_LOCK) return true
    // The answer overwrites the request, so the whole request is written again.
    reservedProbe.set(reservedWrite)
    const errno = this.#fcntl.get(this.#fd, reservedProbe)
    if (errno !== 0) throw this.#failure(SQLITE_IOERR_CHECKRESERVEDLOCK, errno)
    return reservedProbeType[0] !== F_UNLCK
  }

  close(): void {
    this.unlock(NO_LOCK)
  }

  /** False if another connection holds a conflicting lock. */
  #try(lock: Uint8Array, code = SQLITE_IOERR_LOCK): boolean {
    const errno = this.#fcntl.set(this.#fd, lock)
    if (errno === 0) return true
    if (errno === EAGAIN || errno === EACCES || errno === EINTR) {
      reportBusy(this.#path, 'another connection holds a lock that conflicts')
      return false
    }
    throw this.#failure(code, errno)
  }

  #release(lock: Uint8Array): void {
    const errno = this.#fcntl.set(this.#fd, lock)
    if (errno !== 0) throw this.#failure(SQLITE_IOERR_UNLOCK, errno)
  }

  #failure(code: number, errno: number): VfsFailure {
    const text = `${this.#path}: fcntl cannot lock the file: errno ${errno}`
    return new VfsFailure(code, this.#path, text, {
      errno: String(errno),
      hint: 'the file system may not support byte-range locks',
    })
  }
}
