import {
  EXCLUSIVE_LOCK,
  NO_LOCK,
  PENDING_LOCK,
  RESERVED_LOCK,
  SHARED_LOCK,
} from '../../vfs/file-locks.ts'
import type { VfsFile } from '../../vfs/vfs.ts'
import type { MemorySharedMemory } from './memory-shared-memory.ts'

/** The content of a named file, and the connections of this thread that have it open. */
export interface StoredBytes {
  readonly opened: Set<MemoryFile>
  readonly size: number
  read(into: Uint8Array, offset: number): number
  write(bytes: Uint8Array, offset: number): number
  truncate(size: number): void
  sync(): void
}

/** The bytes of a file. They live as long as a name or an open file refers to them. */
export class StoredFile implements StoredBytes {
  /** Distinguishes files that had the same name one after the other. */
  readonly id: number
  readonly opened: Set<MemoryFile> = new Set()
  #bytes: Uint8Array = new Uint8Array(0)
  size = 0

  constructor(id: number) {
    this.id = id
  }

  read(into: Uint8Array, offset: number): number {
    const part = this.#bytes.subarray(Math.min(offset, this.size), this.size)
    const got = Math.min(into.length, part.length)
    into.set(part.subarray(0, got))
    return got
  }

  write(bytes: Uint8Array, offset: number): number {
    const end = offset + bytes.length
    if (end > this.#bytes.length) this.#grow(end)
    this.#bytes.set(bytes, offset)
    this.size = Math.max(this.size, end)
    return bytes.length
  }

  sync(): void {}

  /** Bytes that are cut off read as zeros if the file grows again. */
  truncate(size: number): void {
    if (size > this.#bytes.length) this.#grow(size)
    if (size < this.size) this.#bytes.fill(0, size, this.size)
    this.size = size
  }

  #grow(bytes: number): void {
    const grown = new Uint8Array(Math.max(bytes, 4096, this.#bytes.length * 2))
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}

interface MemoryFileOptions {
  readonly sharedMemory: MemorySharedMemory | undefined
  /** The file that the name leads to now. */
  named(): StoredBytes | undefined
  closed(): void
}

/** An open file that belongs to this thread alone, so its locks are between connections of this thread. */
export class MemoryFile implements VfsFile {
  readonly path: string
  readonly stored: StoredBytes
  readonly sharedMemory: MemorySharedMemory | undefined
  lockLevel: number = NO_LOCK
  readonly #options: MemoryFileOptions

  constructor(path: string, stored: StoredBytes, options: MemoryFileOptions) {
    this.path = path
    this.stored = stored
    this.sharedMemory = options.sharedMemory
    this.#options = options
    stored.opened.add(this)
  }

  read(into: Uint8Array, offset: number): number {
    return this.stored.read(into, offset)
  }

  write(bytes: Uint8Array, offset: number): number {
    return this.stored.write(bytes, offset)
  }

  truncate(size: number): void {
    this.stored.truncate(size)
  }

  sync(): void {
    this.stored.sync()
  }

  size(): number {
    return this.stored.size
  }

  close(): void {
    this.lockLevel = NO_LOCK
    this.stored.opened.delete(this)
    this.#options.closed()
  }

  /** Follows SQLite's lockingv3.html: a writer that waits for readers admits no new ones. */
  lock(level: number): boolean {
    if (level <= this.lockLevel) return true
    if (level === SHARED_LOCK) return this.#grant(level, PENDING_LOCK)
    if (level === RESERVED_LOCK) return this.#grant(level, RESERVED_LOCK)
    if (!this.#grant(PENDING_LOCK, RESERVED_LOCK)) return false
    return level === PENDING_LOCK || this.#grant(EXCLUSIVE_LOCK, SHARED_LOCK)
  }

  unlock(level: number): void {
    this.lockLevel = Math.min(this.lockLevel, level)
  }

  checkReserved(): boolean {
    return this.lockLevel >= RESERVED_LOCK || this.#anotherHas(RESERVED_LOCK)
  }

  hasMoved(): boolean {
    return this.#options.named() !== this.stored
  }

  /** Takes `level` unless another connection has `forbidden` or more. */
  #grant(level: number, forbidden: number): boolean {
    if (this.#anotherHas(forbidden)) return false
    this.lockLevel = level
    return true
  }

  #anotherHas(level: number): boolean {
    for (const other of this.stored.opened)
      if (other !== this && other.lockLevel >= level) return true
    return false
  }
}
