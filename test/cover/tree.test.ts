import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cosine, euclidean } from '../../src/core/similarity.ts'
import { VecError, type Metric } from '../../src/entries/main.ts'
import { createCoverIndex } from '../../src/index/kinds/cover-tree/cover-index.ts'
import type { CoverOptions } from '../../src/index/kinds/cover-tree/cover-options.ts'
import type { VectorIndex } from '../../src/index/vector-index.ts'
import { seededTest } from '../seed.ts'
import { pointSets, Random } from './point-sets.ts'

function built(options: CoverOptions, rows: readonly Float32Array[]): VectorIndex {
  const index = createCoverIndex(options)
  for (const row of rows) {
    index.stagingBuffer(1).set(row)
    index.commit(1)
  }
  return index
}

interface Tree {
  readonly rows: Float32Array[]
  readonly parents: number[]
  readonly radius: Float64Array | undefined
  readonly near: Float64Array | undefined
  readonly far: Float64Array | undefined
}

/** Reads a saved index of one tree by the layout of docs/cover-tree.md. */
function readTree(index: VectorIndex): Tree {
  const image = index.save()
  const sections = new Map(image.sections.map(({ name, bytes }) => [name, bytes.slice().buffer]))
  const part = (name: string): ArrayBuffer | undefined => sections.get(name)
  const doubles = (name: string): Float64Array | undefined => {
    const bytes = part(name)
    return bytes && new Float64Array(bytes)
  }
  assert.equal(part('trees')?.byteLength, 4, 'one tree')
  const values = new Float32Array(part('rows') ?? new ArrayBuffer(0))
  const children = new Uint32Array(part('children') ?? new ArrayBuffer(0))
  const rows = Array.from(children, (_, i) => values.slice(i * index.dim, (i + 1) * index.dim))
  const parents = [-1]
  for (const [node, count] of children.entries()) {
    for (let i = 0; i < count; i++) parents.push(node)
  }
  assert.equal(parents.length, children.length)
  return { rows, parents, radius: doubles('radius'), near: doubles('near'), far: doubles('far') }
}

function distance(metric: Metric, a: Float32Array, b: Float32Array): number {
  return metric === 'euclidean' ? euclidean(a, b) : Math.sqrt(Math.max(0, 2 - 2 * cosine(a, b)))
}

seededTest('COVER_SEED')(
  'bounds enclose every row below, and depth stays logarithmic',
  (_t, seed) => {
    const random = new Random(seed)
    for (const [name, make] of Object.entries(pointSets)) {
      for (const metric of ['euclidean', 'cosine'] as const) {
        for (const bound of ['per_node', 'level'] as const) {
          const base = random.pick([1.1, 1.3, 2])
          const dim = random.pick([1, 3, 20])
          const count = 1000
          const index = built({ metric, dim, bound, base }, make(random, count, dim))
          if (metric === 'cosine' && name === 'only zero rows') continue
          const { rows, parents, radius, near, far } = readTree(index)
          const what = `${name} ${metric} ${bound} ${dim}`
          // Chords of nearly equal directions are known to 1e-7, distances to the last bits.
          const slack = metric === 'cosine' ? 3e-7 : 0
          const grow = 1 + 1e-13
          for (const [node, row] of rows.entries()) {
            let depth = 0
            for (let child = node, up = parents[node]; up >= 0; child = up, up = parents[up]) {
              assert.ok(up < child)
              depth++
              const apart = distance(metric, rows[up], row)
              if (radius !== undefined) {
                assert.ok(
                  apart <= radius[up] * grow + slack,
                  `${what}: ${apart} beyond ${radius[up]}`,
                )
                const level = radius[up] === 0 ? 0 : Math.log(radius[up]) / Math.log(base)
                assert.ok(Math.abs(level - Math.round(level)) < 1e-6, `${what}: level ${level}`)
              } else if (near !== undefined && far !== undefined) {
                assert.ok(apart <= far[child] * grow + slack, `${what}: ${apart} > ${far[child]}`)
                assert.ok(apart * grow + slack >= near[child], `${what}: ${apart} < ${near[child]}`)
              } else assert.fail('no bounds')
            }
            assert.ok(depth <= 2 + Math.log(count) / Math.log(4 / 3), `${what}: depth ${depth}`)
          }
        }
      }
    }
  },
)

test('the same rows give the same tree', () => {
  const rows = pointSets['isotropic'](new Random(3), 2000, 6)
  const options: CoverOptions = { metric: 'euclidean', dim: 6 }
  const one = built(options, rows).save()
  const two = built(options, rows).save()
  assert.deepEqual(one, two)
})

test('100,000 equal rows are built and searched in linear time', () => {
  for (const metric of ['euclidean', 'cosine'] as const) {
    const index = createCoverIndex({ metric, dim: 3 })
    for (let i = 0; i < 100; i++) {
      index.stagingBuffer(1000).fill(0.1)
      index.commit(1000)
    }
    index.stagingBuffer(1).set([1, 2, 3])
    index.commit(1)
    const start = performance.now()
    assert.equal(index.search({ query: Float32Array.of(1, 2, 3), k: 1 }).count, 1)
    assert.ok(index.search({ query: Float32Array.of(1, 2, 3), k: 1 }).visited < 2000)
    assert.equal(index.search({ query: Float32Array.of(1, 1, 1), k: 1 }).count, 100_000)
    assert.ok(performance.now() - start < 5000)
  }
})

test('visited counts the rows whose distance was computed', () => {
  const rows = pointSets['isotropic'](new Random(1), 200, 3)
  const index = built({ metric: 'euclidean', dim: 3 }, rows)
  // Few rows are scanned; a bitmap of few rows too; dead rows are not looked at.
  assert.equal(index.search({ query: Float32Array.of(1, 2, 3), k: 1 }).visited, 200)
  assert.equal(
    index.search({ query: Float32Array.of(1, 2, 3), k: 1, allowed: new Uint32Array(7).fill(1) })
      .visited,
    7,
  )
  for (let p = 0; p < 50; p++) index.remove(p)
  assert.equal(index.search({ query: Float32Array.of(1, 2, 3), k: 1 }).visited, 150)
})

test('a zero row under cosine is live, is kept through a save, and has no similarity', () => {
  const rows = pointSets['some zero rows'](new Random(1), 600, 3)
  const index = built({ metric: 'cosine', dim: 3 }, rows)
  index.search({ query: Float32Array.of(1, 2, 3), k: 1 })
  assert.equal(index.count, 600)
  assert.ok(index.isLive(0) && Number.isNaN(index.inMemoryVectors!.similarity(0)))
  index.remove(0)
  assert.equal(index.count, 599)
  assert.throws(() => index.inMemoryVectors!.similarity(0), RangeError)
})

test('options that cannot be served are refused with a reason', () => {
  const refused: [object, RegExp][] = [
    [{ metric: 'dot' }, /needs a metric.*dot does not/],
    [{ metric: 'hamming' }, /unknown metric 'hamming'/],
    [{ dim: 0 }, /dim must be an integer from 1 to 65536, got 0/],
    [{ dim: 1.5 }, /got 1.5/],
    [{ dim: 65537 }, /got 65537/],
    [{ base: 1 }, /base must be a number above 1, got 1/],
    [{ base: NaN }, /got NaN/],
    [{ base: Infinity }, /got Infinity/],
    [{ bound: 'tight' }, /unknown bound 'tight'.*Known: per_node, level/],
  ]
  for (const [change, message] of refused) {
    assert.throws(
      () => createCoverIndex({ metric: 'cosine', dim: 3, ...change }),
      (error: unknown) =>
        error instanceof VecError && error.code === 'VEC_OPTION' && message.test(error.message),
    )
  }
})

test('bases close to 1 and very large ones lose nothing', () => {
  const rows = pointSets['many clusters'](new Random(2), 800, 4)
  for (const base of [1 + 2 ** -52, 1.000001, 1e30, 1e300]) {
    const index = built({ metric: 'euclidean', dim: 4, bound: 'level', base }, rows)
    const query = rows[13]
    const best = rows.map(row => euclidean(query, row)).toSorted((a, b) => a - b)
    const found = index.search({ query, k: 5 })
    const distances = Array.from(found.positions.subarray(0, 5), p => euclidean(query, rows[p]))
    assert.deepEqual(
      distances.toSorted((a, b) => a - b),
      best.slice(0, 5),
    )
  }
})

test('removing most rows and building anew gives their memory back', () => {
  const index = built(
    { metric: 'euclidean', dim: 8 },
    pointSets['isotropic'](new Random(1), 5000, 8),
  )
  const before = index.save().sections.reduce((sum, { bytes }) => sum + bytes.length, 0)
  for (let p = 0; p < 5000; p++) if (p % 10 !== 0) index.remove(p)
  for (let i = 0; i < 5; i++) {
    index.stagingBuffer(600).fill(i)
    index.commit(600)
  }
  const after = index.save().sections.reduce((sum, { bytes }) => sum + bytes.length, 0)
  assert.ok(after < before * 0.75, `${before} bytes, then ${after}`)
  assert.equal(index.count, 3500)
})

test('after dispose nothing is held', () => {
  const index = built({ metric: 'cosine', dim: 3 }, pointSets['isotropic'](new Random(1), 3000, 3))
  index.search({ query: Float32Array.of(1, 2, 3), k: 10 })
  assert.ok(index.bytes > 3000 * 12)
  index.dispose()
  assert.ok(index.bytes < 50_000, `${index.bytes}`)
})
