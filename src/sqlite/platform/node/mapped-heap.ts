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

/**
 * Maps files into SQLite's WebAssembly memory: pages of the file replace a block of its heap, page by page as the
 * operating system sees them. All processes that map the file see each other's writes at once.
 *
 * The memory must stay at its address when it grows. V8 reserves the whole range first; `checkPlace` throws on an
 * engine that moves the memory.
 */
export class MappedHeap {
  readonly #heap: Heap
  readonly #maps: MemoryMaps
  readonly #base: number
  #buffer: ArrayBufferLike

  constructor(heap: Heap, maps: MemoryMaps) {
    this.#heap = heap
    this.#maps = maps
    this.#buffer = heap.memory.buffer
    this.#base = maps.addressOf(new Uint8Array(this.#buffer))
  }

  get pageSize(): number {
    return this.#maps.pageSize
  }

  /** Throws when the memory has moved: what was mapped is then a copy that no other process sees. */
  checkPlace(path: string): void {
    const { buffer } = this.#heap.memory
    if (buffer === this.#buffer) return
    if (this.#maps.addressOf(new Uint8Array(buffer)) === this.#base) this.#buffer = buffer
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
    const flags = MAP_SHARED | MAP_FIXED
    const address = this.#base + pointer
    const errno = this.#maps.mapAt(address, bytes, protection, flags, fd, offset)
    if (errno !== 0) {
      // A failed mapping may have unmapped the heap's own pages.
      this.#giveBack(raw, pointer, bytes)
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
    return { pointer, release: () => this.#giveBack(raw, pointer, bytes) }
  }

  #giveBack(raw: Pointer, pointer: Pointer, bytes: number): void {
    const protection = PROT_READ | PROT_WRITE
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
    const errno = this.#maps.mapAt(this.#base + pointer, bytes, protection, flags, -1, 0)
    // Memory that could not be returned to the heap is lost. That is better than a heap that writes into the file.
    if (errno === 0) this.#heap.free(raw)
  }
}
