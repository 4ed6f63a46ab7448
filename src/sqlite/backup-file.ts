import { describeValue } from '../core/describe-value.ts'
import { runBackup, type BackupOptions, type BackupProgress } from './backup.ts'
import type { Connection } from './connection.ts'
import { openConnection } from './load-engine.ts'

/**
 * Copies a database into a file, page by page while both are in use: a step for each turn of the event loop. Writes of `db`
 * on the way are in the copy. A copy that fails leaves no new file, and an older file as it was: with SQLITE_BUSY when
 * a lock of either file is in the way for longer than the busy timeout of `db`.
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
