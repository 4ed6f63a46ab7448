import { busy, type ConnectionState } from './connection-state.ts'

interface Rows {
  /** The next row; undefined after the last one. */
  step(): { value: unknown; done: false } | undefined
  /** Releases the rows. */
  end(failed: boolean): void
}

/** The rows of a statement, one by one. */
export class StatementIterator implements IterableIterator<unknown> {
  declare readonly statement: object
  readonly #state: ConnectionState
  #rows: Rows | undefined

  constructor(statement: object, state: ConnectionState, rows: Rows) {
    this.#state = state
    this.#rows = rows
    Object.defineProperty(this, 'statement', { value: statement, enumerable: true })
  }

  next(): IteratorResult<unknown> {
    const state = this.#state
    if (state.busy) throw busy('database connection')
    if (this.#rows === undefined) return { value: undefined, done: true }
    state.busy = true
    try {
      const row = this.#rows.step()
      if (row !== undefined) return row
      this.#end(false)
      return { value: undefined, done: true }
    } catch (error) {
      this.#end(true)
      throw state.failure(error)
    } finally {
      state.busy = false
    }
  }

  return(): IteratorResult<unknown> {
    if (this.#state.busy) throw busy('database connection')
    try {
      this.#end(false)
    } catch (error) {
      throw this.#state.failure(error)
    }
    return { value: undefined, done: true }
  }

  [Symbol.iterator](): this {
    return this
  }

  #end(failed: boolean): void {
    const rows = this.#rows
    this.#rows = undefined
    rows?.end(failed)
  }
}
