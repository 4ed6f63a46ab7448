import { NO_LOCK } from './file-locks.ts'
import type { VfsFile } from './vfs.ts'

/** Bytes read at once from a file that is read from front to back. */
const AHEAD = 1 << 18
/** A jump forward of at most this many bytes continues a run: pages of other tables are in between. */
const GAP = 1 << 17
/** The number of reads that make a run. */
const RUN = 3

/**
 * Reads a database file in large parts where SQLite reads its pages from front to back. All files share one buffer,
 * since a scan reads one file. The buffer was read under a lock that is still held, so no process can have changed
 * its pages.
 */
export class ReadAhead {
  #buffer: Uint8Array | undefined
  #owner: VfsFile | undefined
  #start = 0
  #end = 0
  #next = 0
  #run = 0

  /**
   * Fills `into` from the buffer, and reads ahead where `file` is read from front to back. False: the caller reads
   * the file itself.
   */
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
    // After a read that fails half-way, the content of the buffer is undefined.
    this.#start = this.#end = 0
    const got = file.read(this.#buffer, from)
    this.#start = from
    this.#end = from + got
    if (bytes > got) return false
    this.#give(into, from)
    return true
  }

  /** Called when the file is written, or when others may write to it from now on. */
  forget(file: VfsFile): void {
    if (this.#owner === file) this.#owner = undefined
  }

  #give(into: Uint8Array, from: number): void {
    const at = from - this.#start
    into.set(this.#buffer!.subarray(at, at + into.length))
  }
}
