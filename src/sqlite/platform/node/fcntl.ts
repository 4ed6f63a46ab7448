import { optionalPackage } from './this-module.ts'

export const F_RDLCK = 0
export const F_WRLCK = 1
export const F_UNLCK = 2

const F_OFD_GETLK = 36
const F_OFD_SETLK = 37

export const EINTR = 4
export const EBADF = 9
export const EAGAIN = 11
export const EACCES = 13

/**
 * Architectures where struct flock has the 32 bytes of `flock()` below, and C passes a variadic integer like a named
 * one.
 */
const architectures = new Set(['x64', 'arm64', 'riscv64', 'loong64', 'ppc64', 's390x'])

interface Koffi {
  load(path: null): { func(prototype: string): (...args: unknown[]) => number }
  errno(): number
  address(bytes: ArrayBufferView): bigint
}

/**
 * struct flock: l_type int16 @0, l_whence int16 @2, l_start int64 @8, l_len int64 @16 (0: to the end), l_pid int32
 * @24. It has its own buffer, which never moves.
 */
export function flock(type: number, start: number, length: number): Uint8Array {
  const buffer = new ArrayBuffer(32)
  new Int16Array(buffer)[0] = type
  new BigInt64Array(buffer).set([BigInt(start), BigInt(length)], 1)
  return new Uint8Array(buffer)
}

/** Byte-range locks that belong to an open file, not to the process. Each call returns 0 or an errno. */
export interface Fcntl {
  set(fd: number, lock: Uint8Array): number
  /** Replaces `lock` by the first lock that conflicts with it, or by F_UNLCK. */
  get(fd: number, lock: Uint8Array): number
  /** Makes the descriptor `to` refer to the open file of `from`. */
  dup2(from: number, to: number): number
}

let known: Fcntl | string | undefined

/** The locks, or the reason why this process cannot use them. */
export function fcntl(): Fcntl | string {
  known ??= load()
  return known
}

function load(): Fcntl | string {
  if (process.platform !== 'linux')
    return `byte-range locks are for Linux, not for ${process.platform}`
  if (!architectures.has(process.arch)) return `byte-range locks are not known on ${process.arch}`
  try {
    const koffi = optionalPackage('koffi') as Koffi
    const libc = koffi.load(null)
    // Passing an address costs less than passing a view that each call must take apart.
    const call = libc.func('int fcntl(int fd, int command, intptr_t lock)')
    const addresses = new WeakMap<Uint8Array, number>()
    const addressOf = (lock: Uint8Array): number => {
      let address = addresses.get(lock)
      if (address === undefined) addresses.set(lock, (address = Number(koffi.address(lock))))
      return address
    }
    const dup2 = libc.func('int dup2(int from, int to)')
    const errnoOf = (result: number): number => (result === -1 ? koffi.errno() : 0)
    return {
      set: (fd, lock) => errnoOf(call(fd, F_OFD_SETLK, addressOf(lock))),
      get: (fd, lock) => errnoOf(call(fd, F_OFD_GETLK, addressOf(lock))),
      dup2: (from, to) => errnoOf(dup2(from, to)),
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    return `koffi cannot be loaded: ${reason}`
  }
}
