import { fstatSync, readSync } from 'node:fs'

/** Offset of the change counter of a database, which every transaction of SQLite increments. */
const CHANGE_COUNTER = 24

/** Tells whether any program has written to a database since a moment. */
export class FileState {
  readonly #fd: number
  readonly #counter = new Uint8Array(4)
  readonly #now = new Uint8Array(4)
  #size = 0
  #modified = 0

  constructor(fd: number) {
    this.#fd = fd
  }

  /** Remembers the current state of the file. */
  note(): void {
    const { size, mtimeMs } = fstatSync(this.#fd)
    this.#size = size
    this.#modified = mtimeMs
    readSync(this.#fd, this.#counter, 0, 4, CHANGE_COUNTER)
  }

  /**
   * Whether the file was written to. The modification time also shows unfinished transactions. The change counter
   * shows transactions within one tick of that clock.
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
