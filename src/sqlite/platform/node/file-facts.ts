import { existsSync, fstatSync } from 'node:fs'
import { fcntl } from './fcntl.ts'
import { optionalPackage } from './this-module.ts'

/** What SQLite asks of files in each transaction, without making an object of everything that the system knows of them. */
interface FileFacts {
  /** True only when nothing is there; false also when that could not be found out. */
  isMissing(path: string): boolean
  size(fd: number): number
}

interface Koffi {
  load(path: null): { func(prototype: string): (...args: unknown[]) => number }
  errno(): number
}

const ENOENT = 2
const SEEK_END = 2

const byNode: FileFacts = {
  isMissing: path => !existsSync(path),
  size: fd => fstatSync(fd).size,
}

let known: FileFacts | undefined

/** Through the C library where byte-range locks are, which takes a third to two thirds of the time; else through node:fs. */
export function fileFacts(): FileFacts {
  known ??= typeof fcntl() === 'string' ? byNode : byLibrary()
  return known
}

function byLibrary(): FileFacts {
  try {
    const koffi = optionalPackage('koffi') as Koffi
    const libc = koffi.load(null)
    const stat = libc.func('int stat(const char *path, void *into)')
    const lseek = libc.func('int64_t lseek(int fd, int64_t offset, int whence)')
    // Larger than struct stat on any system; nothing is read out of it.
    const into = new Uint8Array(512)
    return {
      isMissing: path => stat(path, into) === -1 && koffi.errno() === ENOENT,
      size(fd) {
        // No code uses the position of a descriptor of ours.
        const size = lseek(fd, 0, SEEK_END)
        return size >= 0 ? size : fstatSync(fd).size
      },
    }
  } catch {
    // A C library without stat() as a function of its own.
    return byNode
  }
}
