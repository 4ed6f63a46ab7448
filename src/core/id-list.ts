import { copyShort } from './copy-short.ts'
import { grown } from './grown.ts'
import { idKey } from './id-key.ts'

/** The ids of a search: an array, or an `IdList`. */
export interface GivenIds extends Iterable<Uint8Array> {
  readonly length: number
  at(index: number): Uint8Array | undefined
}

/** Ids in one buffer, one behind the other: a hundred thousand of them are two objects. */
export class IdList implements GivenIds {
  length = 0
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1024)
  /** Where each id begins, and where the last one ends. */
  #starts = new Uint32Array(65)

  /** Appends the bytes from..to-1. */
  push(bytes: Uint8Array, from = 0, to: number = bytes.length): void {
    const start = this.#starts[this.length]
    const end = start + to - from
    if (end > this.bytes.length) this.bytes = grown(this.bytes, Math.max(end, start * 2))
    if (this.length + 2 > this.#starts.length) {
      this.#starts = grown(this.#starts, this.length * 2 + 2)
    }
    copyShort(bytes, from, to, this.bytes, start)
    this.#starts[++this.length] = end
  }

  /** A view of an id, invalid after the next `push`. */
  at(index: number): Uint8Array | undefined {
    return index < this.length ? this.bytes.subarray(this.start(index), this.end(index)) : undefined
  }

  start(index: number): number {
    return this.#starts[index]
  }

  end(index: number): number {
    return this.#starts[index + 1]
  }

  clear(): void {
    this.length = 0
  }

  *[Symbol.iterator](): Generator<Uint8Array> {
    for (let index = 0; index < this.length; index++) yield this.at(index)!
  }
}

/** The ids as a set of their keys. */
export function keysOf(ids: GivenIds): Set<string> {
  const keys = new Set<string>()
  for (const id of ids) keys.add(idKey(id))
  return keys
}
