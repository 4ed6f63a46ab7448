import type { DatabaseHandle } from './handle.ts'
import { SQLITE_OK } from './result-codes.ts'

/** SQLite leaves opcodes above 100 to file systems. */
export const FCNTL_SNAPSHOT_ORDER = 0x73_76_01

/**
 * Orders the snapshots of one file among the connections of this thread: a later snapshot has a larger number, and
 * sees at least as much. Undefined without shared WAL, where no snapshot outlives a commit.
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
