import { describeValue } from '../core/describe-value.ts'
import { VecError } from '../core/errors.ts'
import { knownWord } from '../core/known-word.ts'
import { checkAllowDbpath, setAllowDbpath, type AllowDbpath } from './allowed-files.ts'
import { busyMilliseconds, Connection } from './connection.ts'
import type { FileKnowledge } from './handle.ts'
import { sqliteError } from './sqlite-error.ts'
import { loadedSqlite, loadSqlite, SQLITE_OK, type Sqlite } from './wasm/wasm.ts'

export interface OpenOptions {
  /** Only read. The file must exist. */
  readonly readonly?: boolean
  /** Make the file when it is not there (default: unless readonly). */
  readonly create?: boolean
  /** Milliseconds to wait for a lock that another connection holds before SQLITE_BUSY; default 5000. */
  readonly busyTimeout?: number
  /** Memory for pages of the database, in bytes; default 64 MiB. Taken as needed, never given back. */
  readonly cacheSize?: number
  /**
   * Keep the file locked for this connection alone; without byte-range locks the only way to use a file in WAL mode.
   * Not with `readonly`.
   */
  readonly exclusive?: boolean
  /** Further files that a vec table's `dbpath` may name: a folder or file, several, or a function of the path. Default: none. */
  readonly allowDbpath?: AllowDbpath | undefined
}

/** How files are locked in this process, and why so. */
export interface LockSupport {
  /**
   * 'ofd': byte ranges, which native programs see; 'directory': a directory beside the file; 'none': there are no
   * files.
   */
  readonly kind: 'ofd' | 'directory' | 'none'
  readonly reason: string
}

/** How files are reached here: decided once, when SQLite is loaded. */
export interface Platform extends FileKnowledge {
  /** Name of the VFS; undefined: only databases in memory. */
  readonly vfs: string | undefined
  lockSupport(): LockSupport
  /** Refuses what SQLite would fail on with less to say. */
  check(path: string, options: OpenOptions): void
  /** The same once SQLite has the file open. */
  checkOpened(path: string, options: OpenOptions): void
}

const DEFAULT_CACHE = 64 * 2 ** 20

let platform: Platform | undefined

const memoryOnly: Platform = {
  vfs: undefined,
  lockSupport: () => ({ kind: 'none', reason: 'this platform has no file access' }),
  check: path => {
    throw new VecError('VEC_ENGINE', `cannot open ${path}: this platform has no file access`, {
      hint: "use ':memory:'",
    })
  },
  checkOpened: () => undefined,
  explain: () => undefined,
  identify: () => undefined,
  locate: () => undefined,
  isUnder: () => false,
}

/** Loads SQLite and the platform's files; `openConnection` is synchronous afterwards. */
export async function loadEngine(): Promise<Sqlite> {
  const sqlite = await loadSqlite()
  if (!platform) {
    const node = typeof globalThis.process === 'object' && globalThis.process.versions?.node
    platform = node
      ? (await import('./platform/node/node-platform.ts')).nodePlatform(sqlite)
      : memoryOnly
  }
  return sqlite
}

/** Which locks this process takes, and why. */
export async function lockSupport(): Promise<LockSupport> {
  await loadEngine()
  return (platform ?? memoryOnly).lockSupport()
}

/** Opens a database after `loadEngine` has resolved. '' and ':memory:' live in memory alone. */
export function openConnection(path: string, options: OpenOptions = {}): Connection {
  const sqlite = loadedSqlite()
  const files = platform
  if (!files)
    throw new VecError('VEC_ENGINE', 'the engine is not loaded yet', {
      hint: 'await open(...) once first',
    })
  if (typeof path !== 'string' || path.includes('\0')) {
    throw new TypeError(
      `open() takes a path without NUL, a file: URI or ':memory:', not ${JSON.stringify(path)}`,
    )
  }
  checkOptions(options)
  if (options.readonly && options.exclusive) {
    throw new TypeError(
      'open() takes readonly or exclusive, not both: the lock that keeps a file for one connection alone is a lock for writing',
    )
  }
  checkAllowDbpath(options.allowDbpath)
  const timeout = busyMilliseconds(options.busyTimeout ?? 5000)
  const cacheSize = options.cacheSize ?? DEFAULT_CACHE
  if (!Number.isInteger(cacheSize) || cacheSize < 0 || cacheSize > 2 ** 31) {
    throw new RangeError(
      `cacheSize must be a number of bytes from 0 to 2147483648, not ${cacheSize}`,
    )
  }
  const memory = path === '' || path === ':memory:' || path.startsWith('file::memory:')
  if (!memory) files.check(path, options)

  const READONLY = 1
  const READWRITE = 2
  const CREATE = 4
  const URI = 0x40
  const create = options.create ?? !options.readonly
  const flags = (options.readonly ? READONLY : READWRITE | (create ? CREATE : 0)) | URI
  const name = sqlite.ownedCString(path)
  const vfs = files.vfs === undefined ? 0 : sqlite.ownedCString(files.vfs)
  const out = sqlite.alloc(4)
  const code = sqlite.raw.sqlite3_open_v2(name, out, flags, vfs)
  const pointer = sqlite.peek32(out)
  for (const p of [name, vfs, out]) if (p !== 0) sqlite.free(p)
  if (code !== SQLITE_OK) {
    const error = explained(files, sqliteError(sqlite, pointer, code), path)
    sqlite.raw.sqlite3_close_v2(pointer)
    throw error
  }
  sqlite.raw.sqlite3_extended_result_codes(pointer, 1)
  const db = new Connection(sqlite, pointer, path, files, timeout)
  setAllowDbpath(db, options.allowDbpath)
  try {
    if (!memory) files.checkOpened(path, options)
    if (options.exclusive) db.exec('PRAGMA locking_mode = EXCLUSIVE')
    setCacheSize(db, cacheSize, options.exclusive === true)
    // Sorting and VACUUM take as much as the data: more than the heap has, so they spill to files as in native SQLite.
    if (files.vfs !== undefined) db.exec('PRAGMA temp_store = FILE')
    // The lines above have read the schema. It is read again with the functions, and with the trust, that come now.
    db.exec('PRAGMA writable_schema = RESET')
  } catch (error) {
    db.close()
    throw error
  }
  return db
}

const SWITCHES = ['readonly', 'create', 'exclusive', 'register'] as const
const OPTIONS = [...SWITCHES, 'busyTimeout', 'cacheSize', 'allowDbpath'] as const

/** An option that is misspelt, or of another program, would be left out without a word: `readOnly` would open for writing. */
function checkOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`the options of open() are an object, not ${describeValue(options)}`)
  }
  const given = options as Readonly<Record<string, unknown>>
  for (const name of Object.keys(given)) knownWord('option of open()', name, OPTIONS, SAME)
  for (const name of SWITCHES) {
    const value = given[name]
    if (value !== undefined && typeof value !== 'boolean')
      throw new TypeError(`open(): ${name} is true or false, not ${describeValue(value)}`)
  }
}

/** What other programs call them. */
const SAME = { readOnly: 'readonly', timeout: 'busyTimeout', fileMustExist: 'create' } as const

/**
 * SQLite's own 16 MiB spill in the middle of a bulk load, and every spill waits for the disk. Setting it reads the
 * file: this is where an exclusive connection takes its lock, or fails. Others must not wait at open for somebody who
 * writes.
 */
function setCacheSize(db: Connection, bytes: number, exclusive: boolean): void {
  const set = (): unknown => db.exec(`PRAGMA cache_size = -${Math.ceil(bytes / 1024)}`)
  if (exclusive) {
    set()
    return
  }
  try {
    db.waitingAtMost(0, set)
  } catch (error) {
    if (!(error instanceof VecError && error.code === 'SQLITE_BUSY')) throw error
  }
}

function explained(files: Platform, failure: VecError, path: string): VecError {
  return files.explain(failure, [path]) ?? failure
}
