import { NO_LOCK } from './file-locks.ts'
import type { VfsFile } from './vfs.ts'

/** Read at once where a file is read from front to back. */
const AHEAD = 1 << 18
/** A jump forward of at most this much goes on with a run: pages of other tables are in between. */
const GAP = 1 << 17
/** Reads that make a run. */
const RUN = 3

/**
 * Reads a database file in large parts where SQLite reads its pages from front to back. One buffer for all files: a scan reads
 * one of them. What it holds was read under a lock that has been held ever since, so no process can have changed it.
 */
export class ReadAhead {
  #buffer: Uint8Array | undefined
  #owner: VfsFile | undefined
  #start = 0
  #end = 0
  #next = 0
  #run = 0

  /** Fills `into` from what was read ahead, reading on where `file` is read from front to back; false: the caller reads itself. */
  read(file: VfsFile, into: Uint8Array, from: number): boolean {
    if (file.lockLevel === NO_LOCK) return false
    const bytes = into.length
    if (this.#owner !== file) {
      this.#owner = file
      this.#start = this.#end = this.#run = 0
    } else if (from >= this.#start && from + bytes <= this.#end) {
      this.#next = from + bytes
      this.#give(into, from)
      return true
    }
    this.#run = from >= this.#next && from - this.#next <= GAP ? this.#run + 1 : 0
    this.#next = from + bytes
    if (this.#run < RUN || bytes > AHEAD) return false
    this.#buffer ??= new Uint8Array(AHEAD)
    // A read that fails half-way leaves the buffer neither what it was nor what it should be.
    this.#start = this.#end = 0
    const got = file.read(this.#buffer, from)
    this.#start = from
    this.#end = from + got
    if (bytes > got) return false
    this.#give(into, from)
    return true
  }

  /** The file is written, or others may write to it from now on. */
  forget(file: VfsFile): void {
    if (this.#owner === file) this.#owner = undefined
  }

  #give(into: Uint8Array, from: number): void {
    const at = from - this.#start
    into.set(this.#buffer!.subarray(at, at + into.length))
  }
}
