import { bitCount } from '../../../core/bit-count.ts'
import { BoundedHeap } from '../../../core/bounded-heap.ts'
import { NodeQueue } from '../../../core/node-queue.ts'
import { sortByBound } from '../../../core/sort-by-bound.ts'
import type { Candidates, SearchRequest } from '../../vector-index.ts'
import type { CoverNodes } from './cover-nodes.ts'
import { NO_SLOT } from './cover-rows.ts'
import type { CoverRows } from './cover-rows.ts'
import { dotProduct, squaredChord } from './cover-space.ts'
import { FoundRows } from './found-rows.ts'

/** If fewer than slots / this rows are allowed, they are scanned, without the trees. */
const SCAN_SHARE = 64
const DOWN = 1 - 2 ** -50
const UP = 1 + 2 ** -50

/**
 * Runs one search after another over the same rows. Nodes are opened best first; docs/cover-tree.md proves that no row
 * is missed. A row whose key is above `#cut` cannot be in the result, nor can a row farther than `#reach`, the cut as a
 * distance.
 */
export class CoverSearch {
  readonly #rows: CoverRows
  readonly #nodes: CoverNodes
  readonly #queue = new NodeQueue()
  /** Holds negated keys, so that it keeps the k smallest keys. */
  readonly #best = new BoundedHeap()
  readonly #found = new FoundRows()
  /** The query of the last search; empty before the first. */
  query: Float32Array = new Float32Array(0)
  #queryInverse = 0
  #allowed: Uint32Array | undefined
  #cut = Infinity
  #reach = Infinity
  /** Rows nearer than this are above maxSimilarity: a key, and its distance. */
  #tooNear = -Infinity
  #tooNearReach = 0
  #minSimilarity = -Infinity
  #maxSimilarity = Infinity
  /** Rows between these keys are certainly between minSimilarity and maxSimilarity. */
  #surelyFrom = -Infinity
  #surelyTo = Infinity
  #visited = 0

  constructor(rows: CoverRows, nodes: CoverNodes) {
    this.#rows = rows
    this.#nodes = nodes
  }

  get bytes(): number {
    return this.#queue.bytes + this.#best.bytes + this.#found.bytes + this.query.byteLength
  }

  /** `roots` are the slots of the trees' roots, ascending. Rows from slot `unindexed` on are in no tree. */
  run(request: SearchRequest, roots: readonly number[], unindexed: number): Candidates {
    this.#begin(request)
    if (this.#queryInverse !== 0 && this.#cut >= 0 && this.#rows.count > 0) {
      if (this.#allowedRows() * SCAN_SHARE <= this.#rows.slots) this.#scanAllowed()
      else {
        this.#scan(unindexed)
        for (const root of roots) this.#enter(root)
        this.#descend()
      }
    }
    return this.#finish()
  }

  #begin(request: SearchRequest): void {
    const { query, k, allowed, minSimilarity = -Infinity, maxSimilarity = Infinity } = request
    const { space, dim, count } = this.#rows
    this.query = Float32Array.from(query)
    this.#queryInverse = 1
    if (space.chords) {
      const key = dotProduct(query, 0, query, 0, dim)
      this.#queryInverse = key === 0 ? 0 : 1 / Math.sqrt(key)
    }
    this.#allowed = allowed
    this.#queue.clear()
    this.#found.count = 0
    this.#visited = 0
    // If all rows are wanted, the cut never falls below the farthest row, so the heap is not needed.
    this.#best.begin(k < count ? k : 0)
    this.#minSimilarity = minSimilarity
    this.#maxSimilarity = maxSimilarity
    this.#surelyTo = Infinity
    this.#setCut(Infinity)
    if (minSimilarity > -Infinity) {
      const farthest = space.keyOf(minSimilarity)
      this.#setCut(farthest < 0 && !space.chords ? -1 : space.after(farthest))
      this.#surelyTo = space.before(farthest)
    }
    this.#tooNear = this.#surelyFrom = -Infinity
    this.#tooNearReach = 0
    if (maxSimilarity < Infinity) {
      const nearest = space.keyOf(maxSimilarity)
      this.#tooNear = space.before(nearest)
      this.#tooNearReach = space.distanceOfKey(space.before(this.#tooNear)) * DOWN
      this.#surelyFrom = space.after(nearest)
    }
  }

  #setCut(cut: number): void {
    this.#cut = cut
    this.#reach = cut >= 0 ? this.#rows.space.atMost(cut) * UP : -1
  }

  #allowedRows(): number {
    const allowed = this.#allowed
    if (allowed === undefined) return Infinity
    let rows = 0
    const words = Math.min(allowed.length, (this.#rows.positions + 31) >>> 5)
    for (let i = 0; i < words; i++) rows += bitCount(allowed[i])
    return rows
  }

  /** Dead rows stay in the trees and lead to others. Only live, allowed rows are results. */
  #mayAnswer(position: number): boolean {
    const allowed = this.#allowed
    const bit = 1 << (position & 31)
    const word = position >>> 5
    return (
      (this.#rows.live[word] & bit) !== 0 && (allowed === undefined || (allowed[word] & bit) !== 0)
    )
  }

  /** The key between the query and a slot's row. */
  #key(slot: number): number {
    const { values, dim, inverse, space } = this.#rows
    this.#visited++
    const measured = space.measure(values, slot * dim, this.query, 0)
    return space.chords ? squaredChord(measured, inverse[slot], this.#queryInverse) : measured
  }

  #offer(position: number, key: number): void {
    if (key > this.#cut || key < this.#tooNear) return
    // The key is too close to a limit to decide.
    if ((key < this.#surelyFrom || key > this.#surelyTo) && !this.#isWithin(position)) return
    this.#found.add(position, key, this.#cut)
    const best = this.#best
    best.push(-key)
    const cut = this.#rows.space.after(-best.threshold)
    if (cut < this.#cut) this.#setCut(cut)
  }

  #isWithin(position: number): boolean {
    const { space, slotOf } = this.#rows
    const row = this.#rows.row(slotOf[position])
    const similarity = space.metric.similarity(this.query, row)
    return similarity >= this.#minSimilarity && similarity <= this.#maxSimilarity
  }

  #scanAllowed(): void {
    const allowed = this.#allowed ?? new Uint32Array(0)
    const { positions, slotOf } = this.#rows
    for (let word = 0; word < allowed.length && word * 32 < positions; word++) {
      for (let bits = allowed[word]; bits !== 0; bits &= bits - 1) {
        const position = word * 32 + 31 - Math.clz32(bits & -bits)
        if (position < positions && this.#mayAnswer(position)) this.#offerSlot(slotOf[position])
      }
    }
  }

  #scan(from: number): void {
    const { slots, order } = this.#rows
    for (let slot = from; slot < slots; slot++) {
      if (this.#mayAnswer(order[slot])) this.#offerSlot(slot)
    }
  }

  #offerSlot(slot: number): void {
    const { space, inverse, order } = this.#rows
    if (slot === NO_SLOT || (space.chords && inverse[slot] === 0)) return
    this.#offer(order[slot], this.#key(slot))
  }

  #enter(root: number): void {
    const key = this.#key(root)
    const position = this.#rows.order[root]
    if (this.#mayAnswer(position)) this.#offer(position, key)
    if (this.#nodes.children[root] > 0) this.#await(root, key, 0)
  }

  /** Adds a node to the queue, unless no row below it can be in the result. */
  #await(node: number, key: number, bound: number): void {
    const { space } = this.#rows
    const radius = this.#nodes.radius[node]
    const nearest = Math.max(bound, space.atLeast(key) - radius)
    if (nearest > this.#reach) return
    if ((space.atMost(key) + radius) * UP < this.#tooNearReach) return
    this.#queue.push(nearest, key, node)
  }

  #descend(): void {
    const queue = this.#queue
    const { order, space } = this.#rows
    const { children, firstChild, near, far, bound } = this.#nodes
    const rings = bound === 'per_node'
    while (queue.size > 0 && queue.bound <= this.#reach) {
      const { node, key } = queue
      queue.pop()
      const least = space.atLeast(key)
      const most = space.atMost(key)
      const first = firstChild[node]
      const end = first + children[node]
      for (let child = first; child < end; child++) {
        let nearest = 0
        if (rings) {
          nearest = Math.max(least - far[child], near[child] - most)
          if (nearest > this.#reach || (most + far[child]) * UP < this.#tooNearReach) continue
        }
        const answers = this.#mayAnswer(order[child])
        const leaf = children[child] === 0
        if (leaf && !answers) continue
        // A child at distance 0 equals its parent, number by number.
        const childKey = rings && far[child] === 0 ? key : this.#key(child)
        if (answers) this.#offer(order[child], childKey)
        if (!leaf) this.#await(child, childKey, nearest)
      }
    }
  }

  #finish(): Candidates {
    const found = this.#found
    found.keep(this.#cut)
    const { positions, count, keys: upper } = found
    const { space } = this.#rows
    for (let i = 0; i < count; i++) upper[i] = space.similarityAtMost(upper[i])
    sortByBound(upper, positions, count)
    return { count, positions, upper, visited: this.#visited }
  }
}
