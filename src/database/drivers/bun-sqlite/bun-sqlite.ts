import { isQuery, type DriverHandle } from '../../driver-database.ts'
import type { RowsOfValues } from '../../values-statement.ts'

/** A `Database` of bun:sqlite, as far as it is used. */
export interface BunSqliteHandle {
  readonly inTransaction: boolean
  readonly filename: string
  exec(sql: string): unknown
  prepare(sql: string): BunSqliteStatement
}

interface BunSqliteStatement {
  safeIntegers(enabled: boolean): unknown
  values(...values: unknown[]): unknown[]
  run(...values: unknown[]): {
    readonly changes: number | bigint
    readonly lastInsertRowid: number | bigint
  }
}

/** Its `iterate` gives rows as objects, which keep neither the order of columns nor two of one name. */
export function bunSqlite(handle: BunSqliteHandle): DriverHandle {
  return {
    get open() {
      return isOpen(handle)
    },
    get inTransaction() {
      return isOpen(handle) && handle.inTransaction
    },
    exec: sql => void handle.exec(sql),
    prepare: sql => rows(handle.prepare(sql), sql),
  }
}

function rows(statement: BunSqliteStatement, sql: string): RowsOfValues {
  statement.safeIntegers(true)
  return {
    isQuery: isQuery(sql),
    get: values => statement.values(...values)[0],
    all: values => statement.values(...values),
    run: values => statement.run(...values),
  }
}

/** A closed one throws; nothing else tells. */
function isOpen(handle: BunSqliteHandle): boolean {
  try {
    return typeof handle.inTransaction === 'boolean'
  } catch {
    return false
  }
}
