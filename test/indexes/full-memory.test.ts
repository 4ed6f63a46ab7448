import assert from 'node:assert/strict'
import { ACCELERATORS } from '../../src/accelerators/accelerator.ts'
import { CLUSTER_RULE } from '../../src/index/kinds/exact/clusters/cluster-rule.ts'
import { CodeRows } from '../../src/index/kinds/exact/code-rows.ts'
import { ExactIndex } from '../../src/index/kinds/exact/exact-index.ts'
import { SplitRows } from '../../src/index/kinds/exact/split-rows.ts'
import { stagedRows } from '../../src/index/vector-index.ts'
import { seededTest } from '../seed.ts'
import { EVERYTHING } from './clustered-index.ts'
import { Oracle } from './oracle.ts'
import { random, type Random } from './random.ts'

const test = seededTest('INDEX_SEED')

const DIM = 200
/** In place of the 4 GiB of a WebAssembly memory. */
const MEMORY = 4 << 20
/** Rows fill so much of it. Most of the rest is for staged vectors and for what kernels write. */
const FILLED = 0.78
const CENTRES = 100
const QUERIES = 20

/** Clusters of so few rows may visit as many of them as they like. */
const RULE = { ...CLUSTER_RULE, rows: 0, numbers: 0, trials: 200, expensive: Infinity }

/** Draws rows around centres. */
function grouped(r: Random): () => Float32Array {
  const centres = Array.from({ length: CENTRES }, () => r.vector(DIM))
  return () => {
    const centre = centres[r.below(CENTRES)]
    return r.vector(DIM, 0.7).map((v, i) => v + centre[i])
  }
}

for (const Rows of [CodeRows, SplitRows]) {
  test(`an index that nearly fills its memory has clusters: ${Rows.name}`, () => {
    const r = random(1)
    const draw = grouped(r)
    const accelerator = { ...ACCELERATORS.simd, mostBytes: MEMORY }
    const options = { metric: 'cosine', dim: DIM, expectedRows: 0, accelerator } as const
    const rows = new Rows(options)
    const count = Math.floor((FILLED * MEMORY) / rows.block.stride)
    const index = new ExactIndex(options, rows, 0)
    const oracle = new Oracle(index)
    oracle.append(Array.from({ length: count }, draw), stagedRows(DIM))

    const clusters = index.clusteringBy(RULE)!.begin()!
    while (clusters.step());
    assert.ok(clusters.ready)
    assert.equal(clusters.rows, count)
    // They list the rows: another memory would not hold a copy of them, as blocks of clusters have free slots.
    assert.ok(clusters.bytes < 0.6 * index.bytes, `${clusters.bytes} of ${index.bytes}`)

    const follow = (): void => {
      for (let i = 0; i < 200; i++) {
        const position = r.below(oracle.rows.length)
        if (oracle.removed.has(position)) continue
        oracle.remove(position)
        clusters.removed(position)
      }
      const added = Array.from({ length: 100 }, draw)
      oracle.append(added)
      clusters.added(added.length)
    }
    const check = (): number => {
      let found = 0
      let approximate = 0
      for (let i = 0; i < QUERIES; i++) {
        const request = { query: draw(), k: 10 }
        const expected = oracle.best(request).map(([position]) => position)
        oracle.check(request)
        const all = clusters.search(request, EVERYTHING)!
        const positions = [...all.positions.subarray(0, all.count)]
        for (const position of expected) assert.ok(positions.includes(position))
        for (const position of positions) assert.ok(!oracle.removed.has(position))
        const promised = clusters.promise(0.95, request)
        const some = promised && clusters.search(request, promised)
        if (some) approximate++
        const { count: size, positions: near } = some ?? index.search(request)
        found += expected.filter(position => near.subarray(0, size).includes(position)).length
      }
      assert.ok(approximate > QUERIES / 2, `${approximate} of ${QUERIES} searches used clusters`)
      return found / (10 * QUERIES)
    }
    // So few queries say little: what is far below the promise is not chance.
    for (const step of [() => {}, follow]) {
      step()
      const recall = check()
      assert.ok(recall >= 0.9, `0.95 is promised, ${recall} found`)
    }
    clusters.dispose()
    index.dispose()
  })
}

test('rows fill their memory to the last bytes, and one that does not fit changes nothing', () => {
  const draw = grouped(random(2))
  const accelerator = { ...ACCELERATORS.simd, mostBytes: MEMORY }
  const options = { metric: 'cosine', dim: DIM, expectedRows: 0, accelerator } as const
  const rows = new CodeRows(options)
  const index = new ExactIndex(options, rows, 0)
  const oracle = new Oracle(index)
  const batch = 128
  const fill = (): void => {
    for (;;) oracle.append(Array.from({ length: batch }, draw))
  }
  assert.throws(fill, { code: 'VEC_MEMORY' })
  const { positions } = index
  assert.equal(positions, oracle.rows.length)
  // Beside the rows are staged vectors, and what kernels write to.
  const free = MEMORY - positions * rows.block.stride
  assert.ok(free < (1 << 20) + batch * rows.block.stride, `${free} bytes are free`)
  for (let i = 0; i < 10; i++) oracle.check({ query: draw(), k: 10 })
  index.dispose()
})
