import { VecError } from '../core/errors.ts'

/** An error of SQLite, as in better-sqlite3: `code` is the extended name, such as `SQLITE_CONSTRAINT_UNIQUE`. */
export class SqliteError extends Error {
  static {
    // On the prototype, so that an error shows only its message and code.
    Object.defineProperty(SqliteError.prototype, 'name', {
      value: 'SqliteError',
      writable: true,
      configurable: true,
    })
  }
  readonly code: string

  constructor(message: string, code: string, options?: ErrorOptions) {
    if (typeof code !== 'string')
      throw new TypeError('Expected second argument to be a string, the code')
    // oxlint-disable-next-line typescript/no-unnecessary-type-conversion -- the message may come from JavaScript
    super(String(message), options)
    this.code = code
    if (typeof Error.captureStackTrace === 'function') Error.captureStackTrace(this, SqliteError)
  }
}

/** The error of better-sqlite3 for an error of the engine. */
export function asSqliteError(error: unknown): unknown {
  if (!(error instanceof VecError)) return error
  if (error.code === 'VEC_CLOSED') return closed()
  return new SqliteError(error.message, error.extendedName, { cause: error })
}

export function closed(): TypeError {
  return new TypeError('The database connection is not open')
}
