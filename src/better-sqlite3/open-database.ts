import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Connection } from '../sqlite/connection.ts'
import { loadEngine, openConnection } from '../sqlite/load-engine.ts'
import { register } from '../tables/register.ts'
import { asSqliteError } from './sqlite-error.ts'
import { switchOption } from './values.ts'

// The constructor is synchronous, but loading SQLite is not.
await loadEngine()

export interface DatabaseOptions {
  readonly?: boolean | undefined
  fileMustExist?: boolean | undefined
  timeout?: number | undefined
  verbose?: ((message?: unknown, ...additionalArgs: unknown[]) => void) | null | undefined
  /** Ignored: there is no native addon. */
  nativeBinding?: string | undefined
}

export interface OpenedDatabase {
  readonly connection: Connection
  readonly name: string
  readonly memory: boolean
  readonly readonly: boolean
  readonly log: ((sql: string) => void) | undefined
}

const MAX_TIMEOUT = 0x7fffffff
/** The cache size of native better-sqlite3. */
const CACHE_BYTES = 16_000 * 1024

/** The page size of a new database in native better-sqlite3. */
const PAGE_BYTES = 4096

/** Open connections, to be closed when the process ends. */
const opened = new Set<WeakRef<Connection>>()

process.once('exit', () => {
  for (const each of opened) {
    try {
      each.deref()?.close()
    } catch {
      // The process is ending, so the error cannot be reported.
    }
  }
})

/** Reads the arguments of the constructor, and opens the database that they name. */
export function openDatabase(given: unknown, settings: unknown): OpenedDatabase {
  const bytes = Buffer.isBuffer(given) ? given : undefined
  const name = bytes ? ':memory:' : (given ?? '')
  const options = settings ?? {}
  if (typeof name !== 'string') throw new TypeError('Expected first argument to be a string')
  if (typeof options !== 'object') {
    throw new TypeError('Expected second argument to be an options object')
  }
  if ('readOnly' in options)
    throw new TypeError('unknown option "readOnly": did you mean "readonly"?')
  if ('memory' in options) throw new TypeError('unknown option "memory": open ":memory:" instead')
  const path = name.trim()
  const memory = path === '' || path === ':memory:'
  const readonly = switchOption(options, 'readonly')
  const create = !switchOption(options, 'fileMustExist') && !readonly
  const log = logOption(options)
  if (readonly && memory && !bytes) {
    throw new TypeError('In-memory/temporary databases cannot be readonly')
  }
  const busyTimeout = timeoutOption(options)
  if (!memory && !path.startsWith('file:') && !existsSync(dirname(path))) {
    throw new TypeError('Cannot open database because the directory does not exist')
  }
  const isNew = memory ? !bytes?.length : isEmpty(path)
  try {
    const connection = openConnection(bytes ?? path, {
      readonly,
      create,
      busyTimeout,
      cacheSize: CACHE_BYTES,
    })
    if (isNew && !readonly) connection.exec(`PRAGMA page_size = ${PAGE_BYTES}`)
    prepare(connection)
    return { connection, name, memory, readonly, log }
  } catch (error) {
    throw asSqliteError(error)
  }
}

function isEmpty(path: string): boolean {
  if (path.startsWith('file:')) return false
  return !statSync(path, { throwIfNoEntry: false })?.size
}

/** Sets the options of native better-sqlite3's build, and registers the functions of this package. */
function prepare(connection: Connection): void {
  const reference = new WeakRef(connection)
  opened.add(reference)
  connection.onClose(() => opened.delete(reference))
  connection.exec('PRAGMA foreign_keys = ON')
  register(connection)
  connection.defensive = true
}

function timeoutOption(options: object): number {
  if (!('timeout' in options)) return 5000
  const { timeout } = options
  if (!Number.isInteger(timeout) || (timeout as number) < 0) {
    throw new TypeError('Expected the "timeout" option to be a positive integer')
  }
  if ((timeout as number) <= MAX_TIMEOUT) return timeout as number
  throw new RangeError(`Option "timeout" cannot be greater than ${MAX_TIMEOUT}`)
}

function logOption(options: object): ((sql: string) => void) | undefined {
  const verbose: unknown = 'verbose' in options ? options.verbose : undefined
  if (verbose === undefined || verbose === null) return undefined
  if (typeof verbose !== 'function') {
    throw new TypeError('Expected the "verbose" option to be a function')
  }
  return sql => (verbose as (this: void, sql: string) => void)(sql)
}
