import type { LargePages } from '../../../accelerators/large-pages.ts'
import { optionalPackage } from './this-module.ts'

const MADV_HUGEPAGE = 14
/** The size of a huge page on x64 and arm64 with base pages of 4 KiB. */
const SIZE = 2 ** 21

interface Koffi {
  load(path: null): { func(prototype: string): (...args: unknown[]) => number }
  address(bytes: ArrayBufferView): bigint
}

/** Linux usually grants huge pages on request (transparent_hugepage/enabled: madvise). Undefined without koffi. */
export function transparentHugePages(): LargePages | undefined {
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) return
  try {
    const koffi = optionalPackage('koffi') as Koffi
    const madvise = koffi.load(null).func('int madvise(void *address, size_t length, int advice)')
    return (memory, bytes) => {
      const start = new Uint8Array(memory, 0, 0)
      // The addresses beyond the current end of the memory are already reserved for it.
      if (madvise(start, bytes, MADV_HUGEPAGE) !== 0) return undefined
      return { offset: Number(koffi.address(start) % BigInt(SIZE)), size: SIZE }
    }
  } catch {
    return undefined
  }
}
