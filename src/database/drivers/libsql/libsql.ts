import { isQuery, type DriverHandle } from '../../driver-database.ts'
import type { RowsOfValues } from '../../values-statement.ts'

/** The members that are used of `Database` in the package libsql, whose calls are synchronous. */
export interface LibsqlHandle {
  readonly open: boolean
  readonly inTransaction: boolean
  readonly readonly: boolean
  exec(sql: string): unknown
  prepare(sql: string): LibsqlStatement
  sync(): unknown
}

interface LibsqlStatement {
  readonly reader: boolean
  raw(): unknown
  safeIntegers(): unknown
  all(values: readonly unknown[]): unknown[]
  run(values: readonly unknown[]): {
    readonly changes: number
    readonly lastInsertRowid: number | bigint
  }
}

export function libsql(handle: LibsqlHandle): DriverHandle {
  return {
    get open() {
      return handle.open
    },
    get inTransaction() {
      return handle.inTransaction
    },
    get readonly() {
      return handle.readonly
    },
    exec: sql => void handle.exec(sql),
    prepare: sql => rows(handle.prepare(sql), sql, () => lastRowid(handle)),
  }
}

/**
 * Avoids three faults of libsql: `iterate` ends only after the last row, and locks the file until then; `get` returns
 * the row of an earlier call if there is none; the rowid of `run` is a double.
 */
function rows(statement: LibsqlStatement, sql: string, rowid: () => bigint): RowsOfValues {
  statement.safeIntegers()
  if (statement.reader) statement.raw()
  return {
    isQuery: isQuery(sql),
    get: values => statement.all(values)[0],
    all: values => statement.all(values),
    run: values => {
      const { changes, lastInsertRowid } = statement.run(values)
      return Number.isSafeInteger(lastInsertRowid)
        ? { changes, lastInsertRowid }
        : { changes, lastInsertRowid: rowid() }
    },
  }
}

function lastRowid(handle: LibsqlHandle): bigint {
  const statement = handle.prepare('SELECT last_insert_rowid()')
  statement.safeIntegers()
  statement.raw()
  const [[rowid]] = statement.all([]) as [[bigint]]
  return rowid
}
