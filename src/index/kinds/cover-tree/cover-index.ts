import { VecError } from '../../../core/errors.ts'
import type { Metric } from '../../../core/metric.ts'
import { addVectors, MAX_STAGED_ROWS, SMALL_INDEX } from '../../vector-index.ts'
import type {
  Candidates,
  IndexImage,
  InMemoryVectors,
  SearchRequest,
  VectorIndex,
} from '../../vector-index.ts'
import { buildTree } from './cover-build.ts'
import { coverSections, imageShape, loadCover } from './cover-image.ts'
import { CoverNodes } from './cover-nodes.ts'
import { coverShape } from './cover-options.ts'
import type { CoverOptions, CoverShape } from './cover-options.ts'
import { CoverRows, NO_SLOT } from './cover-rows.ts'
import { CoverSearch } from './cover-search.ts'
import { coverSpace } from './cover-space.ts'

/**
 * The maximum number of rows in the unindexed tail: scanning them is cheaper than building a tree for every few rows.
 */
const MAX_TAIL_ROWS = 256

/**
 * Creates an empty cover tree. Throws VecError VEC_OPTION for options it does not support, above all the dot product.
 */
export function createCoverIndex(options: CoverOptions): VectorIndex {
  return new CoverIndex(coverShape(options))
}

/** Restores a cover tree from its image, whose bytes are copied. Throws VecError VEC_STORAGE for a damaged image. */
export function restoreCoverIndex(image: IndexImage): VectorIndex {
  const index = new CoverIndex(imageShape(image))
  index.load(image)
  return index
}

/**
 * New rows form an unindexed tail. A search or a save that finds too many of them builds a tree of them, together with
 * the youngest trees that are at most twice as large. The result is a forest whose trees shrink geometrically.
 */
class CoverIndex implements VectorIndex, InMemoryVectors {
  readonly kind = 'cover'
  readonly #shape: CoverShape
  readonly #rows: CoverRows
  readonly #nodes: CoverNodes
  readonly #search: CoverSearch
  /** The sizes of the trees. They fill the slots from 0 on; the unindexed tail follows. */
  #trees: number[] = []
  #staged = 0
  #disposed = false

  constructor(shape: CoverShape) {
    this.#shape = shape
    this.#rows = new CoverRows(coverSpace(shape.metric, shape.dim)!)
    this.#nodes = new CoverNodes(shape.bound)
    this.#search = new CoverSearch(this.#rows, this.#nodes)
  }

  get metric(): Metric {
    return this.#shape.metric
  }

  get dim(): number {
    return this.#shape.dim
  }

  get positions(): number {
    return this.#rows.positions
  }

  get count(): number {
    return this.#rows.count
  }

  get bytes(): number {
    return this.#rows.bytes + this.#nodes.bytes + this.#search.bytes
  }

  get worthSaving(): boolean {
    // A row of few numbers takes as long to place as a row of ten.
    return this.count * (this.dim * 4 + 40) > SMALL_INDEX
  }

  get inMemoryVectors(): InMemoryVectors {
    return this
  }

  add(vectors: Float32Array): number {
    return addVectors(this, vectors)
  }

  stagingBuffer(rows: number): Float32Array {
    this.#requireAlive()
    if (!Number.isInteger(rows) || rows < 1 || rows > MAX_STAGED_ROWS) {
      throw new RangeError(`rows must be an integer from 1 to ${MAX_STAGED_ROWS}, got ${rows}`)
    }
    this.#rows.reserve(rows)
    this.#staged = rows
    const { values, slots, dim } = this.#rows
    return values.subarray(slots * dim, (slots + rows) * dim)
  }

  commit(rows: number): number {
    if (!Number.isInteger(rows) || rows < 0 || rows > this.#staged) {
      throw new RangeError(`${this.#staged} rows are staged, cannot commit ${rows}`)
    }
    this.#staged = 0
    const first = this.#rows.positions
    this.#rows.commit(rows)
    return first
  }

  remove(position: number): void {
    this.#requireAlive()
    if (!Number.isInteger(position) || position < 0 || position >= this.positions) {
      throw new RangeError(`position ${position} of ${this.positions}`)
    }
    this.#staged = 0
    if (this.isLive(position)) this.#rows.remove(position)
  }

  isLive(position: number): boolean {
    return this.#rows.isLive(position)
  }

  search(request: SearchRequest): Candidates {
    this.#requireAlive()
    const { query, k, allowed } = request
    const { dim, positions } = this.#rows
    if (query.length !== dim) {
      throw new RangeError(`the query has ${query.length} dimensions, the index has ${dim}`)
    }
    if (!(k >= 1)) throw new RangeError(`k must be at least 1, got ${k}`)
    if (allowed !== undefined && allowed.length * 32 < positions) {
      throw new RangeError(`allowed has ${allowed.length * 32} bits for ${positions} positions`)
    }
    this.#staged = 0
    this.#build(MAX_TAIL_ROWS)
    const roots: number[] = []
    let slot = 0
    for (const size of this.#trees) {
      roots.push(slot)
      slot += size
    }
    return this.#search.run(request, roots, slot)
  }

  similarity(position: number): number {
    const { query } = this.#search
    if (query.length === 0) throw new Error('call search() before similarity()')
    if (!this.isLive(position)) throw new RangeError(`position ${position} is not live`)
    const slot = this.#rows.slotOf[position]
    // A row without a slot has length zero, for which cosine is undefined.
    return slot === NO_SLOT ? NaN : this.#rows.space.metric.similarity(query, this.#rows.row(slot))
  }

  row(position: number): Float32Array {
    this.#requireAlive()
    if (!this.isLive(position)) throw new RangeError(`position ${position} is not live`)
    const slot = this.#rows.slotOf[position]
    // A row without a slot has length zero.
    return slot === NO_SLOT ? new Float32Array(this.dim) : this.#rows.row(slot)
  }

  holds(position: number, vector: Float32Array): boolean {
    this.#requireAlive()
    if (vector.length !== this.dim || !this.isLive(position)) return false
    const slot = this.#rows.slotOf[position]
    // A row without a slot has length zero.
    if (slot === NO_SLOT) return vector.every(number => number === 0)
    const row = this.#rows.row(slot)
    return vector.every((number, i) => Object.is(number, row[i]))
  }

  save(): IndexImage {
    this.#requireAlive()
    this.#staged = 0
    this.#build(0)
    const { metric, dim, positions, count } = this
    const sections = coverSections(this.#shape, this.#rows, this.#nodes, this.#trees)
    return { kind: 'cover', metric, dim, positions, count, sections }
  }

  load(image: IndexImage): void {
    this.#trees = loadCover(image, this.#rows, this.#nodes)
  }

  dispose(): void {
    this.#disposed = true
    this.#trees = []
    this.#staged = 0
    this.#rows.clear()
    this.#nodes.clear()
  }

  #requireAlive(): void {
    if (this.#disposed) throw new VecError('VEC_CLOSED', 'the index was used after it was disposed')
  }

  /** Builds trees until the unindexed tail has at most `tail` rows. */
  #build(tail: number): void {
    const trees = this.#trees
    let start = trees.reduce((sum, size) => sum + size, 0)
    if (this.#rows.slots - start <= tail) return
    for (;;) {
      const youngest = trees.at(-1) ?? Infinity
      if (youngest > 2 * (this.#rows.slots - start)) break
      start -= youngest
      trees.pop()
    }
    this.#rows.compact(start)
    buildTree(this.#rows, this.#nodes, this.#shape.base, start)
    if (this.#rows.slots > start) trees.push(this.#rows.slots - start)
  }
}
