import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { SQLITE_OK } from '../../result-codes.ts'
import { EXCLUSIVE_LOCK, type FileIdentity, type FileLock, NO_LOCK } from '../../vfs/file-locks.ts'
import type { VfsFile } from '../../vfs/vfs.ts'
import type { EarlyWrites } from './early-writes.ts'
import { FEW, fileFacts } from './file-facts.ts'
import { closeLockable } from './lockable-files.ts'
import type { WalIndexFile } from './wal-index-file.ts'

interface NodeFileOptions {
  /** Only for a database file: no other file is ever locked. */
  readonly database: { readonly lock: FileLock; readonly identity: FileIdentity } | undefined
  /** Only for a database file whose WAL can be shared. */
  readonly sharedMemory: WalIndexFile | undefined
  /** Only for a database file and a WAL. */
  readonly early: EarlyWrites | undefined
  /** Whether close() removes the file, on systems that cannot remove an open file. */
  readonly removeOnClose: boolean
  /** Only for a journal: runs an operation that may end its transaction. */
  readonly ends: ((end: () => void) => void) | undefined
  closed(): void
}

/** A file SQLite has open on the real file system. */
export class NodeFile implements VfsFile {
  readonly path: string
  readonly database: NodeFileOptions['database']
  readonly sharedMemory: WalIndexFile | undefined
  readonly #fd: number
  readonly #options: NodeFileOptions

  constructor(fd: number, path: string, options: NodeFileOptions) {
    this.#fd = fd
    this.path = path
    this.database = options.database
    this.sharedMemory = options.sharedMemory
    this.#options = options
  }

  read(into: Uint8Array, offset: number): number {
    const got =
      into.length <= FEW
        ? fileFacts().readFew(this.#fd, into, offset)
        : readSync(this.#fd, into, 0, into.length, offset)
    this.database?.lock.afterRead?.()
    return got
  }

  write(bytes: Uint8Array, offset: number): number {
    const { ends } = this.#options
    let written = 0
    const write = (): void => {
      written = writeSync(this.#fd, bytes, 0, bytes.length, offset)
    }
    this.database?.lock.beforeWrite?.(bytes, offset)
    if (offset === 0 && ends !== undefined) ends(write)
    else write()
    this.#options.early?.wrote(written)
    return written
  }

  truncate(size: number): void {
    this.database?.lock.beforeWrite?.()
    const truncate = (): void => ftruncateSync(this.#fd, size)
    if (this.#options.ends === undefined) truncate()
    else this.#options.ends(truncate)
  }

  sync(dataOnly: boolean): void {
    this.database?.lock.beforeWrite?.()
    if (dataOnly) fdatasyncSync(this.#fd)
    else fsyncSync(this.#fd)
    this.#options.early?.synced()
  }

  size(): number {
    return fileFacts().size(this.#fd)
  }

  close(): void {
    this.#options.closed()
    try {
      this.database?.lock.close()
    } finally {
      if (this.database) closeLockable(this.#fd)
      else closeSync(this.#fd)
      if (this.#options.removeOnClose) unlinkSync(this.path)
    }
  }

  get lockLevel(): number {
    return this.database?.lock.level ?? NO_LOCK
  }

  lock(level: number): boolean {
    // The last connection removes the WAL under this lock. Native locks on the database file can be lost in other
    // ways.
    if (level === EXCLUSIVE_LOCK && this.sharedMemory?.isShared) return false
    return this.database === undefined || this.database.lock.lock(level) === SQLITE_OK
  }

  unlock(level: number): void {
    this.database?.lock.unlock(level)
  }

  checkReserved(): boolean {
    return this.database?.lock.reserved() === true
  }

  hasMoved(): boolean {
    const identity = this.database?.identity
    if (identity === undefined) return false
    const now = statSync(this.path, { bigint: true, throwIfNoEntry: false })
    return now === undefined || now.ino !== identity.ino || now.dev !== identity.dev
  }

  /** Whether the file has lost its last name. */
  isRemoved(): boolean {
    return fstatSync(this.#fd).nlink === 0
  }
}
