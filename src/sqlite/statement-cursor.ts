import type { RowReader } from '../database/row-reader.ts'
import type { NativeStatement } from './native-statement.ts'

/** A statement that runs across several calls, as a virtual table's cursor does. Made by `statement.cursor`. */
export class StatementCursor {
  readonly #native: NativeStatement
  #open = true

  constructor(native: NativeStatement) {
    this.#native = native
  }

  /** The current row. */
  get row(): RowReader {
    return this.#native
  }

  /**
   * Goes to the next row. Returns false after the last one. The statement has then ended, as it has when this throws.
   */
  step(): boolean {
    if (!this.#open) return false
    let found: boolean
    try {
      found = this.#native.step()
    } catch (error) {
      this.#open = false
      this.#native.abandon()
      throw error
    }
    if (!found) this.end()
    return found
  }

  /** Releases the rows. A second call does nothing. */
  end(): void {
    if (!this.#open) return
    this.#open = false
    this.#native.end()
  }

  [Symbol.dispose](): void {
    this.end()
  }
}
