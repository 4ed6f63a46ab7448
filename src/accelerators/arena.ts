import { VecError } from '../core/errors.ts'
import type { WasmMemory } from '../core/wasm-memory.ts'
import { preferredAccelerator, type Accelerator } from './accelerator.ts'
import { FreeRanges } from './free-ranges.ts'
import type { Kernels } from './kernels.ts'
import { largePagesFor } from './large-pages.ts'

const PAGE = 65536
const MAX_PAGES = 65536
/** A smaller memory does not benefit from large pages. */
const WORTH_LARGE_PAGES = 1 << 22

/** Space for data that lasts only for one call. The caller decides its layout. */
export const SCRATCH = 1024
export const SCRATCH_BYTES = 98_816

const buffers = new WeakMap<ArrayBufferLike, Arena>()

/** The arena that owns these bytes. */
export function arenaOf(bytes: Uint8Array): Arena | undefined {
  return buffers.get(bytes.buffer)
}

/** The address of a thread's scratch space. Thread 0 owns the arena. */
export function scratchOf(thread: number): number {
  return SCRATCH + thread * SCRATCH_BYTES
}

/**
 * One WebAssembly memory, the kernels over it, and an allocator that takes the first free range that is large enough.
 * Views show the current memory; any allocation may replace them.
 */
export class Arena {
  readonly kernels: Kernels
  readonly accelerator: Accelerator
  /** The number of threads with scratch space in it. Above 1, other threads can share the memory. */
  readonly threads: number
  u8!: Uint8Array<ArrayBuffer>
  i16!: Int16Array
  u32!: Uint32Array
  f32!: Float32Array
  f64!: Float64Array
  readonly #memory: WebAssembly.Memory
  #free = new FreeRanges()
  readonly #maximum: number
  /**
   * V8 does not count memory that threads share, so nothing would make it collect the garbage of disposed arenas. These
   * buffers count as much. The system gives them no memory, because nothing touches them.
   */
  readonly #weights: ArrayBuffer[] = []
  /** How far the scratch space of this thread is from that of thread 0: above 0 in the memory of another thread. */
  readonly shift: number
  #large: ReturnType<typeof largePagesFor>
  #top: number
  #isLent = false

  /** `lent`: the memory of another thread, whose kernels are SIMD, with scratch space for this thread as number `place`. */
  constructor(
    accelerator: Accelerator = preferredAccelerator(),
    threads = 1,
    lent?: { readonly memory: WasmMemory; readonly place: number },
  ) {
    this.threads = accelerator.sharedModule ? threads : 1
    const shared = this.threads > 1
    this.#top = scratchOf(this.threads)
    const { maximum, memory } = lent
      ? { maximum: 0, memory: lent.memory as WebAssembly.Memory }
      : createMemory(Math.ceil(this.#top / PAGE), shared, accelerator.mostBytes)
    this.#memory = memory
    this.#maximum = maximum * PAGE
    this.shift = scratchOf(lent?.place ?? 0) - SCRATCH
    this.accelerator = accelerator
    this.kernels = accelerator.kernelsOver(this.#memory, shared)
    this.#view()
    if (lent) this.#lend()
  }

  /** The size of the memory in bytes. */
  get bytes(): number {
    return this.u8.length
  }

  /** The memory that the threads of the pool can share. */
  get sharedMemory(): WasmMemory | undefined {
    return this.threads > 1 && !this.#isLent ? this.#memory : undefined
  }

  /** Whether threads of other connections may read the memory, so that it cannot be used again. */
  get isLent(): boolean {
    return this.#isLent
  }

  /** The memory, for threads of other connections: none of its present blocks may change from now on. */
  lend(): WasmMemory {
    this.#lend()
    return this.#memory
  }

  /** A block of at least `bytes`, aligned to 16, with arbitrary contents. */
  allocate(bytes: number): Block {
    const size = align64(Math.max(bytes, 1))
    return new Block(this, this.#free.take(size) ?? this.#extend(size), size)
  }

  /** Frees a block. */
  release(address: number, size: number): void {
    if (address + size < this.#top) {
      this.#free.give(address, address + size)
      return
    }
    this.#top = this.#free.takeBefore(address) ?? address
  }

  /** Frees all blocks at once. Nothing may use them any longer. */
  clear(): void {
    this.#free = new FreeRanges()
    this.#top = scratchOf(this.threads)
  }

  /** Lengthens the block in place; returns false if the space after it is in use. */
  lengthen(address: number, size: number, bytes: number): boolean {
    const end = address + size
    if (end < this.#top) return this.#free.takeAt(end, bytes - size)
    this.#extend(bytes - size)
    return true
  }

  /** Whether the memory can hold so many bytes behind all blocks, as far as its maximum tells. */
  hasSpace(bytes: number): boolean {
    return this.#top + bytes <= this.#maximum
  }

  #lend(): void {
    this.#isLent = true
    if (this.#weights.length === 0) this.#weights.push(new ArrayBuffer(this.bytes))
  }

  #extend(bytes: number): number {
    const address = this.#top
    const end = address + bytes
    if (end > this.u8.length) {
      if (!this.#grow(this.#wholePages(end)) && !this.#grow(end)) {
        throw new VecError('VEC_MEMORY', `cannot allocate ${bytes} more bytes for an index`)
      }
      this.#view()
    }
    this.#top = end
    return address
  }

  #grow(end: number): boolean {
    const pages = Math.ceil((end - this.u8.length) / PAGE)
    try {
      this.#memory.grow(pages)
      if (this.threads > 1) this.#weights.push(new ArrayBuffer(pages * PAGE))
      return true
    } catch {
      return false
    }
  }

  /** The end of the large page that contains the last byte: a partial page would consist of small ones. */
  #wholePages(end: number): number {
    if (end < WORTH_LARGE_PAGES) return end
    this.#large ??= largePagesFor(this.#memory.buffer, this.#maximum)
    if (!this.#large) return end
    const { offset, size } = this.#large
    return Math.ceil((end + offset) / size) * size - offset
  }

  #view(): void {
    const buffer = this.#memory.buffer
    this.u8 = new Uint8Array(buffer)
    this.i16 = new Int16Array(buffer)
    this.u32 = new Uint32Array(buffer)
    this.f32 = new Float32Array(buffer)
    this.f64 = new Float64Array(buffer)
    buffers.set(buffer, this)
  }
}

/** A block of an arena. */
export class Block {
  readonly arena: Arena
  #address: number
  #size: number

  constructor(arena: Arena, address: number, size: number) {
    this.arena = arena
    this.#address = address
    this.#size = size
  }

  get address(): number {
    return this.#address
  }

  get size(): number {
    return this.#size
  }

  /** Grows the block to `bytes` and keeps its contents. The address may change. */
  ensure(bytes: number): void {
    if (bytes <= this.#size) return
    const { arena } = this
    const spare = align64(Math.max(bytes, this.#size * (1 + 1 / 64)))
    const inPlace = arena.hasSpace(spare - this.#size) ? spare : align64(bytes)
    if (arena.lengthen(this.#address, this.#size, inPlace)) {
      this.#size = inPlace
      return
    }
    const next = this.arena.allocate(Math.max(bytes, Math.ceil(this.#size * 1.5)))
    this.arena.u8.copyWithin(next.#address, this.#address, this.#address + this.#size)
    this.arena.release(this.#address, this.#size)
    this.#address = next.#address
    this.#size = next.#size
  }

  free(): void {
    this.arena.release(this.#address, this.#size)
    this.#size = 0
  }
}

export function align16(bytes: number): number {
  return Math.ceil(bytes / 16) * 16
}

export function align64(bytes: number): number {
  return Math.ceil(bytes / 64) * 64
}

function createMemory(
  initial: number,
  shared: boolean,
  mostBytes = MAX_PAGES * PAGE,
): { memory: WebAssembly.Memory; maximum: number } {
  const most = Math.max(initial, Math.floor(mostBytes / PAGE))
  // Some runtimes reserve the maximum, and have less than that available.
  for (let maximum = most; maximum > 4096; maximum = Math.ceil(maximum / 4)) {
    try {
      return { memory: new WebAssembly.Memory({ initial, maximum, shared }), maximum }
    } catch {
      continue
    }
  }
  const maximum = Math.min(most, 4096)
  try {
    return { memory: new WebAssembly.Memory({ initial, maximum, shared }), maximum }
  } catch (cause) {
    throw new VecError('VEC_MEMORY', 'cannot allocate memory for an index', { cause })
  }
}

const shared = new Map<Accelerator, Arena>()
const SHARED_FULL = 2 ** 30

/** The arena that small objects share. A new one replaces it when it has grown to a gigabyte. */
export function sharedArena(accelerator: Accelerator = preferredAccelerator()): Arena {
  let arena = shared.get(accelerator)
  if (!arena || arena.bytes >= SHARED_FULL) {
    arena = new Arena(accelerator)
    shared.set(accelerator, arena)
  }
  return arena
}
