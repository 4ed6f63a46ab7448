import { argumentError, requireObject } from '../../core/argument-error.ts'
import { givenVector } from '../../core/compare.ts'
import { describeValue, typedArrayName } from '../../core/describe-value.ts'
import { isFiniteVector, notFinite } from '../../core/finite.ts'
import type { Metric } from '../../core/metric.ts'
import { readVector } from '../../core/read-vector.ts'
import { similarityInRange } from '../../core/similarity.ts'
import {
  MAX_STAGED_ROWS,
  type Candidates,
  type IndexImage,
  type IndexKind,
  type SearchRequest,
  type VectorIndex,
} from '../vector-index.ts'

/**
 * An index in the hands of a caller: what is given to it is checked here, so that the index need not. Indexes that this
 * library fills from a database are not wrapped.
 */
export class CheckedIndex implements VectorIndex {
  readonly #inner: VectorIndex
  readonly settle?: () => VectorIndex | undefined
  /** The space that was handed out, and for how many rows. */
  #staged: { readonly space: Float32Array; readonly rows: number } | undefined

  constructor(inner: VectorIndex) {
    this.#inner = inner
    if (!inner.settle) return
    this.settle = () => {
      const other = inner.settle!()
      return other && new CheckedIndex(other)
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

  get resident(): boolean {
    return this.#inner.resident
  }

  get worthSaving(): boolean {
    return this.#inner.worthSaving
  }

  get why(): string | undefined {
    return this.#inner.why
  }

  get moveLast(): ((to: number) => void) | undefined {
    const inner = this.#inner
    return (
      inner.moveLast &&
      (to => {
        requireWhole(to, 'moveLast()', 'to')
        inner.moveLast!(to)
      })
    )
  }

  stage(rows: number): Float32Array {
    requireWhole(rows, 'stage()', 'rows', 1, MAX_STAGED_ROWS)
    const space = this.#inner.stage(rows)
    this.#staged = { space, rows }
    return space
  }

  append(rows: number): number {
    requireWhole(rows, 'append()', 'rows', 0, MAX_STAGED_ROWS)
    const { dim } = this
    const staged = this.#staged
    if (!staged || rows > staged.rows) {
      throw new RangeError(
        `append(): rows is ${rows}: stage(${rows}) hands out the space to fill before, ${staged?.rows ?? 0} rows are staged`,
      )
    }
    // Memory that grew has left the view empty, and what was written into it is nowhere.
    if (staged.space.length === 0) {
      throw new RangeError(
        'append(): the staged space is gone: call nothing else between stage() and append()',
      )
    }
    const given = staged.space.subarray(0, rows * dim)
    if (!isFiniteVector(given)) {
      const at = given.findIndex(number => !Number.isFinite(number))
      throw notFinite(given[at], at % dim, 'append()', `staged row ${Math.floor(at / dim)}`)
    }
    this.#staged = undefined
    return this.#inner.append(rows)
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
    requireObject('search()', 'request', request, 'an object with query and k')
    const { allowed, k, maxSimilarity, minSimilarity } = request
    const query = givenVector(request.query, 'search()', 'query')
    if (query.length !== this.dim) {
      throw new RangeError(
        `search(): a query of ${query.length} numbers for vectors of ${this.dim}`,
      )
    }
    if (typeof k !== 'number') throw argumentError('search()', 'k', k, 'a whole number from 1')
    if (!(k >= 1) || !(Number.isInteger(k) || k === Infinity)) {
      throw new RangeError(`search(): k is ${k}: a whole number from 1 is expected`)
    }
    if (allowed !== undefined) requireBitmap(allowed, this.positions)
    requireBound(minSimilarity, 'minSimilarity')
    requireBound(maxSimilarity, 'maxSimilarity')
    return this.#inner.search({ query, k, allowed, minSimilarity, maxSimilarity })
  }

  similarity(position: number): number {
    this.#requireResident('similarity()')
    this.#requireLive(position, 'similarity()')
    const similarity = this.#inner.similarity(position)
    return similarityInRange(this.metric, similarity)
  }

  row(position: number): Float32Array {
    this.#requireResident('row()')
    this.#requireLive(position, 'row()')
    return this.#inner.row!(position)
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
      throw new RangeError(`${where}: position ${position} is dead: its vector was removed`)
    }
  }

  #requireResident(where: string): void {
    if (this.resident) return
    throw new RangeError(
      `${where}: this index keeps codes, not the vectors: create it with resident: true, or score vectors of your own`,
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
  const expected = `a whole number ${range}`
  if (typeof value !== 'number') throw argumentError(where, name, value, expected)
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new RangeError(`${where}: ${name} is ${value}: ${expected} is expected`)
}

function requireBitmap(allowed: unknown, positions: number): void {
  if (typedArrayName(allowed) !== 'Uint32Array') {
    throw argumentError('search()', 'allowed', allowed, 'a Uint32Array, a bit for each position,')
  }
  const bits = (allowed as Uint32Array).length * 32
  if (bits >= positions) return
  throw new RangeError(`search(): allowed is a bitmap of ${bits} bits for ${positions} positions`)
}

function requireBound(value: unknown, name: string): void {
  if (value === undefined || (typeof value === 'number' && !Number.isNaN(value))) return
  throw argumentError('search()', name, value, 'a similarity, a number that is not NaN,')
}

/** The image that `save()` gave; what stands in it the index itself checks. */
export function requireImage(image: unknown, where: string): asserts image is IndexImage {
  const expected = 'what save() of an index gave'
  requireObject(where, 'image', image, expected)
  const { sections } = image as { sections?: unknown }
  if (!Array.isArray(sections)) {
    throw argumentError(where, 'image.sections', sections, `an array, as in ${expected},`)
  }
  for (const [i, section] of (sections as unknown[]).entries()) {
    const { name, bytes } = (section ?? {}) as { name?: unknown; bytes?: unknown }
    if (typeof name === 'string' && typedArrayName(bytes) === 'Uint8Array') continue
    throw new TypeError(
      `${where}: image.sections[${i}] has the name ${describeValue(name)} and the bytes ${describeValue(bytes)}: a text and a Uint8Array are expected`,
    )
  }
}
