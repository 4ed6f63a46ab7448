import { isQuery, type DriverHandle } from '../../driver-database.ts'
import type { RowsOfValues } from '../../values-statement.ts'

/** The members of bun:sqlite's `Database` that are used. */
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

/**
 * Does not use bun:sqlite's `iterate`: it returns objects, which preserve neither the order of columns nor two columns
 * of one name.
 */
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

/** A closed handle throws. There is no other sign. */
function isOpen(handle: BunSqliteHandle): boolean {
  try {
    return typeof handle.inTransaction === 'boolean'
  } catch {
    return false
  }
}
