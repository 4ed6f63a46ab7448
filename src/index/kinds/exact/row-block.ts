import { borrowers, forgetArena, scanThreads } from '#shared-scan'
import type { Accelerator } from '../../../accelerators/accelerator.ts'
import { align16, align64, Arena, Block, sharedArena } from '../../../accelerators/arena.ts'
import type { Scan } from '../../../accelerators/kernels.ts'
import type { Metric } from '../../../core/metric.ts'
import type { LentRows } from '../../lent-rows.ts'
import { copySection, MAX_STAGED_ROWS, sectionLength, stagedRows } from '../../vector-index.ts'
import type { IndexSection } from '../../vector-index.ts'
import { arenaFor, giveUpArena } from './spare-arena.ts'

/** A block larger than this gets its own arena, which is freed with it. */
const SHARED_LIMIT = 1 << 20

/** A kernel may load a whole SIMD vector at the end of the last row. */
const OVERRUN = 16

/** The options of rows. */
export interface RowOptions {
  readonly metric: Metric
  readonly dim: number
  readonly expectedRows: number
  readonly accelerator: Accelerator | undefined
  /** Rows in the memory of another thread. Nothing may be added to them, or changed. */
  readonly lent?: LentRows | undefined
}

/**
 * The rows of one index in an arena: a prefix, a query, then rows of `stride` bytes, in one block; staged floats in
 * another. Addresses are valid until the next `stage` or `ensure`. The code for whole rows is here rather than in a
 * base class, since rows in two parts share only the block.
 */
export class RowBlock {
  readonly dim: number
  readonly stride: number
  /** The number of committed rows. */
  positions = 0
  readonly #prefixBytes: number
  readonly #queryBytes: number
  /** The address of rows that another thread has lent. */
  readonly #lentRows: number | undefined
  #block: Block
  #staging: Block | undefined
  #own: boolean
  #stagedRows = 0
  #isDisposed = false

  /** `prefixBytes`: the memory that the form of rows needs beside them, a multiple of 16. */
  constructor(
    options: RowOptions,
    stride: number,
    queryBytes: number,
    firstRows?: number,
    prefixBytes = 0,
  ) {
    const { accelerator, dim, expectedRows } = options
    this.dim = dim
    this.stride = stride
    this.#prefixBytes = prefixBytes
    this.#queryBytes = align16(queryBytes)
    const { lent } = options
    this.#lentRows = lent?.rows
    if (lent) {
      const { borrowerBytes, memory, place, threads } = lent
      const arena = new Arena(accelerator, threads, { memory, place: place + 1 })
      const address = lent.borrowers + place * borrowerBytes
      this.#own = true
      this.#block = new Block(arena, address, borrowerBytes)
      arena.u8.fill(0, address, address + borrowerBytes)
      this.positions = expectedRows
      return
    }
    const bytes = this.#sizeOf(firstRows ?? expectedRows)
    this.#own = bytes > SHARED_LIMIT
    const arena = this.#own
      ? arenaFor(accelerator, scanThreads(), bytes + stagingBytes(dim))
      : sharedArena(accelerator)
    if (this.#own) this.#staging = arena.allocate(stagingBytes(dim))
    this.#block = arena.allocate(bytes)
    this.arena.u8.fill(0, this.query, this.rows)
  }

  get arena(): Arena {
    return this.#block.arena
  }

  get isDisposed(): boolean {
    return this.#isDisposed
  }

  get prefix(): number {
    return this.#block.address
  }

  get query(): number {
    return this.#block.address + this.#prefixBytes
  }

  get rows(): number {
    return this.#lentRows ?? this.query + this.#queryBytes
  }

  get staged(): number {
    return this.#staging?.address ?? 0
  }

  get bytes(): number {
    return this.#own ? this.arena.bytes : this.#block.size + (this.#staging?.size ?? 0)
  }

  stage(rows: number): Float32Array {
    if (!(rows >= 0 && rows <= MAX_STAGED_ROWS)) {
      throw new RangeError(`${rows} staged rows: at most ${MAX_STAGED_ROWS} are allowed`)
    }
    const bytes = rows * this.dim * 4
    if (!this.#staging || this.#staging.size < bytes) {
      this.#staging?.free()
      this.#staging = this.arena.allocate(bytes)
    }
    this.#stagedRows = rows
    const from = this.#staging.address / 4
    return this.arena.f32.subarray(from, from + rows * this.dim)
  }

  /** Reserves memory for the first `rows` staged rows after the others. */
  prepare(rows: number): void {
    if (!(rows >= 0 && rows <= this.#stagedRows)) {
      throw new RangeError(`cannot commit ${rows} rows: ${this.#stagedRows} are staged`)
    }
    this.ensure(this.positions + rows)
  }

  /** Counts the first `rows` staged rows as rows. Small indexes free the staging buffer. */
  commit(rows: number): void {
    this.positions += rows
    this.#unstage()
  }

  addressOf(position: number): number {
    return this.rows + position * this.stride
  }

  /** Whether two positions hold the same bytes. */
  same(one: number, other: number): boolean {
    return sameBytes(this.arena.u8, this.addressOf(one), this.addressOf(other), this.stride)
  }

  /** Moves the last row to a removed position. */
  swapRemove(to: number): void {
    const from = this.addressOf(--this.positions)
    this.arena.u8.copyWithin(this.addressOf(to), from, from + this.stride)
  }

  section(name: string, size: number = this.positions * this.stride): IndexSection {
    return { name, bytes: this.arena.u8.subarray(this.rows, this.rows + size) }
  }

  /** Loads a saved section. `room`: the number of rows for which to reserve memory. */
  load(section: IndexSection, positions: number, room: number): void {
    this.ensure(room)
    copySection(section, this.section('', sectionLength(section)).bytes)
    this.positions = positions
  }

  /** A scan of zero rows, to be filled in. */
  static noScan(results: number): Scan {
    return { rows: 0, from: 0, to: 0, query: 0, results, least: 0, most: 0, allowed: 0 }
  }

  #unstage(): void {
    this.#stagedRows = 0
    if (this.#own) return
    this.#staging?.free()
    this.#staging = undefined
  }

  /** Reserves memory for this many rows. Staged rows stay staged. */
  ensure(rows: number): void {
    const bytes = this.#sizeOf(rows)
    if (bytes <= this.#block.size) return
    if (this.#own || bytes <= SHARED_LIMIT) this.#block.ensure(bytes)
    else this.#moveOut(bytes)
  }

  /** Whether the memory has scratch space for the threads that may borrow rows. */
  get isLendable(): boolean {
    const places = borrowers()
    return this.#own && places > 0 && this.#lentRows === undefined && this.arena.threads > places
  }

  /** Lends the rows, which must not change any longer. Undefined: they cannot be lent. */
  lend(form: string): LentRows | undefined {
    if (!this.isLendable) return undefined
    const { arena } = this
    const places = borrowers()
    const borrowerBytes = align64(this.#prefixBytes + this.#queryBytes)
    const { address } = arena.allocate(places * borrowerBytes)
    const { rows } = this
    const memory = arena.lend()
    const { threads } = arena
    return { form, memory, threads, rows, borrowers: address, borrowerBytes, place: 0 }
  }

  dispose(): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    if (!this.#own) this.#free()
    else if (this.arena.isLent) forgetArena(this.arena)
    else giveUpArena(this.arena)
  }

  /** Frees its parts of the shared arena. */
  #free(): void {
    this.#unstage()
    this.#block.free()
  }

  #sizeOf(rows: number): number {
    return this.#prefixBytes + this.#queryBytes + rows * this.stride + OVERRUN
  }

  #moveOut(bytes: number): void {
    const from = this.arena
    const to = new Arena(from.accelerator, scanThreads())
    const staging = to.allocate(Math.max(stagingBytes(this.dim), this.#staging?.size ?? 0))
    const block = to.allocate(bytes)
    if (this.#staging) {
      const { address, size } = this.#staging
      to.u8.set(from.u8.subarray(address, address + size), staging.address)
    }
    const { address, size } = this.#block
    to.u8.set(from.u8.subarray(address, address + size), block.address)
    this.#free()
    this.#staging = staging
    this.#block = block
    this.#own = true
  }
}

/** Staged rows of this size are before the rows, which can then grow in place. Larger ones are after the rows. */
function stagingBytes(dim: number): number {
  return stagedRows(dim) * dim * 4
}

export function sameBytes(u8: Uint8Array, one: number, other: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (u8[one + i] !== u8[other + i]) return false
  return true
}
