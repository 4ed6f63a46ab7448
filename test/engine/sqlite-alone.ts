import { readWasm } from '../../src/sqlite/platform/node/read-wasm.ts'
import { loadSqlite, type Sqlite } from '../../src/sqlite/wasm/wasm.ts'

/** SQLite without the file system of a platform, which a test registers by itself. */
export async function sqliteAlone(): Promise<Sqlite> {
  return await loadSqlite(readWasm)
}
