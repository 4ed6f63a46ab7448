import type { Arena, Block } from '../../../accelerators/arena.ts'
import type { MultiplyRequest } from '../../../accelerators/kernels.ts'
import { xorshift } from '../../../core/xorshift.ts'
import type { RotationMatrix } from './rotation.ts'

/**
 * The number of rows that are orthogonalized to each other in double precision. The kernels orthogonalize them to
 * earlier rows.
 */
const PANEL = 32
/** Each iteration turns the space of the first axes towards the directions along which the sample is longest. */
const ITERATIONS = 5
/** A vector of which projections leave less than this share lies in the space of the earlier ones. */
const LOST = 1e-3

/**
 * An orthogonal matrix whose first `leading` rows nearly span the space that holds most of the squares of a sample
 * (row-major). The other rows are orthogonal to them. Computed by subspace iteration on the matrix of second moments
 * (Halko, Martinsson and Tropp, "Finding structure with randomness", 2011), in blocks, so that the kernels do nearly
 * all of the work.
 */
export function principalAxes(
  sample: Float32Array,
  dim: number,
  leading: number,
  arena: Arena,
): RotationMatrix {
  const axes = new Axes(dim, arena)
  try {
    axes.setMoments(sample)
    axes.draw(0, leading)
    axes.orthogonalize(0, leading)
    for (let i = 0; i < ITERATIONS; i++) {
      axes.applyMoments(leading)
      axes.orthogonalize(0, leading)
    }
    axes.mix(leading)
    axes.orthogonalize(0, leading)
    axes.draw(leading, dim)
    axes.orthogonalize(leading, dim)
    const values = axes.values.slice()
    return { values, deviation: deviationOf(values, dim, arena) }
  } finally {
    axes.dispose()
  }
}

/** An upper bound of the Frobenius norm of VV' - I of a square matrix, which equals that of V'V - I. */
export function deviationOf(values: Float32Array, dim: number, arena: Arena): number {
  const matrix = arena.allocate(dim * dim * 4)
  const out = arena.allocate(dim * 8)
  try {
    const { kernels } = arena
    arena.f32.set(values, matrix.address / 4)
    const rows = { rows: matrix.address, stride: dim * 4, count: dim, dim }
    let squares = 0
    for (let row = 0; row < dim; row++) {
      const query = matrix.address + row * dim * 4
      kernels.score.dot({ ...rows, query, queryLength: 0, out: out.address })
      const dots = out.address / 8
      for (let i = 0; i < dim; i++) squares += (arena.f64[dots + i] - (i === row ? 1 : 0)) ** 2
    }
    // The double arithmetic of one entry has an error below 2^-50 dim times the lengths of its rows.
    return Math.sqrt(squares) * (1 + 2 ** -20) + dim * dim * 2 ** -50 * (1 + Math.sqrt(squares))
  } finally {
    out.free()
    matrix.free()
  }
}

/** The rows of a matrix under construction, and the memory that the kernels need beside them. */
class Axes {
  readonly #dim: number
  readonly #arena: Arena
  /** The rows; their transpose; the matrix of moments; the products of a panel. */
  readonly #rows: Block
  readonly #columns: Block
  readonly #moments: Block
  readonly #products: Block
  #random = 0x2545f491

  constructor(dim: number, arena: Arena) {
    this.#dim = dim
    this.#arena = arena
    this.#rows = arena.allocate(dim * dim * 4)
    this.#columns = arena.allocate(dim * dim * 4)
    this.#moments = arena.allocate(dim * dim * 4)
    this.#products = arena.allocate(2 * PANEL * dim * 4)
  }

  get values(): Float32Array {
    const from = this.#rows.address / 4
    return this.#arena.f32.subarray(from, from + this.#dim * this.#dim)
  }

  dispose(): void {
    for (const block of [this.#rows, this.#columns, this.#moments, this.#products]) block.free()
  }

  /** Computes the second moments of the sample, whose rows are scaled to an average length of 1. */
  setMoments(sample: Float32Array): void {
    const dim = this.#dim
    const arena = this.#arena
    const count = Math.floor(sample.length / dim)
    let squares = 0
    for (const x of sample) squares += x * x
    const scale = squares > 0 ? 1 / Math.sqrt(squares / count) : 0
    const transposed = arena.allocate(dim * count * 4)
    const { f32 } = arena
    for (let i = 0; i < dim; i++) {
      const to = transposed.address / 4 + i * count
      for (let row = 0; row < count; row++) f32[to + row] = sample[row * dim + i] * scale
    }
    const stride = count * 4
    // The matrix is symmetric, so of each block of rows only the part from the diagonal on is computed.
    for (let row = 0; row < dim; row += PANEL) {
      const rows = Math.min(PANEL, dim - row)
      this.#multiply({
        a: transposed.address + row * stride,
        aStride: stride,
        rows,
        b: transposed.address + row * stride,
        bStride: stride,
        columns: dim - row,
        dim: count,
        out: this.#moments.address + (row * dim + row) * 4,
      })
    }
    transposed.free()
    const at = this.#moments.address / 4
    for (let i = 0; i < dim; i++) {
      for (let j = 0; j < i; j++) f32[at + i * dim + j] = f32[at + j * dim + i]
    }
  }

  /** Fills rows from..to-1 with random numbers. */
  draw(from: number, to: number): void {
    const { values } = this
    for (let i = from * this.#dim; i < to * this.#dim; i++) values[i] = this.#draw()
  }

  /** Multiplies the first rows by the matrix of moments. */
  applyMoments(rows: number): void {
    const dim = this.#dim
    this.#multiply({
      a: this.#rows.address,
      aStride: dim * 4,
      rows,
      b: this.#moments.address,
      bStride: dim * 4,
      columns: dim,
      dim,
      out: this.#columns.address,
    })
    const from = this.#columns.address / 4
    this.#arena.f32.copyWithin(this.#rows.address / 4, from, from + rows * dim)
  }

  /**
   * Replaces the first rows by random combinations of themselves. They span the same space, but the length of a row is
   * spread over them. The longest coordinate determines the quantization step of all.
   */
  mix(rows: number): void {
    const dim = this.#dim
    const stride = dim * 4
    const weights = this.#moments.address
    const { f32 } = this.#arena
    for (let i = 0; i < rows * dim; i++) f32[weights / 4 + i] = this.#draw()
    const columns = { b: this.#columns.address, bStride: stride, columns: dim }
    this.#multiply({
      a: weights,
      aStride: stride,
      rows,
      ...columns,
      dim: rows,
      out: this.#rows.address,
    })
  }

  /** Makes rows from..to-1 orthonormal, and orthogonal to all earlier rows, which are already orthonormal. */
  orthogonalize(from: number, to: number): void {
    for (let first = from; first < to; first += PANEL) {
      const end = Math.min(to, first + PANEL)
      // Two passes are enough: one pass leaves what rounding has made of a small remainder.
      for (let time = 0; time < 2; time++) {
        if (first > 0) this.#project(first, end)
        this.#orthogonalizePanel(first, end)
      }
      this.#transpose(first, end)
    }
  }

  /** Removes from rows first..end-1 the components in the space of the earlier rows. */
  #project(first: number, end: number): void {
    const dim = this.#dim
    const { f32 } = this.#arena
    const panel = this.#rows.address + first * dim * 4
    const products = this.#products.address
    const sums = products + PANEL * dim * 4
    const rows = end - first
    const stride = dim * 4
    const own = { a: panel, aStride: stride, rows, b: this.#rows.address, bStride: stride }
    this.#multiply({ ...own, columns: first, dim, out: products })
    const parts = { a: products, aStride: stride, rows, b: this.#columns.address, bStride: stride }
    this.#multiply({ ...parts, columns: dim, dim: first, out: sums })
    for (let i = 0; i < rows * dim; i++) f32[panel / 4 + i] -= f32[sums / 4 + i]
  }

  #orthogonalizePanel(first: number, end: number): void {
    const dim = this.#dim
    const { values } = this
    const panel = Float64Array.from(values.subarray(first * dim, end * dim))
    for (let row = 0; row < end - first; row++) {
      const x = panel.subarray(row * dim, (row + 1) * dim)
      const before = lengthOf(x)
      for (let other = 0; other < row; other++) {
        const y = panel.subarray(other * dim, (other + 1) * dim)
        let dot = 0
        for (let i = 0; i < dim; i++) dot += x[i] * y[i]
        for (let i = 0; i < dim; i++) x[i] -= dot * y[i]
      }
      const after = lengthOf(x)
      // Any other direction will do: no part of the sample lies along it.
      if (!(after > before * LOST)) for (let i = 0; i < dim; i++) x[i] = this.#draw()
      const length = lengthOf(x)
      for (let i = 0; i < dim; i++) x[i] /= length
    }
    values.set(panel, first * dim)
  }

  #transpose(first: number, end: number): void {
    const dim = this.#dim
    const { f32 } = this.#arena
    const rows = this.#rows.address / 4
    const columns = this.#columns.address / 4
    for (let row = first; row < end; row++) {
      for (let i = 0; i < dim; i++) f32[columns + i * dim + row] = f32[rows + row * dim + i]
    }
  }

  #multiply(request: Omit<MultiplyRequest, 'outStride'>): void {
    this.#arena.kernels.multiply({ ...request, outStride: this.#dim * 4 })
  }

  /** A number from -1 to 1, by xorshift: the same sample gives the same matrix. */
  #draw(): number {
    this.#random = xorshift(this.#random)
    return this.#random / 2 ** 31
  }
}

function lengthOf(x: Float64Array): number {
  let squares = 0
  for (const value of x) squares += value * value
  return Math.sqrt(squares)
}
