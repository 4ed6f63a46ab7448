import { readSync } from 'node:fs'
import {
  EXCLUSIVE_LOCK,
  type FileIdentity,
  type FileLock,
  type LockedFile,
  type Locks,
  NO_LOCK,
  PENDING_LOCK,
  RESERVED_LOCK,
  SHARED_LOCK,
} from './file-locks.ts'
import { type KernelLocks, kernelLocks } from './kernel-locks.ts'
import { LockDirectory } from './lock-directory.ts'
import { SQLITE_BUSY, SQLITE_IOERR_LOCK, VfsFailure } from './vfs-errors.ts'
import { SQLITE_OK } from './wasm.ts'

/** Offset in the file of the counter that every transaction of SQLite raises. */
const CHANGE_COUNTER = 24

/**
 * Locks without help from the system: one process at a time, through a lock directory that is held as long as any of its
 * connections holds any lock; among the connections of one process, SQLite's own lock levels in a table.
 * Programs that do not know the directory are seen, on Linux, when they hold a lock, and then the file is refused.
 */
export function directoryLocks(): Locks {
  const files = new Map<string, SharedFile>()
  process.once('exit', () => {
    for (const file of files.values()) if (file.sharers === 0) file.directory.dispose()
  })
  return {
    kind: 'directory',
    open(file) {
      const key = `${file.identity.dev}:${file.identity.ino}`
      const shared = files.get(key) ?? new SharedFile(file)
      shared.refuseStrangers()
      shared.connections++
      files.set(key, shared)
      return new TableLock(shared, file, () => files.delete(key))
    },
  }
}

/** What the connections of this process hold on one file. */
class SharedFile {
  connections = 0
  sharers = 0
  /** The connection at RESERVED or above. */
  writer: TableLock | undefined
  readonly directory: LockDirectory
  readonly #identity: FileIdentity
  readonly #path: string

  constructor(file: LockedFile) {
    this.#identity = file.identity
    this.#path = file.path
    this.directory = new LockDirectory(file.path)
  }

  /** False while somebody holds locks that know of the directory too; throws for one who does not. */
  refuseStrangers(): boolean {
    const found = kernelLocks(this.#identity)
    if (found.pid !== 0) throw stranger(this.#path, found)
    return !found.ofd
  }
}

function stranger(path: string, found: KernelLocks): VfsFailure {
  const who = found.pid === process.pid ? 'native code in this process' : `process ${found.pid}`
  return refusal(path, `${who} has locked the file`)
}

function refusal(path: string, what: string): VfsFailure {
  const text = `${path}: ${what}, and native programs cannot see the locks this process makes without koffi`
  const hint = 'npm install koffi, which gives locks that every program sees'
  return new VfsFailure(SQLITE_IOERR_LOCK, path, text, { hint })
}

class TableLock implements FileLock {
  level = NO_LOCK
  readonly #file: SharedFile
  readonly #opened: LockedFile
  readonly #forget: () => void
  /** The file's change counter when this connection began to read. */
  readonly #seen: Uint8Array = new Uint8Array(4)
  readonly #now: Uint8Array = new Uint8Array(4)

  constructor(file: SharedFile, opened: LockedFile, forget: () => void) {
    this.#file = file
    this.#opened = opened
    this.#forget = forget
  }

  lock(level: number): number {
    if (this.level >= level) return SQLITE_OK
    if (level === SHARED_LOCK) return this.#share()
    const file = this.#file
    if (file.writer !== undefined && file.writer !== this) return SQLITE_BUSY
    if (level === EXCLUSIVE_LOCK && !this.#alone()) return SQLITE_BUSY
    file.writer = this
    this.level = level
    return SQLITE_OK
  }

  #share(): number {
    const file = this.#file
    if (file.writer !== undefined && file.writer.level >= PENDING_LOCK) return SQLITE_BUSY
    if (file.sharers === 0 && !this.#enter()) return SQLITE_BUSY
    try {
      readSync(this.#opened.fd, this.#seen, 0, 4, CHANGE_COUNTER)
    } catch (error) {
      if (file.sharers === 0) file.directory.release()
      throw error
    }
    file.sharers++
    this.level = SHARED_LOCK
    return SQLITE_OK
  }

  /** Takes the directory first and looks for others second; processes with koffi do the reverse, so one sees the other. */
  #enter(): boolean {
    const file = this.#file
    if (!file.directory.acquire()) return false
    let alone = false
    try {
      alone = file.refuseStrangers()
    } finally {
      if (!alone) file.directory.release()
    }
    return alone
  }

  /** Whether nobody else reads. A writer that finds readers stays PENDING, which lets no new one in. */
  #alone(): boolean {
    if (this.level === RESERVED_LOCK) this.level = PENDING_LOCK
    if (this.#file.sharers > 1 || !this.#file.refuseStrangers()) return false
    this.#refuseWhatStrangersDid()
    return true
  }

  /** Nothing of this transaction is in the file yet: whatever a native program did since it began, it can still be given up. */
  #refuseWhatStrangersDid(): void {
    const { fd, path } = this.#opened
    readSync(fd, this.#now, 0, 4, CHANGE_COUNTER)
    if (this.#now.some((byte, i) => byte !== this.#seen[i]))
      throw refusal(path, 'another program wrote to the file during this transaction')
    if (this.#opened.journalGone())
      throw refusal(path, 'another program removed the journal of this transaction')
  }

  unlock(level: number): number {
    if (this.level <= level) return SQLITE_OK
    const file = this.#file
    if (file.writer === this) file.writer = undefined
    this.level = level
    if (level === NO_LOCK && --file.sharers === 0) file.directory.release()
    return SQLITE_OK
  }

  reserved(): boolean {
    return this.#file.writer !== undefined
  }

  close(): void {
    try {
      this.unlock(NO_LOCK)
    } finally {
      if (--this.#file.connections === 0) {
        this.#forget()
        this.#file.directory.dispose()
      }
    }
  }
}
