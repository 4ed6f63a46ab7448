import { exactSimilarity, magnitude } from '../../src/core/similarity.ts'
import type { Metric } from '../../src/entries/main.ts'
import {
  createCoverIndex,
  restoreCoverIndex,
} from '../../src/index/kinds/cover-tree/cover-index.ts'
import type { CoverBound } from '../../src/index/kinds/cover-tree/cover-options.ts'
import type { VectorIndex } from '../../src/index/vector-index.ts'
import { seededTest } from '../seed.ts'
import { Oracle } from './oracle.ts'
import { pointSets, Random } from './point-sets.ts'

const test = seededTest('COVER_SEED')

const metrics: Metric[] = ['euclidean', 'cosine', 'manhattan']
const bounds: CoverBound[] = ['per_node', 'level']

for (const [name, make] of Object.entries(pointSets)) {
  for (const metric of metrics) {
    for (const bound of bounds) {
      test(`no neighbour is lost: ${name}, ${metric}, ${bound}`, (_t, seed) => {
        const random = new Random(seed)
        for (const dim of [1, 2, 5, 16]) {
          const count = 900 + random.below(400)
          const rows = make(random, count, dim)
          const index = createCoverIndex({
            metric,
            dim,
            bound,
            base: random.pick([1.05, 1.3, 2, 9]),
          })
          const oracle = new Oracle(metric)
          oracle.append(index, rows)
          for (let round = 0; round < 8; round++) {
            searchAll(index, oracle, random, `${name} ${metric} ${bound} ${dim}`)
          }
        }
      })
    }
  }
}

test('no neighbour is lost while rows come, go and are saved', (_t, seed) => {
  const random = new Random(seed + 1)
  for (let round = 0; round < 12; round++) {
    const metric = random.pick(metrics)
    const bound = random.pick(bounds)
    const dim = random.pick([1, 2, 5, 33])
    const [name, make] = random.pick(Object.entries(pointSets))
    let index = createCoverIndex({ metric, dim, bound })
    const oracle = new Oracle(metric)
    for (let step = 0; step < 14; step++) {
      const label = `${name} ${metric} ${bound} ${dim} step ${step}`
      const action = random.below(6)
      if (action < 3) {
        oracle.append(index, make(random, random.pick([1, 2, 30, 255, 256, 257, 600]), dim))
      } else if (action === 3) {
        const share = random.pick([0.01, 0.3, 0.9])
        for (let p = 0; p < oracle.rows.length; p++) {
          if (random.next() < share) oracle.remove(index, p)
        }
      } else if (action === 4) {
        const saved = index.save()
        const restored = restoreCoverIndex({
          ...saved,
          sections: saved.sections.map(section => ({
            name: section.name,
            bytes: Uint8Array.from(section.bytes),
          })),
        })
        index.dispose()
        index = restored
      }
      searchAll(index, oracle, random, label)
    }
    if (oracle.rows.length > 0) {
      const query = random.gaussian(dim)
      index.search({ query, k: 1 })
      oracle.checkSimilarity(index, query)
    }
  }
})

test('no neighbour is lost in many dimensions', (_t, seed) => {
  const random = new Random(seed + 2)
  for (const dim of [64, 100, 1000, 4096]) {
    for (const metric of metrics) {
      const index = createCoverIndex({ metric, dim })
      const oracle = new Oracle(metric)
      const set = random.pick(['isotropic', 'many clusters', 'bundles of width 1e-5'])
      oracle.append(index, pointSets[set](random, dim > 500 ? 300 : 1500, dim))
      for (let round = 0; round < 6; round++) {
        searchAll(index, oracle, random, `${set} ${metric} ${dim}`)
      }
    }
  }
})

/** One search of each kind, round a query that is often hard: a row, its negative, near a row, far off. */
function searchAll(index: VectorIndex, oracle: Oracle, random: Random, label: string): void {
  const query = hardQuery(index, oracle, random)
  if (query === undefined) return
  const k = random.pick([1, 2, 10, 100, oracle.rows.length + 1])
  const at = `${label} k ${k}`
  oracle.check(index, { query, k }, at)

  const words = (oracle.rows.length + 31) >>> 5
  const density = random.pick([0, 0.001, 0.05, 0.5, 1])
  const allowed = new Uint32Array(words + 1)
  for (let p = 0; p < words * 32; p++) {
    if (random.next() < density) allowed[p >>> 5] |= 1 << (p & 31)
  }
  oracle.check(index, { query, k, allowed }, `${at} allowed ${density}`)

  const [low, high] = someSimilarities(oracle, random, query)
  oracle.check(index, { query, k, minSimilarity: low }, `${at} min ${low}`)
  oracle.check(index, { query, k, maxSimilarity: high }, `${at} max ${high}`)
  const range = { minSimilarity: low, maxSimilarity: high }
  oracle.check(index, { query, k, ...range }, `${at} between ${low} and ${high}`)
  oracle.check(index, { query, k, ...range, allowed }, `${at} all limits`)
}

function hardQuery(index: VectorIndex, oracle: Oracle, random: Random): Float32Array | undefined {
  const row = oracle.rows.length === 0 ? undefined : random.pick(oracle.rows)
  const kinds = [
    () => random.gaussian(index.dim),
    () => row?.slice(),
    () => row?.map(x => -x),
    () => row?.map(x => x * (1 + random.normal() * 1e-6)),
    () => row?.map(x => x / 2),
  ]
  const query = random.pick(kinds)() ?? random.gaussian(index.dim)
  return index.metric === 'cosine' && magnitude(query) === 0 ? undefined : query
}

/** Two similarities, low then high, taken from the rows themselves, so that limits meet rows exactly. */
function someSimilarities(oracle: Oracle, random: Random, query: Float32Array): [number, number] {
  const live = oracle.rows.filter(row => row !== undefined)
  const some = (): number => {
    const fixed = random.pick([0, -0.5, 0.999, 1, 2, -3])
    if (live.length === 0 || random.next() < 0.2) return fixed
    const similarity = exactSimilarity(oracle.metric, query, random.pick(live))
    return Number.isNaN(similarity) ? fixed : similarity
  }
  const a = some()
  const b = some()
  return a < b ? [a, b] : [b, a]
}
