import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exactSimilarity } from '../../../src/entries/indexes.ts'
import type { Metric } from '../../../src/entries/main.ts'
import { TableScan } from '../../../src/search/query/table-scan.ts'
import { TopK } from '../../../src/search/query/top-k.ts'
import { seededTest } from '../../seed.ts'
import { Random } from '../../soak/random.ts'
import { blob, TableWorld, text } from './table-world.ts'

const seeded = seededTest('STORE_SEED')

interface Found {
  readonly ids: string[]
  readonly scored: number
  readonly dim: number
}

function scan(
  world: TableWorld,
  query: readonly number[],
  accepts: (similarity: number) => boolean = () => true,
  metric: Metric = 'dot',
): Found {
  const hits = new TopK(100, metric)
  const tableScan = new TableScan(world.shadow, metric)
  const { scored, dim } = tableScan.run('d', Float32Array.from(query), hits, accepts)
  tableScan.dispose()
  const ids = Array.from({ length: hits.ranked().count }, (_, rank) => text(hits.id(rank)))
  return { ids, scored, dim }
}

test('rows are ranked as they are in the table', () => {
  using world = new TableWorld()
  world.put('a', [1, 0])
  world.put('b', [3, 0])
  world.put('c', [2, 0])
  world.put('other', [9, 0], 'e')
  assert.deepEqual(scan(world, [1, 0]), { ids: ['b', 'c', 'a'], scored: 3, dim: 2 })
  world.put('b', [0, 0])
  world.delete('c')
  assert.deepEqual(scan(world, [1, 0]).ids, ['a', 'b'])
})

test('what is not a vector of this dimension is passed over', () => {
  using world = new TableWorld()
  world.put('long', [1, 2, 3])
  world.put('nan', [NaN, 1])
  world.put('odd', new Uint8Array(7))
  world.put('empty', null)
  world.put('a', [1, 0])
  world.db.exec("UPDATE _vec_docs SET archived = 1 WHERE id = 'a'")
  world.put('b', [1, 1])
  assert.deepEqual(scan(world, [1, 0]), { ids: ['b'], scored: 1, dim: 3 })
})

test('the dimension is that of the first finite vector, 0 when there is none', () => {
  using world = new TableWorld()
  assert.equal(scan(world, [1]).dim, 0)
  world.put('nan', [NaN, 1, 2])
  assert.equal(scan(world, [1]).dim, 0)
  world.put('a', [1, 2])
  assert.equal(scan(world, [1]).dim, 2)
})

test('only accepted similarities are given', () => {
  using world = new TableWorld()
  for (let i = 0; i < 10; i++) world.put(`${i}`, [i])
  assert.deepEqual(scan(world, [1], similarity => similarity > 3 && similarity < 7).ids, [
    '6',
    '5',
    '4',
  ])
})

test('a zero vector has no cosine', () => {
  using world = new TableWorld()
  world.put('zero', [0, 0])
  world.put('a', [1, 0])
  assert.deepEqual(scan(world, [1, 0], () => true, 'cosine').ids, ['a'])
})

for (const metric of ['cosine', 'euclidean', 'dot'] as const) {
  seeded(
    `over more rows than a batch the answer is that of double arithmetic: ${metric}`,
    (_t, seed) => {
      using world = new TableWorld()
      const draw = new Random(seed)
      const vectorOf = (): number[] =>
        Array.from({ length: 5 }, () => Math.fround(draw.next() - 0.5))
      const rows = new Map<string, number[]>()
      world.db.exec('BEGIN')
      for (let i = 0; i < 700; i++) {
        const id = 'x'.repeat(draw.below(60)) + String(i)
        const vector = vectorOf()
        rows.set(id, vector)
        world.put(id, blob(...vector))
      }
      world.db.exec('COMMIT')
      const query = vectorOf()
      const expected = [...rows]
        .map(([id, vector]) => ({ id, similarity: exactSimilarity(metric, query, vector) }))
        .toSorted((a, b) => b.similarity - a.similarity || (a.id < b.id ? -1 : 1))
        .slice(0, 100)
      const found = scan(world, query, () => true, metric)
      assert.deepEqual(
        found.ids,
        expected.map(({ id }) => id),
      )
      assert.equal(found.scored, 700)
    },
  )
}
