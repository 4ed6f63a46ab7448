import { optionalPackage } from './this-module.ts'

/** Memory of this process, as the operating system sees it. */
export interface MemoryMaps {
  readonly pageSize: number
  /** Maps a file at exactly `address`, in place of what is mapped there. Returns 0 or an errno. */
  mapAt(
    address: number,
    bytes: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ): number
  /** The address of the first byte of `view`. */
  addressOf(view: Uint8Array): number
}

interface Koffi {
  load(path: null): { func(prototype: string): (...args: unknown[]) => number }
  errno(): number
  address(bytes: ArrayBufferView): bigint
}

/** The C library's mmap() through koffi. Throws when koffi cannot be loaded. */
export function memoryMaps(): MemoryMaps {
  const koffi = optionalPackage('koffi') as Koffi
  const libc = koffi.load(null)
  const mmap = libc.func(
    'intptr_t mmap(intptr_t address, size_t bytes, int protection, int flags, int fd, int64_t offset)',
  )
  return {
    pageSize: libc.func('int getpagesize()')(),
    mapAt: (address, bytes, protection, flags, fd, offset) =>
      mmap(address, bytes, protection, flags, fd, offset) === -1 ? koffi.errno() : 0,
    addressOf: view => Number(koffi.address(view)),
  }
}
