import { Backup } from '../sqlite/backup.ts'
import type { Connection } from '../sqlite/connection.ts'
import { openConnection } from '../sqlite/load-engine.ts'

/** Replaces the content of a database by that of a file with these bytes, in one transaction. */
export async function importBytes(db: Connection, bytes: Uint8Array): Promise<void> {
  const source = openConnection(bytes, { busyTimeout: db.busyTimeout })
  try {
    // Checks the bytes before anything is replaced.
    source.pragma('schema_version')
    const backup = new Backup(source, 'main', db)
    try {
      while (!backup.done) if (backup.step(-1) === undefined) await backup.wait()
    } finally {
      backup.finish()
    }
  } finally {
    source.close()
  }
}
