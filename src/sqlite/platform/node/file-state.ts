import { fstatSync, readSync } from 'node:fs'

/** Offset in a database of the counter that every transaction of SQLite raises. */
const CHANGE_COUNTER = 24

/** Whether a database was written to, by whatever program, since a moment. */
export class FileState {
  readonly #fd: number
  readonly #counter = new Uint8Array(4)
  readonly #now = new Uint8Array(4)
  #size = 0
  #modified = 0

  constructor(fd: number) {
    this.#fd = fd
  }

  /** Remembers the file as it is. */
  note(): void {
    const { size, mtimeMs } = fstatSync(this.#fd)
    this.#size = size
    this.#modified = mtimeMs
    readSync(this.#fd, this.#counter, 0, 4, CHANGE_COUNTER)
  }

  /**
   * The time of the last write shows transactions that are not done, too; the counter those that came within one tick
   * of that clock.
   */
  hasChanged(): boolean {
    const { size, mtimeMs } = fstatSync(this.#fd)
    return size !== this.#size || mtimeMs !== this.#modified || this.hasCommits()
  }

  /** Whether a transaction was committed. */
  hasCommits(): boolean {
    readSync(this.#fd, this.#now, 0, 4, CHANGE_COUNTER)
    return this.#now.some((byte, i) => byte !== this.#counter[i])
  }

  /** Whether the file begins with these bytes. */
  beginsWith(bytes: Uint8Array): boolean {
    const now = Buffer.alloc(bytes.length)
    readSync(this.#fd, now, 0, now.length, 0)
    return now.equals(bytes)
  }
}
