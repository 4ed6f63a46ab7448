import { describeValue } from '../core/describe-value.ts'
import { runBackup, type BackupOptions, type BackupProgress } from './backup.ts'
import type { Connection } from './connection.ts'
import { openConnection } from './load-engine.ts'

/**
 * Copies a database into a file, page by page while both are in use: one step for each turn of the event loop. Writes
 * of `db` during the copy are in the copy. If a copy fails, it removes a new file and leaves an existing file as it
 * was. It fails with SQLITE_BUSY when a lock on either file is held for longer than the busy timeout of `db`.
 *
 *     await backup(db, 'copy.sqlite', { progress: ({ totalPages, remainingPages }) => console.log(remainingPages) })
 */
export async function backup(
  db: Connection,
  path: string,
  options: BackupOptions = {},
): Promise<BackupProgress> {
  if (typeof path !== 'string' || path.trim() === '' || path === ':memory:')
    throw new TypeError(`backup() takes the path of a file, got ${describeValue(path)}`)
  const isNew = db.locate(path) === undefined
  const target = openConnection(path, { busyTimeout: 0 })
  let result: BackupProgress | undefined
  try {
    result = await runBackup(db, target, options)
    return result
  } finally {
    target.close()
    if (result === undefined && isNew) target.removeFile()
  }
}
