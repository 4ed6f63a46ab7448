import { grown } from './grown.ts'
import { copyShort } from './id-table.ts'

/** Ids of rows that wait to be added to an index, in one buffer. */
export class StagedIds {
  count = 0
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1024)
  /** Where each id begins, and where the last one ends. */
  #starts = new Uint32Array(65)

  push(id: Uint8Array): void {
    const from = this.#starts[this.count]
    const to = from + id.length
    if (to > this.bytes.length) this.bytes = grown(this.bytes, Math.max(to, from * 2))
    if (this.count + 2 > this.#starts.length) this.#starts = grown(this.#starts, this.count * 2 + 2)
    copyShort(id, 0, id.length, this.bytes, from)
    this.#starts[++this.count] = to
  }

  start(row: number): number {
    return this.#starts[row]
  }

  end(row: number): number {
    return this.#starts[row + 1]
  }

  clear(): void {
    this.count = 0
  }
}
