import type { Database } from '../../database/database.ts'
import { scalar } from '../../database/query.ts'
import { quoteName } from '../schema/names.ts'

/**
 * The pauses between the attempts of a connection that waits for a lock, in milliseconds: those of SQLite's
 * `sqlite3_busy_timeout`. The last one repeats.
 */
export const ATTEMPTS: readonly number[] = [1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100]
/** What an attempt itself may take. */
const ATTEMPT_MS = 5
const LEAST_MS = 20

/**
 * How long a file has to be left alone after it was locked for so many milliseconds: a connection that has waited all the
 * time tries once in that pause. So it waits for one step of a save, never for several.
 */
export function pauseAfter(lockedMs: number): number {
  let waited = 0
  let next = 0
  while (next < ATTEMPTS.length - 1 && waited + ATTEMPTS[next] <= lockedMs)
    waited += ATTEMPTS[next++]
  return Math.max(LEAST_MS, ATTEMPTS[next] + ATTEMPT_MS)
}

/**
 * Moves what was written to a file in WAL mode from its log into the file, as far as readers allow. Else the next commit of
 * another connection does so, and waits for the disk until all of it is written. Not where the application has turned
 * `wal_autocheckpoint` off: then it chooses when this happens.
 */
export function foldLog(db: Database, schema: string): void {
  try {
    if (scalar(db, 'PRAGMA wal_autocheckpoint') === 0) return
    db.exec(`PRAGMA ${quoteName(schema)}.wal_checkpoint(PASSIVE)`)
  } catch {
    // Another connection does it later, and not every driver knows the statement.
  }
}
