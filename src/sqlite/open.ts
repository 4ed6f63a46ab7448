import { describeValue } from '../core/describe-value.ts'
import { setAllowDbpath } from './allowed-files.ts'
import { Connection } from './connection.ts'
import { checkOptions, type OpenOptions } from './open-options.ts'
import type { Platform } from './platform/platform.ts'
import { SQLITE_OK } from './result-codes.ts'
import { deserialize } from './serialize.ts'
import { sqliteError } from './sqlite-error.ts'
import type { Sqlite } from './wasm/wasm.ts'

const READONLY = 1
const READWRITE = 2
const CREATE = 4
const URI = 0x40

/**
 * The page size of a new file. A page of 4 KiB, SQLite's default, holds one embedding of 768 dimensions and leaves a
 * quarter of it unused.
 */
const NEW_FILE_PAGE = 16_384

export function isInMemory(path: string): boolean {
  return path === '' || path === ':memory:' || path.startsWith('file::memory:')
}

/** Opens a database through the files of a platform. '', ':memory:' and bytes open a database in memory. */
export function openDatabase(
  sqlite: Sqlite,
  files: Platform,
  given: string | Uint8Array,
  options: OpenOptions = {},
): Connection {
  const bytes = given instanceof Uint8Array ? given : undefined
  const path = given instanceof Uint8Array ? ':memory:' : given
  if (typeof path !== 'string' || path.includes('\0')) {
    const what = typeof path === 'string' ? JSON.stringify(path) : describeValue(path)
    throw new TypeError(
      `open() takes a path without NUL, a file: URI, ':memory:' or the bytes of a database, got ${what}`,
    )
  }
  const { readonly, create, busyTimeout, cacheSize, exclusive, allowDbpath } = checkOptions(options)
  const memory = isInMemory(path)
  if (!memory) files.check(path, options)

  const flags =
    (readonly && bytes === undefined ? READONLY : READWRITE | (create ? CREATE : 0)) | URI
  const name = sqlite.ownedCString(path)
  const vfs = sqlite.ownedCString(files.vfs)
  const out = sqlite.alloc(4)
  let code = sqlite.raw.sqlite3_open_v2(name, out, flags, vfs)
  const pointer = sqlite.peek32(out)
  if (code === SQLITE_OK && bytes) code = deserialize(sqlite, pointer, bytes, readonly)
  for (const p of [name, vfs, out]) sqlite.free(p)
  if (code !== SQLITE_OK) {
    const failure = sqliteError(sqlite, pointer, code)
    sqlite.raw.sqlite3_close_v2(pointer)
    throw files.explain(failure, [path]) ?? failure
  }
  sqlite.raw.sqlite3_extended_result_codes(pointer, 1)
  const setSizes = (db: Connection): void => {
    // SQLite's default of 16 MiB spills in the middle of a bulk load, and every spill waits for the disk.
    db.exec(`PRAGMA cache_size = -${Math.ceil(cacheSize / 1024)}`)
    if (!memory && db.pragma('page_count', { simple: true }) === 0) {
      db.exec(`PRAGMA page_size = ${NEW_FILE_PAGE}`)
    }
  }
  const postponed = exclusive ? undefined : setSizes
  const db = new Connection(sqlite, pointer, path, files, busyTimeout, postponed)
  setAllowDbpath(db, allowDbpath)
  try {
    if (!memory) files.checkOpened(path, options)
    // Setting the size reads the file: here an exclusive connection takes its lock, or fails.
    if (exclusive) {
      db.exec('PRAGMA locking_mode = EXCLUSIVE')
      setSizes(db)
    }
    // Sorting and VACUUM need as much space as the data, which can exceed the heap, so they spill to files as in
    // native SQLite.
    db.exec('PRAGMA temp_store = FILE')
    // The lines above have read the schema. SQLite reads it again with the functions and the trust that are set now.
    db.exec('PRAGMA writable_schema = RESET')
  } catch (error) {
    db.close()
    throw error
  }
  return db
}
