import { closeSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import {
  EXCLUSIVE_LOCK,
  type FileLock,
  type LockedFile,
  type Locks,
  NO_LOCK,
  PENDING_LOCK,
  RESERVED_LOCK,
  SHARED_LOCK,
} from './file-locks.ts'
import { lockDirectoryHeld, lockDirectoryOf } from './lock-directory.ts'
import {
  SQLITE_BUSY,
  SQLITE_IOERR_CHECKRESERVEDLOCK,
  SQLITE_IOERR_LOCK,
  SQLITE_IOERR_RDLOCK,
  SQLITE_IOERR_UNLOCK,
  VfsFailure,
  reportBusy,
} from './vfs-errors.ts'
import { SQLITE_OK } from './wasm.ts'

/** SQLite's lock bytes: the page that holds them is never used for data. */
const PENDING_BYTE = 0x40000000
const RESERVED_BYTE = PENDING_BYTE + 1
const SHARED_FIRST = PENDING_BYTE + 2
const SHARED_SIZE = 510

const F_OFD_GETLK = 36
const F_OFD_SETLK = 37
const F_RDLCK = 0
const F_WRLCK = 1
const F_UNLCK = 2
const EINTR = 4
const EAGAIN = 11
const EACCES = 13

/** Where struct flock is the 32 bytes of `flock()` below, and a variadic integer argument is passed like a named one. */
const architectures = new Set(['x64', 'arm64', 'riscv64', 'loong64', 'ppc64', 's390x'])

interface Koffi {
  load(path: null): { func(prototype: string): (...args: unknown[]) => number }
  errno(): number
}

/** struct flock: l_type int16 @0, l_whence int16 @2, l_start int64 @8, l_len int64 @16 (0 = to the end), l_pid int32 @24. */
function flock(type: number, start: number, length: number): Uint8Array {
  const buffer = new ArrayBuffer(32)
  new Int16Array(buffer)[0] = type
  new BigInt64Array(buffer).set([BigInt(start), BigInt(length)], 1)
  return new Uint8Array(buffer)
}

const pendingRead = flock(F_RDLCK, PENDING_BYTE, 1)
const pendingWrite = flock(F_WRLCK, PENDING_BYTE, 1)
const pendingUnlock = flock(F_UNLCK, PENDING_BYTE, 1)
const reservedWrite = flock(F_WRLCK, RESERVED_BYTE, 1)
const sharedRead = flock(F_RDLCK, SHARED_FIRST, SHARED_SIZE)
const sharedWrite = flock(F_WRLCK, SHARED_FIRST, SHARED_SIZE)
const pendingAndReservedUnlock = flock(F_UNLCK, PENDING_BYTE, 2)
const everythingUnlock = flock(F_UNLCK, 0, 0)
const reservedProbe = flock(F_WRLCK, RESERVED_BYTE, 1)
const reservedProbeType = new Int16Array(reservedProbe.buffer)

/** Real byte-range locks, or the reason why this process cannot have them. */
export function ofdLocks(): Locks | string {
  if (process.platform !== 'linux') return `not implemented on ${process.platform}`
  if (!architectures.has(process.arch)) return `not implemented on ${process.arch}`
  let fcntl: Fcntl
  try {
    fcntl = new Fcntl(createRequire(import.meta.url)('koffi') as Koffi)
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    return `koffi cannot be loaded: ${reason}`
  }
  const errno = probe(fcntl)
  if (errno !== 0) return `this system has no F_OFD_SETLK: errno ${errno}`
  return { kind: 'ofd', open: file => new OfdLock(fcntl, file) }
}

/** Asks, without changing anything, whether the kernel knows these locks at all. */
function probe(fcntl: Fcntl): number {
  const fd = openSync(process.execPath, 'r')
  try {
    return fcntl.call(fd, F_OFD_GETLK, flock(F_RDLCK, PENDING_BYTE, 1))
  } finally {
    closeSync(fd)
  }
}

class Fcntl {
  readonly #koffi: Koffi
  readonly #fcntl: (fd: number, command: number, lock: Uint8Array) => number

  constructor(koffi: Koffi) {
    this.#koffi = koffi
    this.#fcntl = koffi.load(null).func('int fcntl(int fd, int command, void *lock)')
  }

  /** 0, or the errno. */
  call(fd: number, command: number, lock: Uint8Array): number {
    return this.#fcntl(fd, command, lock) === -1 ? this.#koffi.errno() : 0
  }
}

/** unixLock() and posixUnlock() of SQLite's os_unix.c over locks that belong to this descriptor alone. */
class OfdLock implements FileLock {
  level = NO_LOCK
  readonly #fcntl: Fcntl
  readonly #fd: number
  readonly #path: string
  readonly #directory: string

  constructor(fcntl: Fcntl, file: LockedFile) {
    this.#fcntl = fcntl
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

  /** The PENDING byte is read-locked for a moment, so that a writer who waits for EXCLUSIVE lets no new reader in. */
  #share(): number {
    if (!this.#try(pendingRead)) return SQLITE_BUSY
    let shared = false
    try {
      shared = this.#try(sharedRead)
    } finally {
      this.#release(pendingUnlock)
    }
    if (!shared) return SQLITE_BUSY
    this.level = SHARED_LOCK
    // A process of ours without koffi first takes its directory, then looks for locks such as ours.
    if (!lockDirectoryHeld(this.#directory)) return SQLITE_OK
    this.unlock(NO_LOCK)
    return SQLITE_BUSY
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
    // The answer overwrites the question: all of it is asked anew.
    reservedProbe.set(reservedWrite)
    const errno = this.#fcntl.call(this.#fd, F_OFD_GETLK, reservedProbe)
    if (errno !== 0) throw this.#failure(SQLITE_IOERR_CHECKRESERVEDLOCK, errno)
    return reservedProbeType[0] !== F_UNLCK
  }

  close(): void {
    this.unlock(NO_LOCK)
  }

  /** False when somebody else holds a lock that conflicts. */
  #try(lock: Uint8Array, code = SQLITE_IOERR_LOCK): boolean {
    const errno = this.#fcntl.call(this.#fd, F_OFD_SETLK, lock)
    if (errno === 0) return true
    if (errno === EAGAIN || errno === EACCES || errno === EINTR) {
      reportBusy(this.#path, 'another connection holds a lock that conflicts')
      return false
    }
    throw this.#failure(code, errno)
  }

  #release(lock: Uint8Array): void {
    const errno = this.#fcntl.call(this.#fd, F_OFD_SETLK, lock)
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
