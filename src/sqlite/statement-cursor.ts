import type { RowReader } from '../database/row-reader.ts'
import type { NativeStatement } from './native-statement.ts'

/** A statement that runs across several calls: of a virtual table's cursor, for one. Made by `statement.cursor`. */
export class StatementCursor {
  readonly #native: NativeStatement
  #open = true

  constructor(native: NativeStatement) {
    this.#native = native
  }

  /** The row that the last step went to. */
  get row(): RowReader {
    return this.#native
  }

  /** Goes to the next row. False after the last one: then, and when it throws, the statement is ended. */
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

  /** Lets go of the rows. A second call does nothing. */
  end(): void {
    if (!this.#open) return
    this.#open = false
    this.#native.end()
  }

  [Symbol.dispose](): void {
    this.end()
  }
}
