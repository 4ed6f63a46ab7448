import { align16, type Arena } from '../../../accelerators/arena.ts'
import type { MultiplyRequest } from '../../../accelerators/kernels.ts'
import { isFiniteVector } from '../../../core/embedding.ts'
import type { IndexSection } from '../../vector-index.ts'

/** The section of a saved matrix. */
export const AXES = 'axes'

/** The number of rows that are rotated at once. */
const BATCH = 64
/**
 * Vectors of lengths outside this range are not rotated in single precision: their products could overflow, or lose
 * their last bits.
 */
const SHORTEST: number = 2 ** -40
const LONGEST: number = 2 ** 40

/** A matrix that rotates rows, and its deviation from one that preserves all dot products. */
export interface RotationMatrix {
  /** dim x dim, row-major: the new coordinates are dot products with its rows. */
  readonly values: Float32Array
  /** An upper bound of the spectral norm of V'V - I. */
  readonly deviation: number
}

/**
 * Rotates vectors into other coordinates, so that a few of these hold most of their length. Any matrix gives correct
 * bounds: `spread` covers the effect of the rotation on a dot product or a distance (docs/exact-index.md, "Turned
 * rows").
 */
export class Rotation {
  readonly matrix: RotationMatrix
  /**
   * The change of a dot product when both vectors are rotated, as a share of the product of their lengths; for a
   * distance, of the sum of their lengths.
   */
  readonly spread: number
  readonly #dim: number
  readonly #request: MultiplyRequest
  /** The last query and its new coordinates: an index and its clusters ask for the same. */
  #query = new Float32Array(0)
  #turned = new Float32Array(0)

  constructor(matrix: RotationMatrix, dim: number) {
    this.matrix = matrix
    this.#dim = dim
    this.spread = spreadOf(matrix, dim)
    const stride = dim * 4
    this.#request = {
      a: 0,
      aStride: stride,
      rows: 0,
      b: 0,
      bStride: stride,
      columns: dim,
      dim,
      out: 0,
      outStride: stride,
    }
  }

  /** Restores a saved section; undefined for any other bytes. */
  static restore(bytes: Uint8Array, dim: number): Rotation | undefined {
    if (bytes.length !== Rotation.savedBytes(dim)) return undefined
    const copy = bytes.slice()
    const [deviation] = new Float64Array(copy.buffer, 0, 1)
    const values = new Float32Array(copy.buffer, 8)
    if (!(deviation >= 0) || !isFiniteVector(values)) return undefined
    return new Rotation({ values, deviation }, dim)
  }

  static savedBytes(dim: number): number {
    return 8 + dim * dim * 4
  }

  section(): IndexSection {
    const { deviation, values } = this.matrix
    const bytes = new Uint8Array(8 + values.byteLength)
    new Float64Array(bytes.buffer, 0, 1)[0] = deviation
    new Float32Array(bytes.buffer, 8).set(values)
    return { name: AXES, bytes }
  }

  /** The bytes it needs in the arena of the rows, a multiple of 16: for the matrix, and for rotated rows. */
  static bytes(dim: number): number {
    return align16((dim + BATCH) * dim * 4)
  }

  /** Copies the matrix to where `turn` reads it. */
  place({ f32 }: Arena, address: number): void {
    f32.set(this.matrix.values, address / 4)
  }

  /** Rotates `count` rows in place. `placed`: the address of the matrix. */
  turn({ f32, kernels }: Arena, placed: number, rows: number, count: number): void {
    const dim = this.#dim
    const request = this.#request
    request.b = placed
    request.out = placed + dim * dim * 4
    for (let done = 0; done < count; done += BATCH) {
      request.a = rows + done * dim * 4
      request.rows = Math.min(BATCH, count - done)
      kernels.multiply(request)
      f32.copyWithin(request.a / 4, request.out / 4, request.out / 4 + request.rows * dim)
    }
  }

  /** The rotated query: in single precision if that cannot overflow, in double otherwise. */
  turned(query: Float32Array, length: number, arena: Arena, placed: number): ArrayLike<number> {
    const dim = this.#dim
    if (length !== 0 && !canTurn(length)) return inDouble(this.matrix.values, query)
    if (areEqual(query, this.#query)) return this.#turned
    // After the first of the rotated rows, which `turn` writes.
    const at = placed / 4 + (dim + 1) * dim
    arena.f32.set(query, at)
    this.turn(arena, placed, at * 4, 1)
    this.#query = query.slice()
    this.#turned = arena.f32.slice(at, at + dim)
    return this.#turned
  }
}

/** Whether a vector of this length is rotated in single precision. */
export function canTurn(length: number): boolean {
  return length >= SHORTEST && length <= LONGEST
}

function areEqual(one: Float32Array, other: Float32Array): boolean {
  if (one.length !== other.length) return false
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false
  return true
}

function inDouble(matrix: Float32Array, query: Float32Array): Float64Array {
  const dim = query.length
  return Float64Array.from({ length: dim }, (_, row) => {
    let sum = 0
    for (let i = 0; i < dim; i++) sum += matrix[row * dim + i] * query[i]
    return sum
  })
}

function spreadOf({ values, deviation }: RotationMatrix, dim: number): number {
  let squares = 0
  for (const value of values) squares += value * value
  const roundings = (Math.ceil(dim / 4) + 4) * 2 ** -24
  const turning = ((roundings / (1 - roundings)) * Math.sqrt(squares) + 2 ** -80) * (1 + 2 ** -20)
  return (deviation + 2 * (1 + deviation) * turning + turning * turning) * (1 + 2 ** -20)
}
