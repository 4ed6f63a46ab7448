import { Arena, type Block } from '../accelerators/arena.ts'
import type { MultiplyRequest } from '../accelerators/kernels.ts'
import { metricOf, type Metric } from '../core/metric.ts'

/** Rows that are compared at once with so many others. */
const ROWS = 256
const COLUMNS = 512
/** Fewer rows than these are all compared with each other: that takes a moment. */
const FEW = 2000
const MOST_CELLS = 1024
/** Rows of the sample for each cell, and how often the centres of the cells move. */
const SAMPLED = 24
const MOVES = 3
/** A cell with this many times the usual number of rows is divided, so that equal rows do not all meet each other. */
const LARGE = 4
/** Cells that each row visits at most. */
const MOST_VISITS = 24
/** Rows that are compared exactly in the end: products of single precision do not tell nearly equal ones apart. */
const KEPT = 3
const NONE = -1

/** Vectors, row-major. With a directional metric, none is of length zero. */
export interface Vectors {
  readonly values: Float32Array
  readonly dim: number
  readonly count: number
  readonly metric: Metric
}

/**
 * For each vector the nearest other one, or nearly so. The vectors are put into cells around some 300 centres, and each is
 * compared with those of the cells that are nearest to it, one more cell in each round. Where the nearest was found in a
 * round may be tried by its caller, who goes on until enough are.
 */
export class NearestOthers {
  readonly #vectors: Vectors
  readonly #arena = new Arena()
  readonly #rows: Block
  readonly #columns: Block
  readonly #products: Block
  readonly #request: MultiplyRequest
  /** A key is the product times the scale of the other row, less its offset: the higher, the nearer. */
  readonly #scales: Float64Array
  readonly #offsets: Float64Array
  /** The nearest others of each row so far, by key, in no order. */
  readonly #keys: Float32Array
  readonly #others: Int32Array
  readonly #cellCount: number
  readonly #visits: number
  /** For each row the cells that it visits, the nearest first. */
  #cells = new Uint16Array(0)
  /** The rows of each cell. */
  #members: Uint32Array[] = []

  constructor(vectors: Vectors) {
    this.#vectors = vectors
    const { count, dim, metric } = vectors
    const stride = dim * 4
    this.#cellCount =
      count <= FEW ? 1 : Math.min(MOST_CELLS, Math.max(2, Math.round(Math.sqrt(count))))
    this.#visits = Math.min(this.#cellCount, MOST_VISITS)
    const columns = Math.max(COLUMNS, this.#cellCount)
    this.#rows = this.#arena.allocate(ROWS * stride)
    this.#columns = this.#arena.allocate(columns * stride)
    this.#products = this.#arena.allocate(ROWS * columns * 4)
    this.#request = {
      a: this.#rows.address,
      aStride: stride,
      rows: 0,
      b: this.#columns.address,
      bStride: stride,
      columns: 0,
      dim,
      out: this.#products.address,
      outStride: columns * 4,
    }
    this.#scales = new Float64Array(count).fill(1)
    this.#offsets = new Float64Array(count)
    const { directional, kernels } = metricOf(metric)
    for (let row = 0; row < count; row++) {
      const square = this.#squareOf(row)
      if (directional) this.#scales[row] = 1 / Math.sqrt(square)
      // Minus half of the squared distance, but for what all others have in common.
      else if (kernels.scan !== 'dot') this.#offsets[row] = square / 2
    }
    this.#keys = new Float32Array(count * KEPT).fill(-Infinity)
    this.#others = new Int32Array(count * KEPT).fill(NONE)
  }

  /** How often `round` can be called. */
  get rounds(): number {
    return this.#visits
  }

  /** Puts the rows into cells, in parts of some milliseconds. Each says how much is done. */
  *divide(): Generator<number, void> {
    const { count } = this.#vectors
    const all = Uint32Array.from({ length: count }, (_, row) => row)
    if (this.#cellCount === 1) {
      this.#cells = new Uint16Array(count)
      this.#members = [all]
      return
    }
    const centres = yield* this.#centres()
    this.#cells = new Uint16Array(count * this.#visits)
    for (let first = 0; first < count; first += ROWS) {
      const rows = all.subarray(first, first + ROWS)
      const keyOf = this.#compareWith(centres, rows)
      for (const [i, row] of rows.entries()) this.#rank(row, cell => keyOf(i, cell))
      yield 0.3 + (0.7 * first) / count
    }
    this.#members = this.#divided()
  }

  /** Compares each row with one more cell. */
  *round(number: number): Generator<number, void> {
    const { count } = this.#vectors
    const visitors = this.#visitorsOf(number)
    let done = 0
    for (const [cell, rows] of visitors.entries()) {
      const members = this.#members[cell]
      for (let first = 0; first < rows.length; first += ROWS) {
        const block = rows.subarray(first, first + ROWS)
        this.#gather(block, this.#rows)
        for (let from = 0; from < members.length; from += COLUMNS) {
          this.#compare(block, members.subarray(from, from + COLUMNS))
          yield done / count
        }
        done += block.length
      }
    }
  }

  /** The nearest other row that was found, and how similar it is; undefined if there was none. */
  nearest(row: number): { readonly other: number; readonly similarity: number } | undefined {
    const { similarity } = metricOf(this.#vectors.metric)
    let best: { other: number; similarity: number } | undefined
    for (let at = row * KEPT; at < (row + 1) * KEPT; at++) {
      const other = this.#others[at]
      if (other === NONE) continue
      const value = similarity(this.#vector(row), this.#vector(other))
      if (best === undefined || value > best.similarity) best = { other, similarity: value }
    }
    return best
  }

  #vector(row: number): Float32Array {
    const { dim, values } = this.#vectors
    return values.subarray(row * dim, (row + 1) * dim)
  }

  #squareOf(row: number): number {
    const { dim, values } = this.#vectors
    let square = 0
    for (let at = row * dim; at < (row + 1) * dim; at++) square += values[at] * values[at]
    return square
  }

  /** Means of near rows, by k-means over a sample. */
  *#centres(): Generator<number, Float32Array> {
    const { count, dim, metric } = this.#vectors
    const cells = this.#cellCount
    const centres = new Float32Array(cells * dim)
    for (let cell = 0; cell < cells; cell++)
      centres.set(this.#vector(Math.floor((cell * count) / cells)), cell * dim)
    const size = Math.min(count, cells * SAMPLED)
    // Between the first centres, and not these alone.
    const sample = Uint32Array.from({ length: size }, (_, i) =>
      Math.floor(((i + 0.5) * count) / size),
    )
    for (let move = 0; move < MOVES; move++) {
      const sums = new Float64Array(cells * dim)
      const sizes = new Uint32Array(cells)
      for (let first = 0; first < size; first += ROWS) {
        const rows = sample.subarray(first, first + ROWS)
        const keyOf = this.#compareWith(centres, rows)
        for (const [i, row] of rows.entries()) {
          const cell = highest(cells, each => keyOf(i, each))
          // Of rows that are compared by direction, each counts as much as another.
          const scale = metricOf(metric).directional ? this.#scales[row] : 1
          const vector = this.#vector(row)
          for (let j = 0; j < dim; j++) sums[cell * dim + j] += vector[j] * scale
          sizes[cell]++
        }
        yield 0.3 * ((move + first / size) / MOVES)
      }
      for (let cell = 0; cell < cells; cell++) {
        if (sizes[cell] === 0) continue
        for (let j = 0; j < dim; j++) centres[cell * dim + j] = sums[cell * dim + j] / sizes[cell]
      }
    }
    return centres
  }

  /** Multiplies rows with the centres of the cells, and returns the key of each pair. */
  #compareWith(centres: Float32Array, rows: Uint32Array): (row: number, cell: number) => number {
    const { dim, metric } = this.#vectors
    const cells = this.#cellCount
    this.#gather(rows, this.#rows)
    const { f32 } = this.#arena
    f32.set(centres, this.#columns.address / 4)
    this.#multiply(rows.length, cells)
    // An inner product is not a distance: such rows are near by direction.
    const byDirection = metricOf(metric).kernels.scan === 'dot'
    const scales = new Float64Array(cells).fill(1)
    const offsets = new Float64Array(cells)
    for (let cell = 0; cell < cells; cell++) {
      let square = 0
      for (let j = cell * dim; j < (cell + 1) * dim; j++) square += centres[j] * centres[j]
      if (!byDirection) offsets[cell] = square / 2
      else if (square > 0) scales[cell] = 1 / Math.sqrt(square)
    }
    const width = this.#request.outStride / 4
    const start = this.#products.address / 4
    return (row, cell) => f32[start + row * width + cell] * scales[cell] - offsets[cell]
  }

  /** Notes the cells that are nearest to a row. */
  #rank(row: number, keyOf: (cell: number) => number): void {
    const visits = this.#visits
    const first = row * visits
    const keys = new Float64Array(visits).fill(-Infinity)
    for (let cell = 0; cell < this.#cellCount; cell++) {
      const key = keyOf(cell)
      if (!(key > keys[visits - 1]) && cell >= visits) continue
      let at = Math.min(cell, visits - 1)
      for (; at > 0 && keys[at - 1] < key; at--) {
        keys[at] = keys[at - 1]
        this.#cells[first + at] = this.#cells[first + at - 1]
      }
      keys[at] = key
      this.#cells[first + at] = cell
    }
  }

  /** The rows of each cell. Cells that are too large are divided, and their rows meet only those of the same part. */
  #divided(): Uint32Array[] {
    const { count } = this.#vectors
    const visits = this.#visits
    const most = Math.ceil((LARGE * count) / this.#cellCount)
    const members = this.#visitorsOf(0)
    const parts = members.map((rows, cell) => {
      const numbers = [cell]
      for (let from = most; from < rows.length; from += most)
        numbers.push(members.push(rows.subarray(from, from + most)) - 1)
      members[cell] = rows.subarray(0, most)
      return numbers
    })
    for (const [cell, numbers] of parts.entries()) {
      if (numbers.length === 1) continue
      for (const part of numbers.slice(1))
        for (const row of members[part]) this.#cells[row * visits] = part
      for (let at = 0; at < this.#cells.length; at++)
        if (at % visits !== 0 && this.#cells[at] === cell)
          this.#cells[at] = numbers[Math.floor(at / visits) % numbers.length]
    }
    return members
  }

  /** For each cell the rows that visit it in a round. */
  #visitorsOf(round: number): Uint32Array[] {
    const { count } = this.#vectors
    const visits = this.#visits
    const cells = Math.max(this.#cellCount, this.#members.length)
    const sizes = new Uint32Array(cells)
    for (let row = 0; row < count; row++) sizes[this.#cells[row * visits + round]]++
    const visitors = Array.from(sizes, size => new Uint32Array(size))
    sizes.fill(0)
    for (let row = 0; row < count; row++) {
      const cell = this.#cells[row * visits + round]
      visitors[cell][sizes[cell]++] = row
    }
    return visitors
  }

  #gather(rows: Uint32Array, to: Block): void {
    const { dim } = this.#vectors
    const { f32 } = this.#arena
    let at = to.address / 4
    for (const row of rows) {
      f32.set(this.#vector(row), at)
      at += dim
    }
  }

  #multiply(rows: number, columns: number): void {
    this.#request.rows = rows
    this.#request.columns = columns
    this.#arena.kernels.multiply(this.#request)
  }

  /** Compares the gathered rows with others, and keeps the nearest. */
  #compare(rows: Uint32Array, others: Uint32Array): void {
    this.#gather(others, this.#columns)
    this.#multiply(rows.length, others.length)
    const { f32 } = this.#arena
    const width = this.#request.outStride / 4
    const scales = Float64Array.from(others, other => this.#scales[other])
    const offsets = Float64Array.from(others, other => this.#offsets[other])
    for (const [i, row] of rows.entries()) {
      const from = this.#products.address / 4 + i * width
      let worst = this.#worstOf(row)
      let least = this.#keys[worst]
      for (let j = 0; j < others.length; j++) {
        const key = f32[from + j] * scales[j] - offsets[j]
        if (!(key > least) || others[j] === row) continue
        this.#keys[worst] = key
        this.#others[worst] = others[j]
        worst = this.#worstOf(row)
        least = this.#keys[worst]
      }
    }
  }

  /** The place of the kept row that is farthest. */
  #worstOf(row: number): number {
    let worst = row * KEPT
    for (let at = worst + 1; at < (row + 1) * KEPT; at++)
      if (this.#keys[at] < this.#keys[worst]) worst = at
    return worst
  }
}

/** The number of those below `count` with the highest value. */
function highest(count: number, valueOf: (each: number) => number): number {
  let best = 0
  let most = -Infinity
  for (let each = 0; each < count; each++) {
    const value = valueOf(each)
    if (value > most) {
      most = value
      best = each
    }
  }
  return best
}
