import { describeValue } from '../core/describe-value.ts'
import { knownWord } from '../core/known-word.ts'
import { isPlainObject } from '../core/plain-object.ts'
import { checkAllowDbpath, type AllowDbpath } from './allowed-files.ts'
import { busyMilliseconds } from './connection.ts'

export interface OpenOptions {
  /** Opens the file read-only. It must exist. */
  readonly readonly?: boolean
  /** Creates the file if it does not exist (default: unless readonly). */
  readonly create?: boolean
  /** Milliseconds to wait for a lock that another connection holds before SQLITE_BUSY; default 5000. */
  readonly busyTimeout?: number
  /** Memory for pages of the database, in bytes; default 64 MiB. It is allocated as needed and never freed. */
  readonly cacheSize?: number
  /** Keeps the file locked for this connection. Without byte-range locks, WAL mode needs it. Not with `readonly`. */
  readonly exclusive?: boolean
  /**
   * Further files that a vec table's `dbpath` may name: a folder or file, several, or a function of the path.
   * Default: none.
   */
  readonly allowDbpath?: AllowDbpath | undefined
}

/** The options with the defaults filled in. */
export interface CheckedOptions {
  readonly readonly: boolean
  readonly create: boolean
  readonly busyTimeout: number
  readonly cacheSize: number
  readonly exclusive: boolean
  readonly allowDbpath: AllowDbpath | undefined
}

const DEFAULT_CACHE = 64 * 2 ** 20

const SWITCHES = ['readonly', 'create', 'exclusive', 'register'] as const
const OPTIONS = [...SWITCHES, 'busyTimeout', 'cacheSize', 'allowDbpath'] as const

/** Names of these options in other packages. */
const SAME = { readOnly: 'readonly', timeout: 'busyTimeout', fileMustExist: 'create' } as const

/** Throws for an unknown option. Ignored silently, `readOnly` would open the file for writing. */
export function checkOptions(options: OpenOptions): CheckedOptions {
  if (!isPlainObject(options)) {
    throw new TypeError(`the options of open() must be an object, got ${describeValue(options)}`)
  }
  const given = options as Readonly<Record<string, unknown>>
  for (const name of Object.keys(given)) knownWord('option of open()', name, OPTIONS, SAME)
  for (const name of SWITCHES) {
    const value = given[name]
    if (value !== undefined && typeof value !== 'boolean')
      throw new TypeError(`open(): ${name} must be true or false, got ${describeValue(value)}`)
  }
  const { readonly = false, exclusive = false, allowDbpath } = options
  if (readonly && exclusive) {
    throw new TypeError(
      'open() takes readonly or exclusive, not both: exclusive use needs a write lock',
    )
  }
  checkAllowDbpath(allowDbpath)
  const busyTimeout = busyMilliseconds(options.busyTimeout ?? 5000)
  const cacheSize = options.cacheSize ?? DEFAULT_CACHE
  if (!Number.isInteger(cacheSize) || cacheSize < 0 || cacheSize > 2 ** 31) {
    throw new RangeError(
      `cacheSize must be a number of bytes from 0 to 2147483648, got ${cacheSize}`,
    )
  }
  const create = options.create ?? !readonly
  return { readonly, create, busyTimeout, cacheSize, exclusive, allowDbpath }
}
