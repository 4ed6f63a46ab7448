import type { MappedRegion, SharedMemory } from '../../vfs/vfs.ts'
import type { Sqlite } from '../../wasm/wasm.ts'

/** What the connections of one database in WAL mode share: regions of SQLite's own memory. */
export class SharedRegions {
  readonly #sqlite: Sqlite
  readonly #pointers: number[] = []
  readonly users: Set<MemorySharedMemory> = new Set()

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite
  }

  region(n: number, bytes: number, extend: boolean): number | undefined {
    if (extend) this.#extend(n + 1, bytes)
    return this.#pointers[n]
  }

  #extend(count: number, bytes: number): void {
    while (this.#pointers.length < count) {
      const pointer = this.#sqlite.alloc(bytes)
      this.#sqlite.u8.fill(0, pointer, pointer + bytes)
      this.#pointers.push(pointer)
    }
  }

  release(): void {
    for (const pointer of this.#pointers.splice(0)) this.#sqlite.free(pointer)
  }
}

/** One connection's view of the shared regions. All connections are in one thread, so memory needs no ordering. */
export class MemorySharedMemory implements SharedMemory {
  readonly #regions: SharedRegions
  readonly #shared = new Set<number>()
  readonly #exclusive = new Set<number>()

  constructor(regions: SharedRegions) {
    this.#regions = regions
  }

  map(region: number, bytes: number, extend: boolean): MappedRegion | undefined {
    this.#regions.users.add(this)
    const pointer = this.#regions.region(region, bytes, extend)
    return pointer === undefined ? undefined : { pointer, readonly: false }
  }

  lock(slot: number, count: number, exclusive: boolean): boolean {
    for (let n = slot; n < slot + count; n++)
      for (const other of this.#regions.users) {
        if (other === this) continue
        if (other.#exclusive.has(n) || (exclusive && other.#shared.has(n))) return false
      }
    for (let n = slot; n < slot + count; n++) (exclusive ? this.#exclusive : this.#shared).add(n)
    return true
  }

  unlock(slot: number, count: number): void {
    for (let n = slot; n < slot + count; n++) {
      this.#shared.delete(n)
      this.#exclusive.delete(n)
    }
  }

  barrier(): void {}

  unmap(remove: boolean): void {
    this.#shared.clear()
    this.#exclusive.clear()
    this.#regions.users.delete(this)
    if (remove || this.#regions.users.size === 0) this.#regions.release()
  }
}
