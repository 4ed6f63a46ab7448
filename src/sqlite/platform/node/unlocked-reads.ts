import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { SQLITE_BUSY, SQLITE_READONLY_DIRECTORY, SQLITE_OK } from '../../result-codes.ts'
import { type FileLock, type LockedFile, NO_LOCK, SHARED_LOCK } from '../../vfs/file-locks.ts'
import { VfsFailure, reportBusy } from '../../vfs/vfs-errors.ts'
import { FileState } from './file-state.ts'
import { kernelLocks } from './kernel-locks.ts'
import { isLockDirectoryInUse, lockDirectoryOf } from './lock-directory.ts'

/**
 * Reads without a lock, where no lock directory can be created: on a read-only file system or in a folder that is
 * read-only for us. Other programs may still write. So after each read we check whether the file has changed since
 * the transaction began, or is being changed. Either all reads belong to one state of the file, or the read fails
 * with SQLITE_BUSY.
 */
export class UnlockedReads implements FileLock {
  level: number = NO_LOCK
  readonly #file: LockedFile
  readonly #state: FileState
  readonly #journal: string

  constructor(file: LockedFile) {
    this.#file = file
    this.#state = new FileState(file.fd)
    this.#journal = `${file.path}-journal`
  }

  lock(level: number): number {
    const { path } = this.#file
    if (level > SHARED_LOCK) {
      const text = `${path}: the folder is not writable, and writing to a database needs a lock and a journal beside it`
      throw new VfsFailure(SQLITE_READONLY_DIRECTORY, path, text)
    }
    if (this.level === SHARED_LOCK) return SQLITE_OK
    this.#state.note()
    if (this.reserved() && isJournalInUse(this.#journal))
      return reportBusy(path, 'another program is writing to the file')
    this.level = level
    return SQLITE_OK
  }

  unlock(level: number): number {
    this.level = level
    return SQLITE_OK
  }

  /** A journal without a writer comes from a crash. */
  reserved(): boolean {
    const { pid, ofd } = kernelLocks(this.#file.identity)
    return pid !== 0 || ofd || isLockDirectoryInUse(lockDirectoryOf(this.#file.path))
  }

  afterRead(): void {
    if (this.level === NO_LOCK) return
    if (!this.#state.hasChanged() && !isJournalInUse(this.#journal)) return
    const { path } = this.#file
    const text = `${path}: another program wrote to the file while it was being read, and the file cannot be locked because its folder is not writable`
    throw new VfsFailure(SQLITE_BUSY, path, text, { hint: 'run the statement again' })
  }

  close(): void {
    this.level = NO_LOCK
  }
}

/** A journal that is empty, or begins with a zero, remains from a finished transaction. */
function isJournalInUse(path: string): boolean {
  if (!statSync(path, { throwIfNoEntry: false })?.size) return false
  const first = new Uint8Array(1)
  try {
    const fd = openSync(path, 'r')
    try {
      readSync(fd, first, 0, 1, 0)
    } finally {
      closeSync(fd)
    }
  } catch {
    // The journal is gone again, or unreadable: its state is unknown.
    return true
  }
  return first[0] !== 0
}
