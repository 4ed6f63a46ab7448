import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCoverIndex } from '../../src/index/kinds/cover-tree/cover-index.ts'
import { Random, sheet } from './point-sets.ts'

test('200,000 rows on a 3-d sheet: 2 % visited at most, and faster than a scan', () => {
  const dim = 64
  const count = 200_000
  const random = new Random(5)
  const rows = sheet(random, count + 20, dim)
  for (const metric of ['euclidean', 'cosine'] as const) {
    const index = createCoverIndex({ metric, dim })
    for (let at = 0; at < count; at += 1000) {
      index.stagingBuffer(1000).set(rows.subarray(at * dim, (at + 1000) * dim))
      index.commit(1000)
    }
    const queries = Array.from({ length: 20 }, (_, i) =>
      rows.slice((count + i) * dim, (count + i + 1) * dim),
    )
    index.search({ query: queries[0], k: 10 })
    let tree = Infinity
    for (const query of queries) {
      const start = performance.now()
      const found = index.search({ query, k: 10 })
      tree = Math.min(tree, performance.now() - start)
      assert.ok(found.count >= 10)
      assert.ok(found.visited <= count * 0.02, `${metric}: ${found.visited} visited`)
    }
    const start = performance.now()
    let nearest = Infinity
    for (let row = 0; row < count; row++) {
      let sum = 0
      for (let i = 0; i < dim; i++) {
        const apart = rows[row * dim + i] - queries[0][i]
        sum += apart * apart
      }
      if (sum < nearest) nearest = sum
    }
    const scan = performance.now() - start
    assert.ok(nearest < Infinity && tree < scan, `${metric}: tree ${tree} ms, scan ${scan} ms`)
  }
})
