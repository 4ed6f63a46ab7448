import type { Database } from './database.ts'
import type { RowReader } from './row-reader.ts'
import type { RunResult } from './statement.ts'
import type { BindValue, SqlValue } from './values.ts'

// Statements that run once: prepared, run and freed, even after an error.

/** The first column of the first row; undefined if there is none. */
export function scalar(
  db: Database,
  sql: string,
  ...parameters: BindValue[]
): SqlValue | undefined {
  return firstRow(db, sql, parameters, row => row.value(0))
}

/** The one number that a statement returns. NULL and no row count as 0. */
export function numberOf(db: Database, sql: string, ...parameters: BindValue[]): number {
  return firstRow(db, sql, parameters, row => row.number(0)) ?? 0
}

/** The first column of all rows, as text. */
export function texts(db: Database, sql: string, ...parameters: BindValue[]): string[] {
  const found: string[] = []
  eachRow(db, sql, parameters, row => {
    found.push(row.text(0))
  })
  return found
}

export function firstRow<R>(
  db: Database,
  sql: string,
  parameters: readonly BindValue[],
  read: (row: RowReader) => R,
): R | undefined {
  using statement = db.prepare(sql)
  return statement.first(parameters, read)
}

/** Visits the rows until there are no more or `visit` returns false. */
export function eachRow(
  db: Database,
  sql: string,
  parameters: readonly BindValue[],
  visit: (row: RowReader) => boolean | void,
): void {
  using statement = db.prepare(sql)
  statement.each(parameters, visit)
}

export function run(db: Database, sql: string, ...parameters: BindValue[]): RunResult {
  using statement = db.prepare(sql)
  return statement.run(...parameters)
}
