import { SQLITE_IOERR_SHMMAP } from '../../result-codes.ts'
import { VfsFailure } from '../../vfs/vfs-errors.ts'
import type { Pointer, Sqlite } from '../../wasm/wasm.ts'
import type { MemoryMaps } from './mmap.ts'

const PROT_READ = 1
const PROT_WRITE = 2
const MAP_SHARED = 1
const MAP_PRIVATE = 2
const MAP_FIXED = 0x10
const MAP_ANONYMOUS = 0x20

/** The members of `Sqlite` that this file needs. */
export type Heap = Pick<Sqlite, 'memory' | 'alloc' | 'free'>

/** Part of a file in SQLite's memory. */
export interface MappedBlock {
  readonly pointer: Pointer
  /** Gives the block back to SQLite's heap, as ordinary memory. */
  release(): void
}

/** A block and what it shows. */
interface Mapping {
  readonly raw: Pointer
  readonly pointer: Pointer
  readonly bytes: number
  readonly fd: number
  readonly offset: number
  readonly protection: number
}

/**
 * V8 reserves the whole range of a memory, so that it never moves. JavaScriptCore does so for the first eight memories of
 * a process, and every index has one: the others are copied to a new place when they grow.
 */
const MOVES = 'bun' in process.versions

/**
 * Maps files into SQLite's WebAssembly memory: pages of the file replace a block of its heap, page by page as the
 * operating system sees them. All processes that map the file see each other's writes at once.
 *
 * Where an engine may move the memory when it grows, the blocks are taken out of the old place first, and mapped into the
 * new one before SQLite runs on. `checkPlace` throws if that failed, or if the memory moved in another way.
 */
export class MappedHeap {
  readonly #heap: Heap
  readonly #maps: MemoryMaps
  readonly #mappings = new Set<Mapping>()
  #base: number
  #buffer: ArrayBufferLike
  #lost = false

  constructor(heap: Heap, maps: MemoryMaps, moves: boolean = MOVES) {
    this.#heap = heap
    this.#maps = maps
    this.#buffer = heap.memory.buffer
    this.#base = this.#addressOf(this.#buffer)
    if (moves) this.#follow()
  }

  get pageSize(): number {
    return this.#maps.pageSize
  }

  /** Throws when the memory has moved: what was mapped is then a copy that no other process sees. */
  checkPlace(path: string): void {
    const { buffer } = this.#heap.memory
    if (buffer === this.#buffer && !this.#lost) return
    if (!this.#lost && this.#addressOf(buffer) === this.#base) this.#buffer = buffer
    else
      throw new VfsFailure(SQLITE_IOERR_SHMMAP, path, `${path}: SQLite's memory moved as it grew`, {
        hint: 'this runtime cannot share memory with other programs: open the file with { exclusive: true }',
      })
  }

  /** Maps `bytes` of an open file from `offset`. Both are multiples of the page size. */
  map(fd: number, path: string, offset: number, bytes: number, readonly: boolean): MappedBlock {
    const { pageSize } = this.#maps
    const raw = this.#heap.alloc(bytes + pageSize)
    this.checkPlace(path)
    const beyond = (this.#base + raw) % pageSize
    const pointer = beyond === 0 ? raw : raw + pageSize - beyond
    const protection = readonly ? PROT_READ : PROT_READ | PROT_WRITE
    const mapping: Mapping = { raw, pointer, bytes, fd, offset, protection }
    const errno = this.#show(mapping)
    if (errno !== 0) {
      // A failed mapping may have unmapped the heap's own pages.
      this.#giveBack(mapping)
      throw new VfsFailure(
        SQLITE_IOERR_SHMMAP,
        path,
        `${path}: cannot be mapped into memory: errno ${errno}`,
        {
          errno: String(errno),
          hint: 'the file system may not support mmap, which WAL needs: move the file to a local disk, or open it with { exclusive: true }',
        },
      )
    }
    this.#mappings.add(mapping)
    return {
      pointer,
      release: () => {
        this.#mappings.delete(mapping)
        this.#giveBack(mapping)
        if (this.#mappings.size === 0) this.#lost = false
      },
    }
  }

  /** Keeps the blocks where SQLite finds them while its memory grows. */
  #follow(): void {
    const { memory } = this.#heap
    const grow = memory.grow.bind(memory)
    memory.grow = pages => {
      try {
        // What the engine frees may be used again at once: no page of a file may be in it.
        if ([...this.#mappings].some(mapping => this.#hide(mapping) !== 0))
          throw new RangeError('memory that shows a file cannot be moved')
        return grow(pages)
      } finally {
        this.#arrive()
      }
    }
  }

  /** Maps the blocks again, after the memory grew or could not grow. */
  #arrive(): void {
    const base = this.#addressOf(this.#heap.memory.buffer)
    // Blocks begin at page boundaries.
    if ((base - this.#base) % this.pageSize !== 0) this.#lost ||= this.#mappings.size > 0
    this.#buffer = this.#heap.memory.buffer
    this.#base = base
    if (this.#lost) return
    for (const mapping of this.#mappings) if (this.#show(mapping) !== 0) this.#lost = true
  }

  #addressOf(buffer: ArrayBufferLike): number {
    return this.#maps.addressOf(new Uint8Array(buffer))
  }

  /** The block shows its part of the file. Returns an errno. */
  #show({ pointer, bytes, protection, fd, offset }: Mapping): number {
    const flags = MAP_SHARED | MAP_FIXED
    return this.#maps.mapAt(this.#base + pointer, bytes, protection, flags, fd, offset)
  }

  /** The block is ordinary memory again. Returns an errno. */
  #hide({ pointer, bytes }: Mapping): number {
    const protection = PROT_READ | PROT_WRITE
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
    return this.#maps.mapAt(this.#base + pointer, bytes, protection, flags, -1, 0)
  }

  #giveBack(mapping: Mapping): void {
    // Memory that could not be returned to the heap is lost. That is better than a heap that writes into the file.
    if (this.#hide(mapping) === 0) this.#heap.free(mapping.raw)
  }
}
