import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { METRICS, metricOf, type Metric } from '../../src/core/metric.ts'
import { loadEngine } from '../../src/entries/engine.ts'
import { NearestOthers, type Vectors } from '../../src/ui/nearest-others.ts'
import { Dice } from '../dice.ts'
import { seededTest } from '../seed.ts'

const DIM = 10
const uiTest = seededTest('UI_SEED')
await loadEngine()

/** Rows around centres, as vectors of texts are. */
function clustered(count: number, metric: Metric, dice: Dice): Vectors {
  const centres = Array.from({ length: 40 }, () =>
    Array.from({ length: DIM }, () => dice.next() - 0.5),
  )
  const values = Float32Array.from({ length: count * DIM }, (_, i) => {
    const centre = centres[((i / DIM) % centres.length) | 0]
    return centre[i % DIM] + 0.2 * (dice.next() - 0.5)
  })
  return { values, dim: DIM, count, metric }
}

function bestOf({ values, count, metric }: Vectors, row: number): number {
  const vector = (at: number): Float32Array => values.subarray(at * DIM, (at + 1) * DIM)
  let best = -Infinity
  for (let other = 0; other < count; other++)
    if (other !== row)
      best = Math.max(best, metricOf(metric).similarity(vector(row), vector(other)))
  return best
}

function lookedFor(vectors: Vectors, rounds = Infinity): NearestOthers {
  const search = new NearestOthers(vectors)
  for (const done of search.divide()) assert.ok(done >= 0 && done <= 1)
  for (let round = 0; round < Math.min(rounds, search.rounds); round++)
    for (const done of search.round(round)) assert.ok(done >= 0 && done <= 1)
  return search
}

describe('the nearest other row of every row', () => {
  for (const metric of METRICS) {
    uiTest(`${metric}: is that of brute force among few rows`, (_, seed) => {
      const vectors = clustered(700, metric, new Dice(seed))
      const search = lookedFor(vectors)
      for (let row = 0; row < vectors.count; row++) {
        const { other, similarity } = search.nearest(row)!
        assert.notEqual(other, row)
        // A sum of absolute differences is not what rows are sorted by at first.
        if (metric !== 'manhattan') assert.equal(similarity, bestOf(vectors, row))
      }
    })

    uiTest(`${metric}: is nearly always that of brute force among many rows`, (_, seed) => {
      const vectors = clustered(6000, metric, new Dice(seed + 1))
      const search = lookedFor(vectors)
      let right = 0
      let tried = 0
      for (let row = 0; row < vectors.count; row += 37) {
        tried++
        if (search.nearest(row)!.similarity === bestOf(vectors, row)) right++
      }
      assert.ok(right >= (metric === 'manhattan' ? 0.8 : 0.95) * tried, `${right} of ${tried}`)
    })
  }

  uiTest('each round finds no less than the round before', (_, seed) => {
    const vectors = clustered(4000, 'euclidean', new Dice(seed + 2))
    const after = [1, 3, 9].map(rounds => lookedFor(vectors, rounds))
    for (let row = 0; row < vectors.count; row += 101) {
      const found = after.map(search => search.nearest(row)?.similarity ?? -Infinity)
      assert.deepEqual(
        found,
        found.toSorted((a, b) => a - b),
      )
    }
  })

  uiTest('equal rows find each other, however many they are', (_, seed) => {
    const vectors = clustered(5000, 'cosine', new Dice(seed + 3))
    for (let row = 0; row < 4000; row++)
      vectors.values.set(vectors.values.subarray(0, DIM), row * DIM)
    const search = lookedFor(vectors, 1)
    for (let row = 0; row < 4000; row++) {
      const { other, similarity } = search.nearest(row)!
      assert.ok(other !== row && similarity > 1 - 1e-6, `${row}: ${other}, ${similarity}`)
    }
  })

  uiTest('one row has none, and of two each has the other', (_, seed) => {
    const of = (count: number): NearestOthers =>
      lookedFor(clustered(count, 'cosine', new Dice(seed)))
    assert.equal(of(0).rounds, 1)
    assert.equal(of(1).nearest(0), undefined)
    const two = of(2)
    assert.deepEqual([two.nearest(0)?.other, two.nearest(1)?.other], [1, 0])
  })
})
