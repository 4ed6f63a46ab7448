import { constants, fstatSync, ftruncateSync, unlinkSync, writeSync } from 'node:fs'
import {
  SQLITE_BUSY,
  SQLITE_CANTOPEN,
  SQLITE_IOERR_LOCK,
  SQLITE_IOERR_SHMLOCK,
  SQLITE_IOERR_SHMOPEN,
  SQLITE_IOERR_SHMSIZE,
  SQLITE_READONLY_CANTINIT,
} from '../../result-codes.ts'
import { VfsFailure, errnoOf } from '../../vfs/vfs-errors.ts'
import type { MappedRegion, SharedMemory } from '../../vfs/vfs.ts'
import {
  EACCES,
  EAGAIN,
  EBADF,
  EINTR,
  F_RDLCK,
  F_UNLCK,
  F_WRLCK,
  type Fcntl,
  flock,
} from './fcntl.ts'
import { closeLockable, openLockable } from './lockable-files.ts'
import type { MappedBlock, MappedHeap } from './mapped-heap.ts'
import { memoryFence } from './memory-fence.ts'

/** The first of SQLite's eight lock bytes in the -shm file. The byte after them shows that the file is in use. */
const FIRST_LOCK = 120
const IN_USE = 128
/**
 * When the file grows, one byte is written to each block of this size. So a full disk is noticed now, not by a
 * SIGBUS at a later access.
 */
const BLOCK = 4096

const inUseRead = flock(F_RDLCK, IN_USE, 1)
const inUseWrite = flock(F_WRLCK, IN_USE, 1)
const everythingUnlock = flock(F_UNLCK, 0, 0)
const slotLocks = new Map<number, Uint8Array>()

/** The lock struct of some slots, created once and reused. */
function slotLock(type: number, slot: number, count: number): Uint8Array {
  const key = (type * 16 + slot) * 16 + count
  let lock = slotLocks.get(key)
  if (lock === undefined) slotLocks.set(key, (lock = flock(type, FIRST_LOCK + slot, count)))
  return lock
}

export interface WalIndexFileOptions {
  /** The path of the database, and a descriptor of it. */
  readonly path: string
  readonly database: number
  readonly fcntl: Fcntl
  readonly heap: MappedHeap
  /** Gives a new file the owner and mode of the database. */
  share(fd: number, path: string): void
}

/**
 * One connection's part in the -shm file that all connections of a database in WAL mode share. The file, its locks
 * and its mapping are those of SQLite's unix VFS, so native programs take part in it. Each connection has its own
 * descriptor, since the locks belong to the open file. So two connections of one process exclude each other in the
 * kernel, too.
 */
export class WalIndexFile implements SharedMemory {
  readonly #options: WalIndexFileOptions
  readonly #path: string
  readonly #fence = memoryFence()
  readonly #blocks: MappedBlock[] = []
  /** The locked slots, one bit each. */
  #held = 0
  #open: { readonly fd: number; readonly readonly: boolean; attached: boolean } | undefined

  constructor(options: WalIndexFileOptions) {
    this.#options = options
    this.#path = `${options.path}-shm`
  }

  map(region: number, bytes: number, extend: boolean): MappedRegion | undefined {
    const { heap } = this.#options
    const open = this.#attach()
    // A mapping begins and ends at page boundaries. On some systems, pages are larger than a region.
    const perBlock = Math.max(1, heap.pageSize / bytes)
    const block = Math.floor(region / perBlock)
    if (this.#blocks.length <= block && !this.#grow(open, (block + 1) * perBlock * bytes, extend))
      return undefined
    for (let n = this.#blocks.length; n <= block; n++) {
      const size = perBlock * bytes
      this.#blocks.push(heap.map(open.fd, this.#path, n * size, size, open.readonly))
    }
    const start = this.#blocks[block].pointer
    return { pointer: start + (region % perBlock) * bytes, readonly: open.readonly }
  }

  /** Whether the file now has at least this size. */
  #grow(open: { fd: number; readonly: boolean }, bytes: number, extend: boolean): boolean {
    try {
      const { size } = fstatSync(open.fd)
      if (size >= bytes) return true
      if (!extend) return false
      const zero = new Uint8Array(1)
      for (let end = (Math.floor(size / BLOCK) + 1) * BLOCK; end <= bytes; end += BLOCK)
        writeSync(open.fd, zero, 0, 1, end - 1)
      return true
    } catch (cause) {
      throw this.#failure(SQLITE_IOERR_SHMSIZE, 'cannot grow', errnoOf(cause), cause)
    }
  }

  lock(slot: number, count: number, exclusive: boolean): boolean {
    const open = this.#required()
    this.#options.heap.checkPlace(this.#path)
    if (!this.#set(open, slotLock(exclusive ? F_WRLCK : F_RDLCK, slot, count))) return false
    this.#held |= bits(slot, count)
    return true
  }

  unlock(slot: number, count: number): void {
    const open = this.#required()
    const asked = bits(slot, count)
    if ((this.#held & asked) === 0) return
    const errno = this.#fcntl('set', open.fd, slotLock(F_UNLCK, slot, count))
    if (errno !== 0) throw this.#failure(SQLITE_IOERR_SHMLOCK, 'cannot be unlocked', errno)
    this.#held &= ~asked
  }

  barrier(): void {
    this.#fence()
  }

  unmap(remove: boolean): void {
    for (const block of this.#blocks.splice(0)) block.release()
    const open = this.#open
    if (open === undefined) return
    this.#open = undefined
    this.#held = 0
    try {
      if (remove) unlinkSync(this.#path)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
    } finally {
      this.#close(open.fd)
    }
  }

  /** Whether other connections, of any process, use the -shm file. */
  get isShared(): boolean {
    const open = this.#open
    return open !== undefined && this.#inUse(open.fd) !== F_UNLCK
  }

  /** Releases the locks at once; the descriptor may be closed later. */
  #close(fd: number): void {
    this.#fcntl('set', fd, everythingUnlock)
    closeLockable(fd)
  }

  #required(): { readonly fd: number; readonly readonly: boolean } {
    if (this.#open !== undefined) return this.#open
    throw this.#failure(SQLITE_IOERR_SHMLOCK, 'is not open')
  }

  #attach(): { readonly fd: number; readonly readonly: boolean } {
    const open = (this.#open ??= this.#openFile())
    if (open.attached) return open
    try {
      this.#takePart(open)
    } catch (error) {
      // A read-only file can be waited for; SQLite calls again.
      if (!(error instanceof VfsFailure && error.code === SQLITE_READONLY_CANTINIT)) {
        this.#open = undefined
        this.#close(open.fd)
      }
      throw error
    }
    open.attached = true
    return open
  }

  #openFile(): { fd: number; readonly: boolean; attached: boolean } {
    const { O_RDWR, O_RDONLY, O_CREAT, O_NOFOLLOW } = constants
    const { database } = this.#options
    let fd: number
    try {
      fd = openLockable(this.#path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o644, database)
    } catch {
      try {
        fd = openLockable(this.#path, O_RDONLY | O_NOFOLLOW, 0, database)
      } catch (cause) {
        const what = 'cannot be opened, and a database in WAL mode cannot be read without it'
        throw this.#failure(SQLITE_CANTOPEN, what, errnoOf(cause), cause)
      }
      return { fd, readonly: true, attached: false }
    }
    try {
      this.#options.share(fd, this.#path)
    } catch (error) {
      this.#close(fd)
      throw error
    }
    return { fd, readonly: false, attached: false }
  }

  /**
   * Takes the lock that marks the file as in use. The first connection empties the file, which may remain from a
   * crash; the others must not. As long as any connection holds this lock, no connection empties the file while
   * others use it.
   */
  #takePart({ fd, readonly }: { fd: number; readonly: boolean }): void {
    const state = this.#inUse(fd)
    if (state === F_WRLCK)
      throw this.#failure(SQLITE_BUSY, 'is being prepared by another connection')
    if (state === F_UNLCK) {
      if (readonly)
        throw this.#failure(
          SQLITE_READONLY_CANTINIT,
          'is not in use, and cannot be prepared for use because it is read-only',
        )
      if (!this.#set({ fd, readonly }, inUseWrite))
        throw this.#failure(SQLITE_BUSY, 'is being prepared by another connection')
      try {
        // As native SQLite does: a size of 3 instead of 0 is recognizable.
        ftruncateSync(fd, 3)
      } catch (cause) {
        throw this.#failure(SQLITE_IOERR_SHMOPEN, 'cannot be emptied', errnoOf(cause), cause)
      }
    }
    if (!this.#set({ fd, readonly }, inUseRead))
      throw this.#failure(SQLITE_BUSY, 'is being prepared by another connection')
  }

  /** The lock of other connections on the byte that marks the file as in use: F_UNLCK, F_RDLCK or F_WRLCK. */
  #inUse(fd: number): number {
    const question = flock(F_WRLCK, IN_USE, 1)
    const errno = this.#fcntl('get', fd, question)
    if (errno !== 0) throw this.#failure(SQLITE_IOERR_LOCK, 'cannot be locked', errno)
    return new Int16Array(question.buffer)[0]
  }

  /** False if another connection holds a conflicting lock. */
  #set({ fd, readonly }: { fd: number; readonly: boolean }, lock: Uint8Array): boolean {
    const errno = this.#fcntl('set', fd, lock)
    if (errno === 0) return true
    if (errno === EAGAIN || errno === EACCES || (errno === EBADF && readonly)) return false
    throw this.#failure(SQLITE_IOERR_SHMLOCK, 'cannot be locked', errno)
  }

  #fcntl(call: 'set' | 'get', fd: number, lock: Uint8Array): number {
    const locks = this.#options.fcntl
    let errno = locks[call](fd, lock)
    while (errno === EINTR) errno = locks[call](fd, lock)
    return errno
  }

  #failure(code: number, what: string, errno: string | number = '', cause?: unknown): VfsFailure {
    const text = `${this.#path}: the memory that connections share in WAL mode ${what}`
    const shown =
      errno === '' ? text : `${text}: ${typeof errno === 'number' ? 'errno ' : ''}${errno}`
    return new VfsFailure(code, this.#path, shown, {
      errno: String(errno),
      ...(cause === undefined ? {} : { cause }),
      ...(code === SQLITE_BUSY ? {} : { hint: HINT }),
    })
  }
}

const HINT =
  'WAL needs a file system with byte-range locks and mmap, and a writable folder; otherwise use PRAGMA journal_mode = DELETE, or open with { exclusive: true }'

function bits(slot: number, count: number): number {
  return ((1 << count) - 1) << slot
}
