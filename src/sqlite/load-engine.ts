import { describeValue } from '../core/describe-value.ts'
import { VecError } from '../core/errors.ts'
import type { Connection } from './connection.ts'
import type { OpenOptions } from './open-options.ts'
import { openDatabase } from './open.ts'
import type { DatabaseHeader, LockSupport, Platform } from './platform/platform.ts'
import { loadedSqlite, loadSqlite, type Sqlite } from './wasm/wasm.ts'

let platform: Platform | undefined

async function loadPlatform(): Promise<Platform> {
  const sqlite = await loadSqlite()
  if (platform) return platform
  const { createPlatform } = await import('#platform')
  return (platform ??= createPlatform(sqlite))
}

/** Loads SQLite and the platform's files; `openConnection` is synchronous afterwards. */
export async function loadEngine(): Promise<Sqlite> {
  await loadPlatform()
  return loadedSqlite()
}

/** Which locks this process takes, and why. */
export async function lockSupport(): Promise<LockSupport> {
  return (await loadPlatform()).lockSupport()
}

/**
 * What the first bytes of a file say: 'not-a-database', 'empty' (also for a missing file), or its journal mode and text
 * encoding. Reading a database with node:fs instead would drop the locks that native SQLite in this process holds on it.
 * Throws the system's error for a file that cannot be read.
 *
 *     const header = await readDatabaseHeader('app.sqlite') // { journalMode: 'wal', encoding: 'UTF-8' }
 */
export async function readDatabaseHeader(path: string): Promise<DatabaseHeader> {
  if (typeof path !== 'string' || path === '')
    throw new TypeError(`readDatabaseHeader() takes the path of a file, not ${describeValue(path)}`)
  return (await loadPlatform()).readHeader(path)
}

/** Opens a database after `loadEngine` has resolved. '' and ':memory:' live in memory alone, and so do bytes. */
export function openConnection(path: string | Uint8Array, options: OpenOptions = {}): Connection {
  const sqlite = loadedSqlite()
  if (!platform)
    throw new VecError('VEC_ENGINE', 'the engine is not loaded yet', {
      hint: 'await open(...) once first',
    })
  return openDatabase(sqlite, platform, path, options)
}
