import { VecError, type SqliteErrorCode } from '../../../core/errors.ts'
import { DriverDatabase, isQuery, type DriverHandle } from '../../driver-database.ts'
import { eachRow } from '../../query.ts'
import type { RowsOfValues } from '../../values-statement.ts'

/** The members of a Durable Object's `ctx.storage` that are used, for classes with SQLite (`new_sqlite_classes`). */
export interface DurableObjectHandle {
  readonly sql: {
    exec(query: string, ...bindings: unknown[]): DurableObjectCursor
  }
  transactionSync<R>(closure: () => R): R
}

interface DurableObjectCursor {
  raw(): IterableIterator<unknown[]>
}

/**
 * The database of a Durable Object. Only one program uses it, and SQL statements can neither begin a transaction nor ask
 * for the version of the schema, the files, or a temporary table.
 */
export class DurableObjectDatabase extends DriverDatabase {
  /** A value may have 2 MB, and many rows joined in one would exceed that. */
  override readonly readsPages = false
  readonly #handle: DurableObjectHandle

  constructor(handle: DurableObjectHandle) {
    super(driverOf(handle))
    this.#handle = handle
  }

  /** Undefined: the database belongs to this object alone. */
  override fileKey(): undefined {
    return undefined
  }

  atomically<R>(task: () => R): R {
    return this.#handle.transactionSync(task)
  }

  /** Nothing waits: no other connection holds a lock. */
  waitingAtMost<R>(_milliseconds: number, task: () => R): R {
    return task()
  }

  /** A checksum of the text of the schema. */
  schemaVersion(): number {
    let [low, high] = [0x811c9dc5, 0x1b873593]
    eachRow(this, 'SELECT name, sql FROM main.sqlite_schema ORDER BY rowid', [], row => {
      for (const byte of row.bytes(0)) low = Math.imul(low ^ byte, 0x01000193)
      for (const byte of row.bytes(1)) {
        low = Math.imul(low ^ byte, 0x01000193)
        high = Math.imul(high ^ byte, 0x85ebca6b) + 1
      }
    })
    return (low >>> 0) * 2 ** 20 + (high & 0xfffff)
  }
}

function driverOf(handle: DurableObjectHandle): DriverHandle {
  return {
    open: true,
    // The runtime does not tell whether `transactionSync` is running. What it undoes, the journal shows.
    inTransaction: false,
    exec: sql => withCode(() => void handle.sql.exec(sql)),
    prepare: sql => rows(handle, sql),
  }
}

function rows({ sql }: DurableObjectHandle, source: string): RowsOfValues {
  const rowsOf = (values: readonly unknown[]): Generator<unknown[], void, undefined> =>
    read(() => sql.exec(source, ...values.map(bound)).raw())
  return {
    isQuery: isQuery(source),
    get: values => rowsOf(values).next().value,
    all: values => [...rowsOf(values)],
    iterate: rowsOf,
    run(values) {
      for (const _ of rowsOf(values));
      const [row] = sql.exec('SELECT changes(), last_insert_rowid()').raw()
      const [changes, lastInsertRowid] = row as [number, number]
      return { changes, lastInsertRowid }
    },
  }
}

function* read(run: () => IterableIterator<unknown[]>): Generator<unknown[], void, undefined> {
  const native = withCode(run)
  for (;;) {
    const { done, value } = withCode(() => native.next())
    if (done === true) return
    yield value.map(bytesOf)
  }
}

function bytesOf(value: unknown): unknown {
  return value instanceof ArrayBuffer ? new Uint8Array(value) : value
}

/** The runtime knows numbers of JavaScript only, which it binds as REAL. */
function bound(value: unknown): unknown {
  if (typeof value !== 'bigint') return value
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  throw new RangeError(
    `a Durable Object stores integers up to 2^53, got ${value}: use a TEXT column for longer ones`,
  )
}

/** The runtime appends the name of SQLite's code to the message. */
function withCode<R>(task: () => R): R {
  try {
    return task()
  } catch (cause) {
    const [, code] = /: (SQLITE_[A-Z]+)/.exec(String(cause)) ?? []
    if (!(cause instanceof Error) || code === undefined) throw cause
    throw new VecError(code as SqliteErrorCode, cause.message, { cause, extendedCode: 0 })
  }
}
