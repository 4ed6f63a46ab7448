import { documentKey } from '../../core/id-key.ts'

/** The key of a row's document. */
export interface RowKey {
  readonly dataset: string
  readonly id: Uint8Array
}

/**
 * Numbers for the rows of a shadow table without rowids. For an UPDATE or DELETE, SQLite names the rows by the
 * numbers that a cursor returned, even after that cursor is closed. So the numbers stay valid until a cursor is
 * opened while no other is open.
 */
export class RowKeys {
  readonly #numbers = new Map<string, bigint>()
  readonly #keys: RowKey[] = []
  #cursors = 0

  /** Called when a cursor is opened. */
  enter(): void {
    if (this.#cursors++ > 0 || this.#keys.length === 0) return
    this.#numbers.clear()
    this.#keys.length = 0
  }

  /** Called when a cursor is closed. */
  leave(): void {
    this.#cursors--
  }

  /** A number from 1; the same document always has the same number. */
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
