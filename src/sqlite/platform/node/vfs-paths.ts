import { randomBytes } from 'node:crypto'
import { lstatSync, openSync, closeSync, fsyncSync, readlinkSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { permitted } from '../../../core/permitted.ts'
import { SQLITE_CANTOPEN_FULLPATH, SQLITE_IOERR_DIR_FSYNC } from '../../result-codes.ts'
import { VfsFailure, errnoOf } from '../../vfs/vfs-errors.ts'

const MAX_SYMLINKS = 100

/**
 * Makes `path` absolute and resolves every symbolic link, so that a file has one name whichever link leads to it.
 * Parts that do not exist stay as written. This is the walk of SQLite's own unix VFS.
 */
export function fullPath(path: string): { path: string; symlink: boolean } {
  const absolute = resolve(path)
  if (process.platform === 'win32') return { path: absolute, symlink: false }
  const parts = absolute.split('/').toReversed()
  let done = ''
  let links = 0
  while (parts.length > 0) {
    const part = parts.pop()
    if (part === undefined || part === '' || part === '.') continue
    if (part === '..') {
      done = done.slice(0, Math.max(done.lastIndexOf('/'), 0))
      continue
    }
    const target = linkTarget(`${done}/${part}`)
    if (target === undefined) {
      done += `/${part}`
      continue
    }
    if (++links > MAX_SYMLINKS)
      throw new VfsFailure(SQLITE_CANTOPEN_FULLPATH, path, `${path}: too many symbolic links`)
    if (isAbsolute(target)) done = ''
    parts.push(...target.split('/').toReversed())
  }
  return { path: done === '' ? '/' : done, symlink: links > 0 }
}

function linkTarget(path: string): string | undefined {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false })
    return found?.isSymbolicLink() === true ? readlinkSync(path) : undefined
  } catch (error) {
    // Opening the file reports the error.
    if (errnoOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}

/** A new name for a temporary file, which SQLite does not name. */
export function temporaryPath(): string {
  const folder = permitted(() => process.env['SQLITE_TMPDIR'] ?? tmpdir()) ?? '/tmp'
  return join(folder, `etilqs_${randomBytes(12).toString('hex')}`)
}

/** Mode and owner of a new journal or WAL: those of its database, so that the same users may write both. */
export function journalOwner(path: string): { mode: number; uid: number; gid: number } | undefined {
  const suffix = path.lastIndexOf('-')
  const database = statSync(path.slice(0, suffix), { throwIfNoEntry: false })
  return database && { mode: database.mode & 0o777, uid: database.uid, gid: database.gid }
}

/** Makes the creation or removal of `path` durable. Ignores a folder that cannot be opened or synced at all. */
export function syncDirectoryOf(path: string): void {
  if (process.platform === 'win32') return
  let fd: number
  try {
    fd = openSync(dirname(path), 'r')
  } catch {
    return
  }
  try {
    fsyncSync(fd)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'EINVAL' || errno === 'ENOTSUP') return
    const text = `${dirname(path)}: cannot sync the folder: ${errno}`
    throw new VfsFailure(SQLITE_IOERR_DIR_FSYNC, path, text, { errno, cause: error })
  } finally {
    closeSync(fd)
  }
}
