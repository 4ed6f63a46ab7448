import { align16, Arena, sharedArena } from '../../../accelerators/arena.ts'
import type { Block } from '../../../accelerators/arena.ts'
import type { KernelKind } from '../../../accelerators/kernels.ts'
import { MAX_STAGED_ROWS } from '../../vector-index.ts'

/** Above this a block gets an arena of its own, which goes when it goes. */
const SHARED_LIMIT = 1 << 20

/** Staged rows stand before the rows, which can so grow in place; more than this and they stand behind. */
const STAGING_LIMIT = 1 << 24

/** A kernel may load a whole vector where the last row has less left. */
const OVERRUN = 16

/**
 * Rows of one index in an arena: a query, then rows of `stride` bytes, in one block; staged floats in another. Addresses
 * hold until the next `stage` or `ensure`.
 */
export class RowBlock {
  readonly dim: number
  readonly stride: number
  readonly #queryBytes: number
  #block: Block
  #staging: Block | undefined
  #own: boolean
  #stagedRows = 0

  constructor(
    dim: number,
    stride: number,
    queryBytes: number,
    expectedRows: number,
    kernels: KernelKind | undefined,
  ) {
    this.dim = dim
    this.stride = stride
    this.#queryBytes = align16(queryBytes)
    const bytes = this.#sizeOf(expectedRows)
    this.#own = bytes > SHARED_LIMIT
    const arena = this.#own ? new Arena(kernels) : sharedArena(kernels)
    if (this.#own) this.#staging = arena.allocate(stagingBytes(dim))
    this.#block = arena.allocate(bytes)
    this.arena.u8.fill(0, this.query, this.rows)
  }

  get arena(): Arena {
    return this.#block.arena
  }

  get query(): number {
    return this.#block.address
  }

  get rows(): number {
    return this.#block.address + this.#queryBytes
  }

  get staged(): number {
    return this.#staging?.address ?? 0
  }

  get bytes(): number {
    return this.#own ? this.arena.bytes : this.#block.size + (this.#staging?.size ?? 0)
  }

  stage(rows: number): Float32Array {
    if (!(rows >= 0 && rows <= MAX_STAGED_ROWS)) {
      throw new RangeError(`${rows} staged rows, at most ${MAX_STAGED_ROWS} are taken`)
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

  /** Room for the first `rows` staged rows behind `positions` others. */
  prepare(positions: number, rows: number): void {
    if (!(rows >= 0 && rows <= this.#stagedRows)) {
      throw new RangeError(`${rows} rows to append, ${this.#stagedRows} are staged`)
    }
    this.ensure(positions + rows)
  }

  /** The staged rows are taken: small indexes give the space back. */
  unstage(): void {
    this.#stagedRows = 0
    if (this.#own) return
    this.#staging?.free()
    this.#staging = undefined
  }

  /** Room for so many rows. Staged rows stay staged. */
  ensure(rows: number): void {
    const bytes = this.#sizeOf(rows)
    if (bytes <= this.#block.size) return
    if (this.#own || bytes <= SHARED_LIMIT) this.#block.ensure(bytes)
    else this.#moveOut(bytes)
  }

  dispose(): void {
    if (this.#own) return
    this.unstage()
    this.#block.free()
  }

  #sizeOf(rows: number): number {
    return this.#queryBytes + rows * this.stride + OVERRUN
  }

  #moveOut(bytes: number): void {
    const from = this.arena
    const to = new Arena(from.kind)
    const staging = to.allocate(Math.max(stagingBytes(this.dim), this.#staging?.size ?? 0))
    const block = to.allocate(bytes)
    if (this.#staging) {
      const { address, size } = this.#staging
      to.u8.set(from.u8.subarray(address, address + size), staging.address)
    }
    const { address, size } = this.#block
    to.u8.set(from.u8.subarray(address, address + size), block.address)
    this.dispose()
    this.#staging = staging
    this.#block = block
    this.#own = true
  }
}

function stagingBytes(dim: number): number {
  return Math.min(MAX_STAGED_ROWS * dim * 4, STAGING_LIMIT)
}
