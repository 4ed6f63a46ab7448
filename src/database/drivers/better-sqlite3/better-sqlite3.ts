import { databaseList } from '../../capabilities.ts'
import type { Database } from '../../database.ts'
import type { Statement } from '../../statement.ts'
import { ValuesStatement, type RowsOfValues } from '../../values-statement.ts'

/** A handle of better-sqlite3, as far as it is used. */
export interface BetterSqlite3Handle {
  readonly open: boolean
  readonly inTransaction: boolean
  readonly readonly: boolean
  exec(sql: string): unknown
  prepare(sql: string): Native
}

interface Native extends RowsOfValues {
  readonly reader: boolean
  raw(): this
  safeIntegers(): this
}

/** Statements that are kept after they were freed, since the driver has no way to free them. */
const MOST_KEPT = 100

/**
 * A database of better-sqlite3. A statement that is iterated blocks writes there, so it holds no snapshots. The driver
 * tells nothing of transactions but that one is open.
 */
export class BetterSqlite3 implements Database {
  readonly #handle: BetterSqlite3Handle
  readonly #kept = new Map<string, Native>()
  readonly #closing: (() => void)[] = []

  constructor(handle: BetterSqlite3Handle) {
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
    const native = kept ?? this.#handle.prepare(source).safeIntegers()
    if (!kept && native.reader) native.raw()
    return new ValuesStatement(this, native, source, () => {
      if (this.#kept.size < MOST_KEPT) this.#kept.set(source, native)
    })
  }

  fileKey(schema: string): string | undefined {
    const file = databaseList(this).find(one => one.schema === schema)?.file
    return file ? `path ${file}` : undefined
  }

  isReadonly(): boolean {
    return this.#handle.readonly
  }

  onClose(task: () => void): void {
    this.#closing.push(task)
  }

  /** Runs what waits for the end, and leaves the handle open. */
  close(): void {
    for (const task of this.#closing.splice(0).toReversed()) task()
    this.#kept.clear()
  }
}
