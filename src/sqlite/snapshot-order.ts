import type { DatabaseHandle } from './handle.ts'
import { SQLITE_OK } from './result-codes.ts'

/** SQLite leaves numbers above 100 to file systems. */
export const FCNTL_SNAPSHOT_ORDER = 0x73_76_01

/**
 * A number that tells which of two snapshots of one file began first, among the connections of this thread: the later one has the
 * larger number, and sees at least as much. Undefined where no snapshot outlives a commit: without shared WAL.
 */
export function snapshotOrder(db: DatabaseHandle, schema: string): number | undefined {
  const { sqlite } = db
  const name = sqlite.ownedCString(schema)
  const out = sqlite.alloc(8)
  try {
    const code = sqlite.raw.sqlite3_file_control(db.pointer, name, FCNTL_SNAPSHOT_ORDER, out)
    if (code !== SQLITE_OK) return undefined
    const order = sqlite.view.getFloat64(out, true)
    return order === 0 ? undefined : order
  } finally {
    sqlite.free(name)
    sqlite.free(out)
  }
}
