import assert from 'node:assert/strict'
import { exactSimilarity } from '../../src/core/similarity.ts'
import type { Metric } from '../../src/entries/main.ts'
import type { Candidates, SearchRequest, VectorIndex } from '../../src/index/vector-index.ts'

/** Rows beside the index that is tested: brute force in double precision says what it must find. */
export class Oracle {
  readonly metric: Metric
  readonly rows: (Float32Array | undefined)[] = []

  constructor(metric: Metric) {
    this.metric = metric
  }

  /** Appends rows to the index and remembers them. */
  append(index: VectorIndex, rows: readonly Float32Array[]): void {
    for (let at = 0; at < rows.length; at += 1000) {
      const chunk = rows.slice(at, at + 1000)
      const staged = index.stagingBuffer(chunk.length)
      for (const [i, row] of chunk.entries()) staged.set(row, i * index.dim)
      assert.equal(index.commit(chunk.length), this.rows.length)
      this.rows.push(...chunk)
    }
  }

  remove(index: VectorIndex, position: number): void {
    index.remove(position)
    this.rows[position] = undefined
  }

  /** Asserts that a search loses nothing and returns nothing it must not; gives what it found. */
  check(index: VectorIndex, request: SearchRequest, label: string): Candidates {
    const { k, allowed, minSimilarity = -Infinity, maxSimilarity = Infinity } = request
    const similarities = this.rows.map(row =>
      row === undefined ? NaN : exactSimilarity(this.metric, request.query, row),
    )
    const wanted = similarities
      .map((similarity, position) => ({ similarity, position }))
      .filter(({ similarity, position }) => {
        const may = allowed === undefined || ((allowed[position >>> 5] >>> position) & 1) === 1
        return may && similarity >= minSimilarity && similarity <= maxSimilarity
      })
      .toSorted((a, b) => b.similarity - a.similarity)
    const last = wanted[Math.min(k, wanted.length) - 1]?.similarity ?? Infinity

    const found = index.search(request)
    const upper = new Map<number, number>()
    for (let i = 0; i < found.count; i++) {
      const position = found.positions[i]
      const similarity = similarities[position]
      assert.ok(!upper.has(position), `${label}: position ${position} twice`)
      upper.set(position, found.upper[i])
      assert.ok(!Number.isNaN(similarity), `${label}: position ${position} is dead or unknown`)
      assert.ok(
        allowed === undefined || ((allowed[position >>> 5] >>> position) & 1) === 1,
        `${label}: position ${position} is not allowed`,
      )
      assert.ok(found.upper[i] >= similarity, `${label}: ${similarity} above ${found.upper[i]}`)
      assert.ok(i === 0 || found.upper[i] <= found.upper[i - 1], `${label}: not best first`)
    }
    for (const { similarity, position } of wanted) {
      if (similarity < last) break
      assert.ok(upper.has(position), `${label}: position ${position} of ${similarity} is lost`)
    }
    // Nothing superfluous either: in float64 the bounds are tight.
    if (k <= wanted.length) {
      const slack = 1e-9 + Math.abs(last) * 1e-9
      for (const value of upper.values()) assert.ok(value >= last - slack, `${label}: ${value}`)
    }
    assert.ok(found.visited <= this.rows.length, `${label}: ${found.visited} visited`)
    return found
  }

  /** `similarity` agrees with src/core/similarity.ts to the bit, for the query of the last search. */
  checkSimilarity(index: VectorIndex, query: Float32Array): void {
    for (const [position, row] of this.rows.entries()) {
      assert.equal(index.isLive(position), row !== undefined)
      if (row === undefined) continue
      const expected = exactSimilarity(this.metric, query, row)
      assert.ok(
        Object.is(index.inMemoryVectors!.similarity(position), expected),
        `${position}: ${expected}`,
      )
    }
  }
}
