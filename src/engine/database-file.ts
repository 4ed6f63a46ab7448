import { fstatSync, openSync, readSync, statSync } from 'node:fs'
import type { FileIdentity } from './file-locks.ts'
import { closeDatabase } from './kernel-locks.ts'

/** `dev:ino` of a file, the same for every name and link it has; undefined when there is no such file. */
export function fileIdentity(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found && `${found.dev}:${found.ino}`
}

export function identityOf(
  fd: number,
): FileIdentity & { readonly isFile: boolean; readonly isDirectory: boolean } {
  const found = fstatSync(fd, { bigint: true })
  return {
    dev: found.dev,
    ino: found.ino,
    isFile: found.isFile(),
    isDirectory: found.isDirectory(),
  }
}

export type JournalMode = 'wal' | 'delete' | 'empty' | 'not-a-database'

const MAGIC = 'SQLite format 3\0'

/**
 * What a file's header says: 'wal' for a file that must be opened with WAL, 'delete' for one with any rollback journal, 'empty'
 * also for a missing file. Throws the system's error for a file that cannot be read. Safe beside native SQLite in the same process.
 */
export function readJournalMode(path: string): JournalMode {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return 'empty'
  // Opening a pipe would wait for its other end.
  if (!found.isFile()) return 'not-a-database'
  const fd = openSync(path, 'r')
  try {
    const header = new Uint8Array(100)
    const got = readSync(fd, header, 0, header.length, 0)
    if (got === 0) return 'empty'
    if (got < 100 || Buffer.from(header.buffer, 0, 16).toString('latin1') !== MAGIC)
      return 'not-a-database'
    // Bytes 18 and 19 are the write and read version of the file format: 1 rollback journal, 2 WAL.
    return header[19] === 2 ? 'wal' : 'delete'
  } finally {
    closeDatabase(fd, identityOf(fd))
  }
}
