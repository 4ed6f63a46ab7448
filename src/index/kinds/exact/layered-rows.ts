import { grown } from '../../../core/grown.ts'
import { sortByBound } from '../../../core/sort-by-bound.ts'
import type { Candidates, SearchRequest } from '../../vector-index.ts'
import { RowSearch } from './row-search.ts'
import type { CodedRows } from './rows.ts'

/**
 * Rows that other threads read as well, and the changes of this thread beside them. The lent rows never change: a bitmap
 * tells which of them are left, and added rows are in rows of their own, at the positions after them.
 */
export class LayeredRows {
  readonly #lent: CodedRows
  readonly #lentSearch = new RowSearch()
  readonly #addedSearch = new RowSearch()
  readonly #both = new BothCandidates()
  #added: CodedRows | undefined
  /** The lent rows that are left; undefined while all are. */
  #left: Uint32Array | undefined
  #removed = 0
  /** The lent rows that are left and allowed, of the last search. */
  #allowed: Uint32Array | undefined

  constructor(lent: CodedRows) {
    this.#lent = lent
  }

  get positions(): number {
    return this.#first + (this.#added?.block.positions ?? 0)
  }

  get bytes(): number {
    return this.#lent.block.bytes + (this.#added?.block.bytes ?? 0) + (this.#left?.byteLength ?? 0)
  }

  /** How many rows were added or removed. */
  get changes(): number {
    return this.#removed + (this.#added?.block.positions ?? 0)
  }

  stage(rows: number): Float32Array {
    this.#added ??= this.#lent.like(rows)
    return this.#added.block.stage(rows)
  }

  commit(rows: number): void {
    this.#added!.commit(rows)
  }

  remove(position: number): void {
    if (position >= this.#first) {
      this.#added!.remove(position - this.#first)
      this.#removed++
      return
    }
    this.#left ??= new Uint32Array(Math.ceil(this.#first / 32)).fill(0xffffffff)
    this.#left[position >>> 5] &= ~(1 << (position & 31))
    this.#removed++
  }

  isLive(position: number): boolean {
    const first = this.#first
    if (position >= first) return this.#added!.isLive(position - first)
    const left = this.#left
    const isLeft = left === undefined || (left[position >>> 5] & (1 << (position & 31))) !== 0
    return isLeft && this.#lent.isLive(position)
  }

  /** `count` is the number of live rows. */
  search(request: SearchRequest, count: number): Candidates {
    const lent = this.#lentSearch
    const allowed = this.#left ? this.#allowedOf(this.#left, request.allowed) : request.allowed
    const found = lent.search(this.#lent, { ...request, allowed }, count)
    const added = this.#added
    if (!added || added.block.positions === 0) return found
    // A row below the k-th best of the lent rows cannot be among the k best of all.
    const rest = this.#addedSearch.search(
      added,
      {
        ...request,
        allowed: request.allowed && bitsFrom(request.allowed, this.#first, added.block.positions),
        minSimilarity: lent.least,
      },
      count,
    )
    this.#both.begin(Math.max(lent.least, this.#addedSearch.least))
    this.#both.add(found, 0)
    this.#both.add(rest, this.#first)
    this.#both.finish()
    return this.#both
  }

  /** Encodes the vector after the added rows, compares, and removes it again. */
  holds(position: number, vector: Float32Array): boolean {
    const lent = this.#lent
    const first = this.#first
    const staged = this.stage(2)
    staged.fill(0)
    staged.set(vector)
    const added = this.#added!
    added.commit(2)
    const [one, other] = [added.block.positions - 2, added.block.positions - 1]
    added.copyRow(position < first ? lent : added, position < first ? position : position - first, other) // prettier-ignore
    const same = added.same(one, other)
    added.swapRemove(other)
    added.swapRemove(one)
    return same
  }

  /** All rows in a memory of their own, which may change. */
  copy(): CodedRows {
    const lent = this.#lent
    const first = this.#first
    const { positions } = this
    const copy = lent.like(positions)
    try {
      copy.load(lent.sections()[0], first)
      copy.block.positions = positions
      for (let at = first; at < positions; at++) copy.copyRow(this.#added!, at - first, at)
      if (this.#left) for (let at = 0; at < first; at++) if (!this.isLive(at)) copy.remove(at)
    } catch (error) {
      copy.block.dispose()
      throw error
    }
    return copy
  }

  /** The rows of the other threads as they are, for one that has changed nothing. */
  get lent(): CodedRows {
    return this.#lent
  }

  dispose(): void {
    this.#lent.block.dispose()
    this.#added?.block.dispose()
  }

  /** The position of the first added row. */
  get #first(): number {
    return this.#lent.block.positions
  }

  #allowedOf(left: Uint32Array, allowed: Uint32Array | undefined): Uint32Array {
    if (!allowed) return left
    const both = (this.#allowed ??= new Uint32Array(left.length))
    for (let word = 0; word < both.length; word++) both[word] = left[word] & allowed[word]
    return both
  }
}

/** Rows that other threads read, with the changes of this thread beside them. */
export function layeredRows(lent: CodedRows): LayeredRows {
  return new LayeredRows(lent)
}

/** The `count` bits of a bitmap from bit `first` on. */
function bitsFrom(bitmap: Uint32Array, first: number, count: number): Uint32Array {
  const bits = new Uint32Array(Math.ceil(count / 32))
  const word = first >>> 5
  const shift = first & 31
  for (let i = 0; i < bits.length; i++) {
    const next = word + i + 1 < bitmap.length ? bitmap[word + i + 1] : 0
    bits[i] = shift === 0 ? bitmap[word + i] : (bitmap[word + i] >>> shift) | (next << (32 - shift))
  }
  return bits
}

/** The candidates of two searches for the same query. */
class BothCandidates implements Candidates {
  count = 0
  positions: Uint32Array = new Uint32Array(64)
  upper: Float64Array = new Float64Array(64)
  visited = 0
  #least = -Infinity

  begin(least: number): void {
    this.count = 0
    this.visited = 0
    this.#least = least
  }

  /** Adds candidates whose positions begin at `first`. */
  add({ count, positions, upper, visited }: Candidates, first: number): void {
    const most = this.count + count
    if (most > this.positions.length) {
      this.positions = grown(this.positions, most * 2)
      this.upper = grown(this.upper, most * 2)
    }
    for (let i = 0; i < count; i++) {
      if (upper[i] < this.#least) continue
      this.positions[this.count] = first + positions[i]
      this.upper[this.count++] = upper[i]
    }
    this.visited += visited
  }

  finish(): void {
    sortByBound(this.upper, this.positions, this.count)
  }
}
