import { SQLITE_BUSY, SQLITE_IOERR_LOCK, SQLITE_OK } from '../../result-codes.ts'
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
} from '../../vfs/file-locks.ts'
import { VfsFailure } from '../../vfs/vfs-errors.ts'
import { FileState } from './file-state.ts'
import { type KernelLocks, kernelLocks } from './kernel-locks.ts'
import { LockDirectory } from './lock-directory.ts'
import { UnlockedReads } from './unlocked-reads.ts'

/**
 * Locks without help from the operating system. Between processes, a lock directory admits one process at a time: a
 * process holds it as long as any of its connections holds any lock. Between the connections of one process, a table
 * keeps SQLite's lock levels. On Linux we see the locks of programs that ignore the directory, and then refuse the
 * file.
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
      if (!shared.directory.isPossible()) return new UnlockedReads(file)
      shared.refuseStrangers()
      shared.connections++
      files.set(key, shared)
      return new TableLock(shared, file, () => files.delete(key))
    },
  }
}

/**
 * How long we wait for a native program that may be rolling our transaction back, and for one that may have done so.
 */
const STRANGER_ROLLS_BACK_MS = 500
const STRANGER_READS_MS = 50
/** Bytes of page 1 with sizes, counters, and the version of SQLite that wrote last. */
const HEADER_BYTES = 100

const sleeper = new Int32Array(new SharedArrayBuffer(4))

/** The locks that the connections of this process hold on one file. */
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

  /**
   * False while another process that uses lock directories holds byte-range locks. Throws for one that does not use
   * them.
   */
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
  const text = `${path}: ${what}, and native programs cannot see the locks of this process without koffi`
  const hint = 'npm install koffi, which provides locks that every program sees'
  return new VfsFailure(SQLITE_IOERR_LOCK, path, text, { hint })
}

class TableLock implements FileLock {
  level = NO_LOCK
  readonly #file: SharedFile
  readonly #opened: LockedFile
  readonly #forget: () => void
  /** The file as it was when this connection began to read, or as it last wrote it. */
  readonly #state: FileState
  /** What this transaction has written to the beginning of the file. */
  #header: Uint8Array | undefined
  /** Why the transaction in progress must be rolled back. */
  #surrendered: VfsFailure | undefined

  constructor(file: SharedFile, opened: LockedFile, forget: () => void) {
    this.#file = file
    this.#opened = opened
    this.#forget = forget
    this.#state = new FileState(opened.fd)
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
      this.#state.note()
    } catch (error) {
      if (file.sharers === 0) file.directory.release()
      throw error
    }
    file.sharers++
    this.level = SHARED_LOCK
    return SQLITE_OK
  }

  /**
   * Takes the directory, then looks for byte-range locks. Processes with koffi do it in the reverse order, so one
   * sees the other.
   */
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

  /** Whether no other connection reads. A writer that finds readers stays PENDING, which admits no new reader. */
  #alone(): boolean {
    if (this.level === RESERVED_LOCK) this.level = PENDING_LOCK
    if (this.#file.sharers > 1 || !this.#file.refuseStrangers()) return false
    this.#refuseWhatStrangersDid()
    return true
  }

  /**
   * Throws if a native program has written since this transaction began. No page of the transaction is in the file
   * yet, so SQLite can still give it up.
   */
  #refuseWhatStrangersDid(): void {
    const { path } = this.#opened
    if (this.#state.hasChanged())
      throw refusal(path, 'another program wrote to the file during this transaction')
    if (this.#opened.journalGone())
      throw refusal(path, 'another program removed the journal of this transaction')
  }

  afterRead(): void {
    if (this.level === NO_LOCK || this.level === EXCLUSIVE_LOCK || !this.#state.hasChanged()) return
    throw refusal(this.#opened.path, 'another program wrote to the file while it was read')
  }

  /**
   * A native program that opens the file now takes our journal for that of a crash, locks the file, and rolls our
   * transaction back. So our transaction fails, and SQLite rolls it back here, too. It may write the old pages once
   * the native program has finished, since a page of ours may have been written late. It must not if the native
   * program has committed a transaction of its own.
   */
  beforeWrite(bytes?: Uint8Array, offset?: number): void {
    if (this.level !== EXCLUSIVE_LOCK) return
    if (this.#surrendered === undefined) {
      if (this.#hasStranger() || this.#opened.journalGone()) throw this.#surrender()
    } else if (!this.#mayRestore()) throw this.#surrendered
    if (offset === 0) this.#header = bytes?.slice(0, HEADER_BYTES)
  }

  afterJournal(): void {
    if (this.level !== EXCLUSIVE_LOCK || this.#header === undefined) return
    this.#waitForStranger(STRANGER_READS_MS)
    if (!this.#state.beginsWith(this.#header)) throw this.#surrender()
  }

  #surrender(): VfsFailure {
    const what = 'another program opened the file while a transaction was being written'
    this.#surrendered = refusal(this.#opened.path, what)
    return this.#surrendered
  }

  /** Whether the file is what the native program's rollback left, except for pages of ours. */
  #mayRestore(): boolean {
    this.#waitForStranger(STRANGER_ROLLS_BACK_MS)
    if (this.#hasStranger() || !this.#opened.journalGone()) return false
    if (!this.#state.hasCommits()) return true
    return this.#header !== undefined && this.#state.beginsWith(this.#header)
  }

  #waitForStranger(milliseconds: number): void {
    const end = performance.now() + milliseconds
    while (this.#hasStranger() && performance.now() < end) Atomics.wait(sleeper, 0, 0, 1)
  }

  #hasStranger(): boolean {
    return kernelLocks(this.#opened.identity).pid !== 0
  }

  unlock(level: number): number {
    if (this.level <= level) return SQLITE_OK
    const file = this.#file
    if (file.writer === this) file.writer = undefined
    const wrote = this.level === EXCLUSIVE_LOCK
    this.level = level
    this.#surrendered = undefined
    this.#header = undefined
    if (level === NO_LOCK && --file.sharers === 0) file.directory.release()
    else if (wrote) this.#state.note()
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
