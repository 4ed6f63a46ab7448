import { Utf8 } from '../core/utf8.ts'
import type { Database } from './database.ts'
import { castToText, readAsBlob } from './exact-text.ts'
import type { RowReader } from './row-reader.ts'
import { RowValues } from './row-values.ts'
import type { Cursor, RunResult, Statement } from './statement.ts'
import type { BindValue, SqlValue } from './values.ts'

/**
 * A statement of a driver that returns rows as arrays with all integers as bigint. Values are those of ?1, ?2 and so
 * on: text, bytes, bigint for an INTEGER, number for a REAL, null.
 */
export interface RowsOfValues {
  /** Whether it returns rows and does not write. */
  readonly isQuery: boolean
  get(values: readonly unknown[]): unknown
  all(values: readonly unknown[]): unknown[]
  /** Absent if the driver cannot end a statement in the middle of its rows; all rows are then read. */
  iterate?(values: readonly unknown[]): IterableIterator<unknown>
  run(values: readonly unknown[]): {
    readonly changes: number | bigint
    readonly lastInsertRowid: number | bigint
  }
}

interface BytesOfColumn {
  readonly statement: Statement
  readonly cursor: Cursor
  /** The number of the current row. */
  number: number
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A statement of the port over a driver's statement with rows as arrays and text as strings. */
export class ValuesStatement implements Statement {
  readonly source: string
  busy = false
  readonly #db: Database
  readonly #native: RowsOfValues
  readonly #row = new RowValues(column => this.#exactText(column))
  #free: (() => void) | undefined
  /** The parameters of the current run, and the number of its row. */
  #parameters: readonly BindValue[] = []
  #number = 0
  /** Columns whose text the driver may have changed: their bytes, read beside the rows of the current run. */
  readonly #beside = new Map<number, BytesOfColumn>()

  /** `free` is called once, when the statement is finalized. */
  constructor(db: Database, native: RowsOfValues, source: string, free: () => void) {
    this.#db = db
    this.#native = native
    this.source = source
    this.#free = free
  }

  first<R>(parameters: readonly BindValue[], read: (row: RowReader) => R): R | undefined {
    const exact = this.#exactly(parameters)
    if (exact) return exact.statement.first(exact.parameters, read)
    const values = this.#native.get(this.#begin(parameters))
    if (values === undefined || values === null) return undefined
    this.busy = true
    try {
      return read(this.#row.at(values as SqlValue[]))
    } finally {
      this.busy = false
      this.#endBeside()
    }
  }

  each(parameters: readonly BindValue[], visit: (row: RowReader) => boolean | void): void {
    const cursor = this.cursor(parameters)
    try {
      while (cursor.step() && visit(cursor.row) !== false);
    } finally {
      cursor.end()
    }
  }

  page(parameters: readonly BindValue[], visit: (row: RowReader) => void): void {
    const rows = this.#native.all(this.#begin(parameters))
    this.busy = true
    try {
      for (; this.#number < rows.length; this.#number++) {
        visit(this.#row.at(rows[this.#number] as SqlValue[]))
      }
    } finally {
      this.busy = false
      this.#endBeside()
    }
  }

  cursor(parameters: readonly BindValue[]): Cursor {
    const exact = this.#exactly(parameters)
    if (exact) return exact.statement.cursor(exact.parameters)
    const native = this.#native
    const row = this.#row
    const given = this.#begin(parameters)
    // A statement that writes runs to its end at once.
    const rows =
      native.isQuery && native.iterate ? native.iterate(given) : native.all(given).values()
    this.busy = true
    this.#number = -1
    const end = (): void => {
      if (!this.busy) return
      this.busy = false
      this.#endBeside()
      rows.return?.()
    }
    const step = (): boolean => {
      const next = this.busy ? rows.next() : undefined
      if (next === undefined || next.done === true) {
        end()
        return false
      }
      this.#number++
      row.at(next.value as SqlValue[])
      return true
    }
    return { row, step, end }
  }

  run(...parameters: BindValue[]): RunResult {
    const exact = this.#exactly(parameters)
    if (exact) return exact.statement.run(...exact.parameters)
    const { changes, lastInsertRowid } = this.#native.run(this.#begin(parameters))
    const rowid = Number(lastInsertRowid)
    return {
      changes: Number(changes),
      lastInsertRowid: Number.isSafeInteger(rowid) ? rowid : lastInsertRowid,
    }
  }

  finalize(): void {
    this.#free?.()
    this.#free = undefined
  }

  [Symbol.dispose](): void {
    this.finalize()
  }

  /** Binds the values in the form that the driver takes. */
  #begin(parameters: readonly BindValue[]): unknown[] {
    this.#parameters = parameters
    this.#number = 0
    return parameters.map(bound)
  }

  /** A statement that accepts text that is not UTF-8; undefined if no value needs it. */
  #exactly(
    parameters: readonly BindValue[],
  ): { statement: Statement; parameters: BindValue[] } | undefined {
    let wrong: Set<number> | undefined
    for (const [i, value] of parameters.entries()) {
      if (value instanceof Utf8 && decoded(value) === undefined) (wrong ??= new Set()).add(i + 1)
    }
    if (!wrong) return undefined
    return {
      statement: this.#db.prepare(castToText(this.source, wrong)),
      parameters: parameters.map((value, i) => (wrong.has(i + 1) ? (value as Utf8).bytes : value)),
    }
  }

  /** The bytes of a text of the current row. The driver may have changed text that is not UTF-8. */
  #exactText(column: number): Uint8Array {
    let beside = this.#beside.get(column)
    if (!beside) {
      const sql = readAsBlob(this.source, this.#row.columns, column, this.#number)
      const statement = this.#db.prepare(sql)
      beside = { statement, cursor: statement.cursor(this.#parameters), number: this.#number - 1 }
      this.#beside.set(column, beside)
    }
    for (; beside.number < this.#number; beside.number++) beside.cursor.step()
    return beside.cursor.row.bytes(0)
  }

  #endBeside(): void {
    for (const { statement, cursor } of this.#beside.values()) {
      cursor.end()
      statement.finalize()
    }
    this.#beside.clear()
  }
}

function bound(value: BindValue): unknown {
  if (typeof value === 'number') return isWhole(value) ? BigInt(value) : value
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (value instanceof Utf8) return decoded(value)
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  if (!ArrayBuffer.isView(value) || value instanceof Uint8Array) return value
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
}

/** Whether SQLite stores a number as an INTEGER; drivers bind numbers as REAL. */
function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0)
}

function decoded({ bytes }: Utf8): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}
