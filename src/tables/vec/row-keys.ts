import { documentKey } from '../../core/id-key.ts'

/** Which document a row is. */
export interface RowKey {
  readonly dataset: string
  readonly id: Uint8Array
}

/**
 * Numbers for the rows of a shadow table without rowids. SQLite names the rows of an UPDATE or DELETE by the numbers
 * that a cursor gave them, also when that cursor is closed by then: they hold until a cursor is opened while no other is.
 */
export class RowKeys {
  readonly #numbers = new Map<string, bigint>()
  readonly #keys: RowKey[] = []
  #cursors = 0

  /** A cursor is opened. */
  enter(): void {
    if (this.#cursors++ > 0 || this.#keys.length === 0) return
    this.#numbers.clear()
    this.#keys.length = 0
  }

  /** A cursor is closed. */
  leave(): void {
    this.#cursors--
  }

  /** The same number for the same document, from 1. */
  numberOf(dataset: string, id: Uint8Array): bigint {
    const text = documentKey(dataset, id)
    let number = this.#numbers.get(text)
    if (number === undefined) {
      number = BigInt(this.#keys.push({ dataset, id: id.slice() }))
      this.#numbers.set(text, number)
    }
    return number
  }

  keyOf(number: bigint): RowKey | undefined {
    return this.#keys[Number(number) - 1]
  }
}
