import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Metric } from '../../src/entries/main.ts'
import type { IndexImage, VectorIndex } from '../../src/index/vector-index.ts'
import { MAX_STAGED_ROWS } from '../../src/index/vector-index.ts'
import { seededTest } from '../seed.ts'
import { dataset, datasetNames } from './datasets.ts'
import { Oracle } from './oracle.ts'
import { random } from './random.ts'

const test = seededTest('INDEX_SEED')

export interface IndexUnderTest {
  readonly name: string
  readonly metrics: readonly Metric[]
  create(metric: Metric, dim: number, expectedRows?: number): VectorIndex
  restore(image: IndexImage): VectorIndex
  /** Rows of the largest test, 50,000 when absent. */
  readonly most?: number
}

const allMetrics: readonly Metric[] = ['cosine', 'euclidean', 'dot', 'manhattan']

/** What every VectorIndex keeps, whatever it is made of. */
export function indexContract(subject: IndexUnderTest): void {
  describe(subject.name, () => {
    for (const metric of allMetrics) {
      const skip = subject.metrics.includes(metric) ? false : `no ${metric} in ${subject.name}`
      describe(metric, { skip }, () => metricContract(subject, metric))
    }
  })
}

function metricContract(subject: IndexUnderTest, metric: Metric): void {
  const filled = (rows: readonly Float32Array[], dim: number): Oracle =>
    new Oracle(subject.create(metric, dim, rows.length), rows)
  const usable = (query: Float32Array): boolean => metric !== 'cosine' || query.some(v => v !== 0)

  test('an empty index finds nothing', () => {
    const oracle = filled([], 3)
    oracle.check({ query: Float32Array.of(1, 2, 3), k: 5 })
    assert.equal(oracle.index.search({ query: Float32Array.of(1, 2, 3), k: 5 }).count, 0)
    oracle.index.dispose()
  })

  for (const name of datasetNames) {
    test(`the k best are found: ${name}`, () => {
      const { dim, queries, rows } = dataset(name, 24, 700)
      const oracle = filled(rows, dim)
      for (const query of queries.filter(usable)) {
        for (const k of [1, 10, 120]) oracle.check({ query, k })
      }
      const query = queries.find(usable)
      assert.ok(query)
      for (const k of [699, 700, 701, 1e9]) oracle.check({ query, k })
      oracle.index.dispose()
    })
  }

  test('every dimension gives the k best', () => {
    for (const dim of [
      1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 20, 31, 36, 50, 63, 64, 100, 101, 129, 384, 768, 1001, 1536,
      4096,
    ]) {
      const { queries, rows } = dataset('isotropic', dim, dim > 500 ? 60 : 200)
      const oracle = filled(rows, dim)
      for (const query of queries.slice(0, 4)) oracle.check({ query, k: 7 })
      oracle.index.dispose()
    }
  })

  test('hostile numbers in many dimensions keep the k best', () => {
    for (const name of [
      'huge and tiny numbers',
      'the largest float everywhere',
      'one large number a row',
    ]) {
      for (const dim of [1, 3, 300, 2000]) {
        const { queries, rows } = dataset(name, dim, 80)
        const oracle = filled(rows, dim)
        for (const query of queries.filter(usable)) oracle.check({ query, k: 5 })
        oracle.index.dispose()
      }
    }
  })

  test('many rows give the k best', () => {
    const { dim, queries, rows } = dataset('clusters', 16, subject.most ?? 50_000)
    const oracle = filled(rows, dim)
    for (const query of queries.slice(0, 3)) oracle.check({ query, k: 10 })
    oracle.check({ query: queries[3], k: 4000 })
    oracle.index.dispose()
  })

  test('rows in ascending and descending order of similarity are no trap', () => {
    const { dim, queries, rows } = dataset('isotropic', 12, 6000)
    const query = queries[0]
    const order = new Oracle(subject.create(metric, dim), rows).best({ query, k: rows.length })
    const sorted = order.map(([position]) => rows[position])
    for (const way of [sorted, sorted.toReversed()]) {
      const oracle = filled(way, dim)
      for (const k of [1, 10, 500]) oracle.check({ query, k })
      oracle.index.dispose()
    }
  })

  test('a range of similarities leaves out what lies outside', () => {
    for (const name of [
      'isotropic',
      'every row 50 times',
      'zeros among rows',
      'huge and tiny numbers',
    ]) {
      const { dim, queries, rows } = dataset(name, 20, 500)
      const oracle = filled(rows, dim)
      const query = queries[0]
      const all = oracle.best({ query, k: rows.length }).map(([, similarity]) => similarity)
      const at = (share: number): number => all[Math.floor(share * (all.length - 1))]
      const ranges: [number | undefined, number | undefined][] = [
        [at(0.5), undefined],
        [undefined, at(0.5)],
        [at(0.6), at(0.1)],
        [at(0.3), at(0.3)],
        [at(0.1), at(0.6)],
        [at(0) * 2 + 1, undefined],
        [undefined, -1e300],
        [1e300, undefined],
        [-Infinity, Infinity],
        [Infinity, -Infinity],
      ]
      for (const [minSimilarity, maxSimilarity] of ranges) {
        for (const k of [1, 10, 600]) oracle.check({ query, k, minSimilarity, maxSimilarity })
      }
      oracle.index.dispose()
    }
  })

  test('a bitmap of any density leaves out what is not allowed', () => {
    for (const count of [1, 31, 32, 33, 1000, 9000]) {
      const { dim, queries, rows } = dataset('isotropic', 10, count)
      const oracle = filled(rows, dim)
      const r = random(count)
      const checkShare = (share: number): void => {
        const allowed = new Uint32Array(Math.ceil(oracle.rows.length / 32) + r.below(3))
        for (let p = 0; p < allowed.length * 32; p++) {
          if (r.next() < share) allowed[p >>> 5] |= 1 << (p & 31)
        }
        for (const k of [1, 10, count]) oracle.check({ query: queries[1], k, allowed })
        oracle.check({ query: queries[2], k: 10, allowed, minSimilarity: -0.1, maxSimilarity: 0.2 })
      }
      for (const share of [0, 0.001, 0.01, 0.1, 0.5, 1]) checkShare(share)
      // Rows that come after searches.
      oracle.append(dataset('isotropic', 10, 35).rows)
      for (const share of [0.1, 0.5]) checkShare(share)
      oracle.index.dispose()
    }
  })

  test('a removed row leaves the results and rows appended later enter them', () => {
    const { dim, queries, rows } = dataset('isotropic', 9, 1200)
    const oracle = filled(rows.slice(0, 400), dim)
    const r = random(9)
    for (let round = 0; round < 4; round++) {
      for (const [p] of oracle.best({ query: queries[0], k: 8 })) oracle.remove(p)
      for (let i = 0; i < 60; i++) oracle.remove(r.below(oracle.rows.length))
      oracle.append(rows.slice(400 + round * 200, 600 + round * 200), 1 + r.below(70))
      for (const query of queries) for (const k of [1, 10, 2000]) oracle.check({ query, k })
    }
    for (let p = 0; p < oracle.rows.length; p++) {
      assert.equal(oracle.index.isLive(p), !oracle.removed.has(p))
      oracle.remove(p)
    }
    oracle.checkCounts()
    oracle.check({ query: queries[0], k: 3 })
    oracle.append(rows.slice(0, 5))
    oracle.check({ query: queries[0], k: 3 })
    oracle.index.dispose()
  })

  test('a row removed twice counts once, a position that never was is refused', () => {
    const { dim, rows } = dataset('isotropic', 4, 3)
    const { index } = filled(rows, dim)
    index.remove(1)
    index.remove(1)
    assert.equal(index.count, 2)
    assert.equal(index.isLive(3), false)
    assert.throws(() => index.remove(3), RangeError)
    assert.throws(() => index.remove(-1), RangeError)
    index.dispose()
  })

  test('a zero vector is live, and found by every metric that knows its similarity', () => {
    const oracle = filled([new Float32Array(5), Float32Array.of(1, 0, 0, 0, 0)], 5)
    assert.equal(oracle.index.count, 2)
    assert.equal(oracle.index.isLive(0), true)
    oracle.check({ query: Float32Array.of(1, 1, 0, 0, 0), k: 2 })
    oracle.remove(0)
    assert.equal(oracle.index.isLive(0), false)
    oracle.check({ query: Float32Array.of(1, 1, 0, 0, 0), k: 2 })
    if (metric !== 'cosine') oracle.check({ query: new Float32Array(5), k: 2 })
    oracle.index.dispose()
  })

  test('a restored index answers as the saved one, and lives on', () => {
    for (const count of [0, 1, 33, 1500]) {
      const { dim, queries, rows } = dataset('zeros among rows', 21, count)
      const oracle = filled(rows, dim)
      for (let p = 0; p < count; p += 7) oracle.remove(p)
      const image = oracle.index.save()
      const copy = {
        ...image,
        sections: image.sections.map(({ bytes, name }) => ({ name, bytes: bytes.slice() })),
      }
      oracle.index.dispose()
      const restored = new Oracle(subject.restore(copy))
      restored.rows.push(...oracle.rows)
      for (const p of oracle.removed) restored.removed.add(p)
      restored.checkCounts()
      for (const query of queries.filter(usable)) restored.check({ query, k: 10 })
      restored.append(dataset('isotropic', 21, 50).rows, 20)
      if (count > 1) restored.remove(1)
      for (const query of queries.filter(usable)) restored.check({ query, k: 10 })
      restored.index.dispose()
    }
  })

  test('a position holds its own vector and no other', () => {
    for (const [dim, count] of [
      [3, 80],
      [100, 4000],
      [768, 600],
    ]) {
      const { queries, rows } = dataset('isotropic', dim, count)
      const oracle = filled(rows, dim)
      oracle.remove(7)
      const { index } = oracle
      for (let position = 0; position < count; position++) {
        if (position === 7) continue
        assert.equal(index.holds(position, rows[position]), true, `${dim}: ${position}`)
        assert.equal(index.holds(position, rows[(position + 1) % count]), false)
        // Its mirror image in the last number: all lengths and errors are the same.
        const mirrored = rows[position].slice()
        mirrored[dim - 1] *= -1
        if (Math.abs(mirrored[dim - 1]) > 0.1) assert.equal(index.holds(position, mirrored), false)
      }
      assert.equal(index.holds(0, new Float32Array(dim + 1)), false)
      const restored = subject.restore(index.save())
      assert.equal(restored.holds(1, rows[1]), true)
      assert.equal(restored.holds(1, rows[2]), false)
      restored.dispose()
      // Looking leaves no trace.
      oracle.checkCounts()
      for (const query of queries.slice(0, 3)) oracle.check({ query, k: 10 })
      index.dispose()
    }
  })

  test('floats that are kept are given back as they came', () => {
    for (const name of ['zeros among rows', 'huge and tiny numbers']) {
      const { dim, queries, rows } = dataset(name, 6, 700)
      const oracle = filled(rows, dim)
      const { index } = oracle
      for (let p = 0; p < 700; p += 5) oracle.remove(p)
      for (const query of queries.filter(usable)) oracle.check({ query, k: 3 })
      const vectors = index.inMemoryVectors
      if (vectors) {
        assert.equal(index.worthSaving, false, 'few rows')
        for (let p = 0; p < 700; p++) {
          if (oracle.removed.has(p)) continue
          // Of a zero in a row of zeros the sign need not stay.
          const found = vectors.row(p).map(number => number + 0)
          assert.deepEqual(
            found,
            rows[p].map(number => number + 0),
            `${p}`,
          )
        }
      }
      oracle.index.dispose()
    }
  })

  test('searches of two indexes do not disturb each other', () => {
    const a = dataset('isotropic', 6, 300)
    const b = dataset('clusters', 6, 300)
    const one = filled(a.rows, 6)
    const two = filled(b.rows, 6)
    const found = one.index.search({ query: a.queries[0], k: 5 })
    const before = Array.from(found.positions.subarray(0, found.count))
    const sims = one.index.inMemoryVectors
      ? before.map(p => one.index.inMemoryVectors!.similarity(p))
      : []
    two.check({ query: b.queries[0], k: 50 })
    assert.deepEqual(Array.from(found.positions.subarray(0, found.count)), before)
    if (one.index.inMemoryVectors)
      assert.deepEqual(
        before.map(p => one.index.inMemoryVectors!.similarity(p)),
        sims,
      )
    one.index.dispose()
    two.index.dispose()
  })

  test('rows staged in two indexes do not disturb each other', () => {
    const one = subject.create(metric, 2)
    const two = subject.create(metric, 2)
    const first = one.stagingBuffer(1)
    const second = two.stagingBuffer(1)
    one.stagingBuffer(1).set([1, 2])
    two.stagingBuffer(1).set([3, 4])
    assert.equal(first.length + second.length, 4)
    one.commit(1)
    two.commit(1)
    const a = new Oracle(one)
    a.rows.push(Float32Array.of(1, 2))
    a.check({ query: Float32Array.of(1, 0), k: 1 })
    const b = new Oracle(two)
    b.rows.push(Float32Array.of(3, 4))
    b.check({ query: Float32Array.of(1, 0), k: 1 })
    one.dispose()
    two.dispose()
  })

  test('an index is gone after dispose, which may be called twice', () => {
    const { index } = filled(dataset('isotropic', 3, 10).rows, 3)
    index.dispose()
    index.dispose()
    const closed = { name: 'VecError', code: 'VEC_CLOSED' }
    assert.throws(() => index.search({ query: Float32Array.of(1, 1, 1), k: 1 }), closed)
    assert.throws(() => index.stagingBuffer(1), closed)
    assert.throws(() => index.remove(1), closed)
    assert.throws(() => index.save(), closed)
  })

  test('misuse is refused', () => {
    const index = subject.create(metric, 3)
    assert.throws(() => index.stagingBuffer(MAX_STAGED_ROWS + 1), RangeError)
    assert.throws(() => index.commit(1), RangeError)
    index.stagingBuffer(2).fill(1)
    assert.throws(() => index.commit(3), RangeError)
    index.commit(2)
    assert.throws(() => index.search({ query: new Float32Array(2), k: 1 }), RangeError)
    assert.throws(() => index.search({ query: Float32Array.of(1, 1, 1), k: 0 }), RangeError)
    const allowed = new Uint32Array(0)
    assert.throws(
      () => index.search({ query: Float32Array.of(1, 1, 1), k: 1, allowed }),
      RangeError,
    )
    index.dispose()
  })
}
