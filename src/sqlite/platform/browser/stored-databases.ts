import { describeValue, typedArrayName } from '../../../core/describe-value.ts'
import { VecError } from '../../../core/errors.ts'
import { SQLITE_FULL } from '../../result-codes.ts'
import { VfsFailure } from '../../vfs/vfs-errors.ts'
import {
  databaseFolders,
  full,
  OpfsDatabase,
  originStorage,
  removeDatabase,
} from './opfs-database.ts'

/** Bytes of a header. The header is written last, so that half of a file does not look like a database. */
const HEADER_BYTES = 100
const MAGIC = 'SQLite format 3\0'

/** What the browser stores for this origin. */
export interface StorageReport {
  /** Bytes that all data of this origin take now. */
  readonly used: number
  /** Bytes that the browser allows. */
  readonly quota: number
  /** Whether the browser keeps the data when space runs out; see `persistStorage()`. */
  readonly persistent: boolean
}

/** The databases in the storage of this origin, sorted, by the names that `open()` takes. */
export async function listDatabases(): Promise<string[]> {
  return (await databaseFolders()).toSorted((a, b) => (a < b ? -1 : 1))
}

/**
 * Removes a database; returns false when it does not exist. Throws VecError SQLITE_BUSY while a tab or worker has it
 * open.
 */
export async function deleteDatabase(name: string): Promise<boolean> {
  if (!(await exists(checkName('deleteDatabase()', name)))) return false
  await removeDatabase(name)
  return true
}

/**
 * Stores the bytes of a database file under an unused name. Only in a worker.
 *
 *     await importDatabase('app.sqlite', new Uint8Array(await file.arrayBuffer()))
 *
 * Throws VecError: SQLITE_NOTADB when the bytes are not a database, SQLITE_CANTOPEN when the name is taken,
 * SQLITE_FULL when there is not enough space.
 */
export async function importDatabase(name: string, bytes: Uint8Array): Promise<void> {
  checkName('importDatabase()', name)
  if (typedArrayName(bytes) !== 'Uint8Array')
    throw new TypeError(`importDatabase() takes a Uint8Array, not ${describeValue(bytes)}`)
  if (new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) {
    throw new VecError(
      'SQLITE_NOTADB',
      `importDatabase(): ${describeValue(bytes)} is not a database`,
      {
        hint: 'give the whole content of a SQLite file',
      },
    )
  }
  if (await exists(name)) {
    throw new VecError('SQLITE_CANTOPEN', `importDatabase(): ${name} already exists`, {
      hint: 'delete it first with deleteDatabase(), or give another name',
    })
  }
  const database = await OpfsDatabase.open(name, true)
  try {
    const file = database.file('main')
    let at = HEADER_BYTES
    while (at < bytes.length) at += written(file.write(bytes.subarray(at), at), name)
    file.sync()
    written(file.write(bytes.subarray(0, HEADER_BYTES), 0), name)
    file.sync()
  } catch (error) {
    database.close()
    await removeDatabase(name)
    throw error instanceof VfsFailure && error.code === SQLITE_FULL ? full(name, error) : error
  }
  database.close()
}

/**
 * The bytes of a closed database. Only in a worker. For an open database, call `db.serialize()`.
 *
 * Throws VecError: SQLITE_CANTOPEN when the database does not exist, SQLITE_BUSY while it is open, or when a crash
 * left changes outside of its main file.
 */
export async function exportDatabase(name: string): Promise<Uint8Array> {
  const database = await OpfsDatabase.open(checkName('exportDatabase()', name), false)
  try {
    if (database.file('journal').size > 0 || database.file('wal').size > 0) {
      throw new VecError('SQLITE_BUSY', `exportDatabase(): ${name} was not closed`, {
        hint: 'open it and close it once: that brings its last transactions into the file',
      })
    }
    const file = database.file('main')
    const bytes = new Uint8Array(file.size)
    file.read(bytes, 0)
    return bytes
  } finally {
    database.close()
  }
}

/** How much the browser stores for this origin, and whether it may remove the data. */
export async function storageReport(): Promise<StorageReport> {
  const storage = originStorage()
  const { usage = 0, quota = 0 } = await storage.estimate()
  return { used: usage, quota, persistent: await storage.persisted() }
}

/**
 * Asks the browser to keep the data of this origin when space runs out. The browser may ask the user. Only on a page.
 */
export async function persistStorage(): Promise<boolean> {
  const storage = originStorage() as { persist?(): Promise<boolean> }
  if (storage.persist !== undefined) return await storage.persist()
  throw new VecError('VEC_ENGINE', 'persistStorage() works on a page only', {
    hint: 'call it on the main thread, not in a worker',
  })
}

async function exists(name: string): Promise<boolean> {
  return (await databaseFolders()).includes(name)
}

function checkName(what: string, name: string): string {
  if (typeof name === 'string' && name !== '' && name !== ':memory:') return name
  throw new TypeError(`${what} takes the name of a database, not ${describeValue(name)}`)
}

function written(bytes: number, name: string): number {
  if (bytes > 0) return bytes
  throw full(name, undefined)
}
