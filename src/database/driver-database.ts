import { databaseList } from './capabilities.ts'
import type { Database } from './database.ts'
import type { Statement } from './statement.ts'
import { ValuesStatement, type RowsOfValues } from './values-statement.ts'

/** The members that a driver of SQLite must supply, so that the port works over its handle. */
export interface DriverHandle {
  readonly open: boolean
  readonly inTransaction: boolean
  /** Undefined if the driver does not tell. */
  readonly readonly?: boolean | undefined
  exec(sql: string): void
  prepare(sql: string): RowsOfValues
}

/** The number of freed statements that are kept for reuse, since drivers cannot free them. */
const MOST_KEPT = 100

/**
 * A database of another driver. It reports only whether a transaction is open, and its statements hold no snapshots.
 */
export class DriverDatabase implements Database {
  readonly readsPages: boolean = true
  readonly #handle: DriverHandle
  readonly #kept = new Map<string, RowsOfValues>()
  readonly #closing: (() => void)[] = []

  constructor(handle: DriverHandle) {
    this.#handle = handle
  }

  get open(): boolean {
    return this.#handle.open
  }

  get inTransaction(): boolean {
    return this.#handle.inTransaction
  }

  exec(sql: string): void {
    this.#handle.exec(sql)
  }

  prepare(source: string): Statement {
    const kept = this.#kept.get(source)
    this.#kept.delete(source)
    const native = kept ?? this.#handle.prepare(source)
    return new ValuesStatement(this, native, source, () => {
      if (this.#kept.size < MOST_KEPT) this.#kept.set(source, native)
    })
  }

  fileKey(schema: string): string | undefined {
    const file = databaseList(this).find(one => one.schema === schema)?.file
    return file ? `path ${file}` : undefined
  }

  isReadonly(): boolean {
    return this.#handle.readonly ?? false
  }

  onClose(task: () => void): void {
    this.#closing.push(task)
  }

  /** Runs the tasks of `onClose`, and leaves the handle open. */
  close(): void {
    for (const task of this.#closing.splice(0).toReversed()) task()
    this.#kept.clear()
  }
}

/** Whether SQL returns rows and does not write. Correct for the statements of search itself. */
export function isQuery(sql: string): boolean {
  return /^\s*(?:SELECT|WITH|VALUES|PRAGMA|EXPLAIN)\b/i.test(sql)
}
