import { existsSync, fstatSync, readSync } from 'node:fs'
import { fcntl } from './fcntl.ts'
import { optionalPackage } from './this-module.ts'

/** The facts about files that SQLite asks for in each transaction. They create no stat object. */
interface FileFacts {
  /** True only if the file is certainly missing; false also if that is unknown. */
  isMissing(path: string): boolean
  size(fd: number): number
  /** Reads a few bytes, at most FEW, at `offset`: gives how many, 0 at the end of the file. */
  readFew(fd: number, into: Uint8Array, offset: number): number
}

/** A change counter, and the header of a page of a journal. */
export const FEW = 32

interface Koffi {
  load(path: null): { func(prototype: string): (...args: unknown[]) => number }
  errno(): number
  address(bytes: ArrayBufferView): bigint
}

/** Memory that does not move. */
interface Place {
  readonly view: Uint8Array
  readonly address: number
}

const ENOENT = 2
const SEEK_END = 2

const byNode: FileFacts = {
  isMissing: path => !existsSync(path),
  size: fd => fstatSync(fd).size,
  readFew: (fd, into, offset) => readSync(fd, into, 0, into.length, offset),
}

let known: FileFacts | undefined

/**
 * Uses the C library where byte-range locks are available, which takes a third to two thirds of the time; node:fs
 * otherwise.
 */
export function fileFacts(): FileFacts {
  known ??= typeof fcntl() === 'string' ? byNode : byLibrary()
  return known
}

function byLibrary(): FileFacts {
  try {
    const koffi = optionalPackage('koffi') as Koffi
    const libc = koffi.load(null)
    const stat = libc.func('int stat(intptr_t path, intptr_t into)')
    const lseek = libc.func('int64_t lseek(int fd, int64_t offset, int whence)')
    const pread = libc.func('intptr_t pread(int fd, intptr_t into, size_t bytes, int64_t offset)')
    // An address that is asked for once costs less than a text or a view that is taken apart by each call.
    const place = (bytes: number): Place => {
      const view = new Uint8Array(new ArrayBuffer(bytes))
      return { view, address: Number(koffi.address(view)) }
    }
    const names = new Map<string, Place>()
    const named = (path: string): Place => {
      const text = Buffer.from(path)
      const name = place(text.length + 1)
      name.view.set(text)
      if (names.size > 200) names.clear()
      names.set(path, name)
      return name
    }
    // Larger than struct stat on any system; the content is never read.
    const facts = place(512)
    const few = place(FEW)
    return {
      isMissing: path =>
        stat((names.get(path) ?? named(path)).address, facts.address) === -1 &&
        koffi.errno() === ENOENT,
      size(fd) {
        // No code uses the file position of our descriptors.
        const size = lseek(fd, 0, SEEK_END)
        return size >= 0 ? size : fstatSync(fd).size
      },
      readFew(fd, into, offset) {
        const got = pread(fd, few.address, into.length, offset)
        if (got < 0) return byNode.readFew(fd, into, offset)
        for (let i = 0; i < got; i++) into[i] = few.view[i]
        return got
      },
    }
  } catch {
    // This C library does not export stat() as a function.
    return byNode
  }
}
