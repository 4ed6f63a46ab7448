import assert from 'node:assert/strict'
import { exactSimilarity } from '../../src/core/similarity.ts'
import type { SearchRequest, VectorIndex } from '../../src/index/vector-index.ts'
import { MAX_STAGED_ROWS } from '../../src/index/vector-index.ts'

/** What an index holds, told in plain data. */
export class Oracle {
  readonly index: VectorIndex
  readonly rows: Float32Array[] = []
  readonly removed: Set<number> = new Set()

  constructor(index: VectorIndex, rows: readonly Float32Array[] = []) {
    this.index = index
    if (rows.length > 0) this.append(rows)
  }

  append(rows: readonly Float32Array[], batch: number = MAX_STAGED_ROWS): void {
    const { dim } = this.index
    for (let at = 0; at < rows.length; at += batch) {
      const part = rows.slice(at, at + batch)
      const staged = this.index.stagingBuffer(part.length)
      assert.equal(staged.length, part.length * dim)
      part.forEach((row, i) => staged.set(row, i * dim))
      assert.equal(this.index.commit(part.length), this.rows.length)
      this.rows.push(...part)
    }
    this.checkCounts()
  }

  remove(position: number): void {
    this.index.remove(position)
    this.removed.add(position)
  }

  checkCounts(): void {
    assert.equal(this.index.positions, this.rows.length)
    assert.equal(this.index.count, this.rows.length - this.removed.size)
  }

  /** The k best by brute force in double precision, ties by position, with the similarity of each. */
  best({ k, ...request }: SearchRequest): [position: number, similarity: number][] {
    return this.found(request).slice(0, k)
  }

  /** Searches, and checks that nothing is missing and that everything belongs. */
  check(request: SearchRequest): void {
    const { allowed, k, query } = request
    const { dim, metric } = this.index
    const all = this.found(request)
    const expected = all.slice(0, k)
    const found = this.index.search(request)
    const positions = Array.from(found.positions.subarray(0, found.count))
    const bounds = Array.from(found.upper.subarray(0, found.count))
    const what = `${metric}, dim ${dim}, k ${k} of ${this.rows.length}`

    assert.equal(new Set(positions).size, positions.length, `${what}: a position twice`)
    const scored = positions
      .map(p => [p, exactSimilarity(metric, query, this.rows[p])] as [number, number])
      .toSorted((a, b) => b[1] - a[1] || a[0] - b[0])
    for (const [p, similarity] of scored) {
      assert.ok(!this.removed.has(p), `${what}: removed ${p}`)
      assert.ok(isAllowed(allowed, p), `${what}: ${p} is not allowed`)
      assert.ok(!Number.isNaN(similarity), `${what}: ${p} has no similarity`)
    }
    positions.forEach((p, i) => {
      const similarity = exactSimilarity(metric, query, this.rows[p])
      assert.ok(similarity <= bounds[i], `${what}: ${p} is ${similarity}, above ${bounds[i]}`)
      assert.ok(i === 0 || bounds[i] <= bounds[i - 1], `${what}: bounds out of order at ${i}`)
    })
    const { maxSimilarity = Infinity, minSimilarity = -Infinity } = request
    const inRange = scored.filter(([, s]) => s >= minSimilarity && s <= maxSimilarity)
    assert.deepEqual(inRange.slice(0, k), expected, what)
    checkTies(all, k, new Set(positions), what)
    this.#checkLeftOut(all, positions, bounds, what)
    const vectors = this.index.inMemoryVectors
    if (vectors) {
      for (const [p, similarity] of scored) assert.equal(vectors.similarity(p), similarity, what)
    }
  }

  /** No row that was left out is above any bound: whoever stops at a bound misses nothing. */
  #checkLeftOut(
    all: [number, number][],
    positions: readonly number[],
    bounds: readonly number[],
    what: string,
  ): void {
    if (bounds.length === 0) return
    const found = new Set(positions)
    const best = all.find(([p]) => !found.has(p))
    const least = bounds[bounds.length - 1]
    assert.ok(!best || best[1] <= least, `${what}: ${best?.[0]} was left out above a bound`)
  }

  /** All that a search may return, best first. */
  found(request: Omit<SearchRequest, 'k'>): [number, number][] {
    const { allowed, maxSimilarity = Infinity, minSimilarity = -Infinity, query } = request
    const similarities = new Float64Array(this.rows.length)
    const positions = new Uint32Array(this.rows.length)
    let count = 0
    for (const [p, row] of this.rows.entries()) {
      if (this.removed.has(p) || !isAllowed(allowed, p)) continue
      const similarity = exactSimilarity(this.index.metric, query, row)
      if (!(similarity >= minSimilarity && similarity <= maxSimilarity)) continue
      similarities[p] = similarity
      positions[count++] = p
    }
    const sorted = positions
      .subarray(0, count)
      .toSorted((a, b) => similarities[b] - similarities[a] || a - b)
    return Array.from(sorted, p => [p, similarities[p]])
  }
}

function isAllowed(allowed: Uint32Array | undefined, position: number): boolean {
  return !allowed || (allowed[position >>> 5] & (1 << (position & 31))) !== 0
}

// Every row that ties with the k-th is a candidate too.
function checkTies(all: [number, number][], k: number, positions: Set<number>, what: string): void {
  for (let i = k; i < all.length && all[i][1] === all[k - 1][1]; i++) {
    assert.ok(positions.has(all[i][0]), `${what}: ${all[i][0]} ties with the k-th and is missing`)
  }
}
