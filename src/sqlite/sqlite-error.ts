import { VecError, type SqliteErrorCode } from '../core/errors.ts'
import { doubleQuoted } from '../core/quote.ts'
import { SQLITE_BUSY_SNAPSHOT } from './result-codes.ts'
import type { Pointer, Sqlite } from './wasm/wasm.ts'

const PRIMARY: readonly (SqliteErrorCode | '')[] = [
  '',
  'SQLITE_ERROR',
  'SQLITE_INTERNAL',
  'SQLITE_PERM',
  'SQLITE_ABORT',
  'SQLITE_BUSY',
  'SQLITE_LOCKED',
  'SQLITE_NOMEM',
  'SQLITE_READONLY',
  'SQLITE_INTERRUPT',
  'SQLITE_IOERR',
  'SQLITE_CORRUPT',
  'SQLITE_NOTFOUND',
  'SQLITE_FULL',
  'SQLITE_CANTOPEN',
  'SQLITE_PROTOCOL',
  '',
  'SQLITE_SCHEMA',
  'SQLITE_TOOBIG',
  'SQLITE_CONSTRAINT',
  'SQLITE_MISMATCH',
  'SQLITE_MISUSE',
  'SQLITE_NOLFS',
  'SQLITE_AUTH',
  'SQLITE_FORMAT',
  'SQLITE_RANGE',
  'SQLITE_NOTADB',
]

function primaryCode(code: number): SqliteErrorCode {
  return PRIMARY[code & 0xff] || 'SQLITE_ERROR'
}

const HINTS: Partial<Record<SqliteErrorCode, string>> = {
  SQLITE_BUSY:
    'another connection holds the lock: retry, raise busyTimeout, or begin with db.transaction(fn).immediate()',
  SQLITE_LOCKED:
    'a statement of this connection is still reading: end it first (finish or leave its iterate() loop)',
  SQLITE_PROTOCOL:
    'other connections kept the locks of the write-ahead log for too long: try again',
  SQLITE_READONLY:
    'open the file without readonly, and check that the file and its folder are writable',
  SQLITE_NOTADB: 'check the path; the file is not a SQLite database, or it is encrypted',
  SQLITE_FULL: 'free disk space: the transaction was rolled back',
  SQLITE_CORRUPT:
    'PRAGMA integrity_check tells what is damaged; restore a backup or use .recover of the sqlite3 shell',
}

/** The text of a thrown value, fit to pass through C: valid UTF-8 without NUL. */
export function thrownText(thrown: unknown): string {
  let text: unknown
  try {
    text = thrown instanceof Error ? thrown.message : String(thrown)
  } catch {
    text = 'a value that cannot be converted to text was thrown'
  }
  return String(text).toWellFormed().replaceAll('\0', '\u{fffd}')
}

const UNSAFE =
  'the schema of the file uses it: run PRAGMA trusted_schema = ON if you trust the file, or declare a function without side effects as innocuous'

const NO_MODULE =
  'modules are registered per connection: open() without { register: false }, or call register(db)'

/** Waiting does not help: the transaction has read a state that is no longer the newest. */
const OLD_SNAPSHOT =
  'ROLLBACK, and begin transactions that write with db.transaction(fn).immediate()'

function hintOf(text: string): string | undefined {
  if (text.startsWith('no such module: ')) return NO_MODULE
  if (text.includes('unsafe use of ')) return UNSAFE
  const [, trigger] = /^error in trigger (.+) after drop column: /.exec(text) ?? []
  if (trigger === undefined) return undefined
  return `the trigger reads the column: DROP TRIGGER ${doubleQuoted(trigger)} first; triggers of a vec table are created again with its next use`
}

/** The error of the last call on a connection. */
export function sqliteError(
  sqlite: Sqlite,
  db: Pointer,
  code: number,
  options: { cause?: unknown; hint?: string; message?: string } = {},
): VecError {
  const extendedCode = db === 0 ? code : sqlite.raw.sqlite3_extended_errcode(db) || code
  const told =
    options.message ??
    sqlite.readCString(db === 0 ? sqlite.raw.sqlite3_errstr(code) : sqlite.raw.sqlite3_errmsg(db))
  const isOld = extendedCode === SQLITE_BUSY_SNAPSHOT
  const text = isOld
    ? `${told}: another connection has committed since this transaction began to read`
    : told
  const name = primaryCode(code)
  const known = isOld ? OLD_SNAPSHOT : (hintOf(text) ?? HINTS[name])
  const hint = options.hint ?? (options.cause instanceof VecError ? options.cause.hint : known)
  return new VecError(options.cause instanceof VecError ? options.cause.code : name, text, {
    extendedCode,
    ...(hint === undefined ? {} : { hint }),
    ...(options.cause === undefined ? {} : { cause: options.cause }),
  })
}
