import { constants, readSync, statSync } from 'node:fs'
import { shellWord } from '../../../core/shell-word.ts'
import { SQLITE_CANTOPEN } from '../../result-codes.ts'
import { VfsFailure } from '../../vfs/vfs-errors.ts'
import type { DatabaseHeader } from '../platform.ts'
import { closeLockable, lockableOf, openLockable } from './lockable-files.ts'

const MAGIC = 'SQLite format 3\0'

/** See `Platform.readHeader`. */
export function readHeader(path: string): DatabaseHeader {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return 'empty'
  // Opening a pipe would wait for a writer at its other end.
  if (!found.isFile()) return 'not-a-database'
  const open = lockableOf(path)
  if (open !== undefined) return headerOf(open)
  const fd = openLockable(path, constants.O_RDONLY)
  try {
    return headerOf(fd)
  } finally {
    closeLockable(fd)
  }
}

function headerOf(fd: number): DatabaseHeader {
  const header = Buffer.alloc(100)
  const got = readSync(fd, header, 0, header.length, 0)
  if (got === 0) return 'empty'
  if (got < 100 || header.toString('latin1', 0, 16) !== MAGIC) return 'not-a-database'
  const encodings = ['UTF-8', 'UTF-8', 'UTF-16le', 'UTF-16be'] as const
  return {
    // Bytes 18 and 19 are the write and read versions of the file format: 1 is a rollback journal, 2 is WAL.
    journalMode: header[19] === 2 ? 'wal' : 'delete',
    encoding: encodings[header.readUInt32BE(56)] ?? 'UTF-8',
  }
}

/** Throws for a database whose text encoding this SQLite cannot read. */
export function requireUtf8(fd: number, path: string): void {
  const header = headerOf(fd)
  if (typeof header === 'string' || header.encoding === 'UTF-8') return
  const recipe = `sqlite3 ${shellWord(path)} '.dump --preserve-rowids' | sqlite3 ${shellWord(`${path}-utf8`)}`
  const hint = `copy it into a UTF-8 database with the sqlite3 shell: ${recipe}`
  const text = `${path} stores its text as ${header.encoding}, expected UTF-8: ${hint}`
  throw new VfsFailure(SQLITE_CANTOPEN, path, text, { hint })
}

export type JournalMode = 'wal' | 'delete' | 'empty' | 'not-a-database'

/**
 * 'wal' for a file that must be opened with WAL, 'delete' for one with any rollback journal. For the other values see
 * `readHeader`.
 */
export function readJournalMode(path: string): JournalMode {
  const header = readHeader(path)
  return typeof header === 'string' ? header : header.journalMode
}
