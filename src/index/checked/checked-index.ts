import { argumentError, requireObject, requirePlainObject } from '../../core/argument-error.ts'
import { givenVector } from '../../core/compare.ts'
import { describeValue, typedArrayName } from '../../core/describe-value.ts'
import { isFiniteVector, notFinite } from '../../core/finite.ts'
import type { Metric } from '../../core/metric.ts'
import { readVector } from '../../core/read-vector.ts'
import { similarityInRange } from '../../core/similarity.ts'
import {
  addVectors,
  MAX_STAGED_ROWS,
  type Candidates,
  type IndexImage,
  type IndexKind,
  type IndexStrategy,
  type InMemoryVectors,
  type SearchRequest,
  type VectorIndex,
} from '../vector-index.ts'

/**
 * An index for callers, which checks their arguments, so that the index itself does not have to. Indexes that this
 * library fills from a database are not wrapped.
 */
export class CheckedIndex implements VectorIndex {
  readonly #inner: VectorIndex
  readonly #vectors: InMemoryVectors = {
    similarity: position => this.#similarity(position),
    row: position => this.#row(position),
  }
  readonly strategy: IndexStrategy | undefined
  /** The current staging buffer, and its number of rows. */
  #staged: { readonly space: Float32Array; readonly rows: number } | undefined

  constructor(inner: VectorIndex) {
    this.#inner = inner
    const { strategy } = inner
    if (!strategy) return
    this.strategy = {
      get reason() {
        return strategy.reason
      },
      choose() {
        const other = strategy.choose()
        return other && new CheckedIndex(other)
      },
    }
  }

  get kind(): IndexKind {
    return this.#inner.kind
  }

  get metric(): Metric {
    return this.#inner.metric
  }

  get dim(): number {
    return this.#inner.dim
  }

  get positions(): number {
    return this.#inner.positions
  }

  get count(): number {
    return this.#inner.count
  }

  get bytes(): number {
    return this.#inner.bytes
  }

  get inMemoryVectors(): InMemoryVectors | undefined {
    return this.#inner.inMemoryVectors && this.#vectors
  }

  get worthSaving(): boolean {
    return this.#inner.worthSaving
  }

  get swapRemove(): ((to: number) => void) | undefined {
    const inner = this.#inner
    return (
      inner.swapRemove &&
      (to => {
        requireWhole(to, 'swapRemove()', 'to')
        inner.swapRemove!(to)
      })
    )
  }

  add(vectors: Float32Array): number {
    const given = givenVector(vectors, 'add()', 'vectors')
    if (given.length % this.dim !== 0) {
      throw new RangeError(
        `add(): got ${given.length} numbers: expected a multiple of the dimension, ${this.dim}`,
      )
    }
    return addVectors(this.#inner, given)
  }

  stagingBuffer(rows: number): Float32Array {
    requireWhole(rows, 'stagingBuffer()', 'rows', 1, MAX_STAGED_ROWS)
    const space = this.#inner.stagingBuffer(rows)
    this.#staged = { space, rows }
    return space
  }

  commit(rows: number): number {
    requireWhole(rows, 'commit()', 'rows', 0, MAX_STAGED_ROWS)
    const { dim } = this
    const staged = this.#staged
    if (!staged || rows > staged.rows) {
      throw new RangeError(
        `commit(): rows is ${rows}, but ${staged?.rows ?? 0} rows are staged: fill stagingBuffer(${rows}) first`,
      )
    }
    // Growing the memory has detached the view, and what was written into it is lost.
    if (staged.space.length === 0) {
      throw new RangeError(
        'commit(): the staging buffer is gone: call nothing else between stagingBuffer() and commit()',
      )
    }
    const given = staged.space.subarray(0, rows * dim)
    if (!isFiniteVector(given)) {
      const at = given.findIndex(number => !Number.isFinite(number))
      throw notFinite(given[at], at % dim, 'commit()', `staged row ${Math.floor(at / dim)}`)
    }
    this.#staged = undefined
    return this.#inner.commit(rows)
  }

  remove(position: number): void {
    this.#requirePosition(position, 'remove()')
    this.#inner.remove(position)
  }

  isLive(position: number): boolean {
    if (typeof position !== 'number') {
      throw argumentError('isLive()', 'position', position, 'a position')
    }
    return Number.isInteger(position) && this.#inner.isLive(position)
  }

  search(request: SearchRequest): Candidates {
    requirePlainObject('search()', 'request', request, 'an object with query and k')
    const { allowed, k, maxSimilarity, minSimilarity } = request
    const query = givenVector(request.query, 'search()', 'query')
    if (query.length !== this.dim) {
      throw new RangeError(
        `search(): the query has ${query.length} dimensions, the index has ${this.dim}`,
      )
    }
    if (typeof k !== 'number') throw argumentError('search()', 'k', k, 'an integer from 1')
    if (!(k >= 1) || !(Number.isInteger(k) || k === Infinity)) {
      throw new RangeError(`search(): k is ${k}: expected an integer from 1`)
    }
    if (allowed !== undefined) requireBitmap(allowed, this.positions)
    requireBound(minSimilarity, 'minSimilarity')
    requireBound(maxSimilarity, 'maxSimilarity')
    return this.#inner.search({ query, k, allowed, minSimilarity, maxSimilarity })
  }

  holds(position: number, vector: Float32Array): boolean {
    this.#requirePosition(position, 'holds()')
    const given = readVector(vector, 'holds()', 'vector')
    return this.#inner.isLive(position) && this.#inner.holds(position, given)
  }

  save(): IndexImage {
    return this.#inner.save()
  }

  dispose(): void {
    this.#inner.dispose()
  }

  #requirePosition(position: unknown, where: string): asserts position is number {
    const last = this.positions - 1
    if (typeof position !== 'number') {
      throw argumentError(where, 'position', position, `a position from 0 to ${last}`)
    }
    if (Number.isInteger(position) && position >= 0 && position <= last) return
    throw new RangeError(`${where}: position ${position} of ${last + 1}`)
  }

  #requireLive(position: unknown, where: string): asserts position is number {
    this.#requirePosition(position, where)
    if (!this.#inner.isLive(position)) {
      throw new RangeError(`${where}: position ${position} was removed`)
    }
  }

  #similarity(position: number): number {
    this.#requireLive(position, 'similarity()')
    const similarity = this.#requireVectors('similarity()').similarity(position)
    return similarityInRange(this.metric, similarity)
  }

  #row(position: number): Float32Array {
    this.#requireLive(position, 'row()')
    return this.#requireVectors('row()').row(position)
  }

  #requireVectors(where: string): InMemoryVectors {
    const { inMemoryVectors } = this.#inner
    if (inMemoryVectors) return inMemoryVectors
    throw new RangeError(
      `${where}: the index now keeps codes instead of vectors: create it with keepsVectors: true, or score with your own vectors`,
    )
  }
}

export function requireWhole(
  value: unknown,
  where: string,
  name: string,
  least = 0,
  most: number = Number.MAX_SAFE_INTEGER,
): asserts value is number {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
  const expected = `an integer ${range}`
  if (typeof value !== 'number') throw argumentError(where, name, value, expected)
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new RangeError(`${where}: ${name} is ${value}: expected ${expected}`)
}

function requireBitmap(allowed: unknown, positions: number): void {
  if (typedArrayName(allowed) !== 'Uint32Array') {
    throw argumentError('search()', 'allowed', allowed, 'a Uint32Array with one bit per position')
  }
  const bits = (allowed as Uint32Array).length * 32
  if (bits >= positions) return
  throw new RangeError(
    `search(): the bitmap allowed has ${bits} bits, but the index has ${positions} positions`,
  )
}

function requireBound(value: unknown, name: string): void {
  if (value === undefined || (typeof value === 'number' && !Number.isNaN(value))) return
  throw argumentError('search()', name, value, 'a similarity (a number, not NaN)')
}

/** Checks the type of an image; the index itself checks its content. */
export function requireImage(image: unknown, where: string): asserts image is IndexImage {
  const expected = 'what save() of an index returned'
  requireObject(where, 'image', image, expected)
  const { sections } = image as { sections?: unknown }
  if (!Array.isArray(sections)) {
    throw argumentError(where, 'image.sections', sections, `an array, as in ${expected},`)
  }
  for (const [i, section] of (sections as unknown[]).entries()) {
    const { name, bytes } = (section ?? {}) as { name?: unknown; bytes?: unknown }
    if (typeof name === 'string' && typedArrayName(bytes) === 'Uint8Array') continue
    throw new TypeError(
      `${where}: image.sections[${i}] has the name ${describeValue(name)} and the bytes ${describeValue(bytes)}: expected a string and a Uint8Array`,
    )
  }
}
