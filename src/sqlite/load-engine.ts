import { createPlatform, readWasm } from '#platform'
import { describeValue } from '../core/describe-value.ts'
import { VecError } from '../core/errors.ts'
import { knownWord } from '../core/known-word.ts'
import type { Connection } from './connection.ts'
import { checkOptions, type OpenOptions } from './open-options.ts'
import { isInMemory, openDatabase } from './open.ts'
import type { DatabaseHeader, LockSupport, Platform } from './platform/platform.ts'
import type { WasmSource } from './wasm/wasm-source.ts'
import { loadedSqlite, loadSqlite, type Sqlite } from './wasm/wasm.ts'

let platform: Platform | undefined

async function loadPlatform(wasm?: WasmSource): Promise<Platform> {
  const sqlite = await loadSqlite(readWasm, wasm)
  return (platform ??= createPlatform(sqlite))
}

export interface LoadOptions {
  /**
   * The location of sqlite3.wasm, if the package cannot find it: its bytes, a URL, a path as text, or a
   * WebAssembly.Module. The file is `sqlite-vec-ts/sqlite3.wasm`.
   */
  readonly wasm?: WasmSource | undefined
}

/**
 * Loads SQLite and the platform's files; `openConnection` is synchronous afterwards.
 *
 * If a bundler does not copy sqlite3.wasm, name the file before you open a database:
 *
 *     await loadEngine({ wasm: readFileSync('assets/sqlite3.wasm') })
 *
 * Throws VecError VEC_ENGINE when the file is missing, belongs to another version, or is given after SQLite was
 * loaded.
 */
export async function loadEngine(options: LoadOptions = {}): Promise<Sqlite> {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`the options of loadEngine() are an object, not ${describeValue(options)}`)
  for (const name of Object.keys(options)) knownWord('option of loadEngine()', name, ['wasm'])
  await loadPlatform(options.wasm)
  return loadedSqlite()
}

/** Which kind of locks this process takes, and why. */
export async function lockSupport(): Promise<LockSupport> {
  return (await loadPlatform()).lockSupport()
}

/**
 * Reads the header of a file: 'not-a-database', 'empty' (also for a missing file), or its journal mode and text
 * encoding. Reading a database with node:fs instead would drop the locks that native SQLite in this process holds on
 * it. Throws the system's error for a file that cannot be read.
 *
 *     const header = await readDatabaseHeader('app.sqlite') // { journalMode: 'wal', encoding: 'UTF-8' }
 */
export async function readDatabaseHeader(path: string): Promise<DatabaseHeader> {
  if (typeof path !== 'string' || path === '')
    throw new TypeError(`readDatabaseHeader() takes the path of a file, got ${describeValue(path)}`)
  return (await loadPlatform()).readHeader(path)
}

/** Prepares a file for `openConnection`. Only browsers need it. */
export async function prepareFile(
  path: string | Uint8Array,
  options: OpenOptions = {},
): Promise<void> {
  if (platform?.prepare === undefined || typeof path !== 'string' || isInMemory(path)) return
  await platform.prepare(path, checkOptions(options).create)
}

/**
 * Opens a database after `loadEngine` has resolved. '', ':memory:' and bytes open a database in memory.
 *
 *     await loadEngine()
 *     const db = openConnection('app.sqlite', { busyTimeout: 1000 })
 */
export function openConnection(path: string | Uint8Array, options: OpenOptions = {}): Connection {
  const sqlite = loadedSqlite()
  if (!platform)
    throw new VecError('VEC_ENGINE', 'the engine is not loaded yet', {
      hint: 'call await open(...) once first',
    })
  return openDatabase(sqlite, platform, path, options)
}
