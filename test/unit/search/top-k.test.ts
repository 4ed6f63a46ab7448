import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { TopK } from '../../../src/search/query/top-k.ts'
import { seededTest } from '../../seed.ts'
import { Random } from '../../soak/random.ts'
import { bytes, text } from './table-world.ts'

const seeded = seededTest('STORE_SEED')

type Row = readonly [similarity: number, id: string]

function topOf(rows: readonly Row[], limit: number, metric: 'cosine' | 'dot' = 'dot'): TopK {
  const hits = new TopK(limit, metric)
  for (const [i, [similarity, id]] of rows.entries()) hits.add(similarity, bytes(id), i)
  return hits
}

const read = (hits: TopK): Row[] =>
  Array.from({ length: hits.ranked().count }, (_, rank) => [
    hits.similarity(rank),
    text(hits.id(rank)),
  ])

describe('the best rows', () => {
  test('come by falling similarity, equal ones by id in byte order', () => {
    const rows: Row[] = [
      [1, 'b'],
      [2, 'x'],
      [1, 'a'],
      [1, 'ab'],
      [3, 'z'],
    ]
    assert.deepEqual(read(topOf(rows, 4)), [
      [3, 'z'],
      [2, 'x'],
      [1, 'a'],
      [1, 'ab'],
    ])
  })

  test('have their rowids, NaN where it is not known', () => {
    const hits = new TopK(2, 'dot')
    hits.add(1, bytes('a'), 7)
    hits.add(2, bytes('b'), NaN)
    hits.ranked()
    assert.deepEqual([hits.rowid(0), hits.rowid(1)], [NaN, 7])
  })

  test('can be none', () => {
    assert.equal(topOf([[1, 'a']], 0).count, 0)
    assert.deepEqual(read(topOf([], 3)), [])
  })

  seeded('are those of a sort, with any limit, also when only some are read', (_t, seed) => {
    const draw = new Random(seed)
    for (const limit of [1, 2, 15, 16, 17, 100, 1000, Infinity]) {
      const rows: Row[] = Array.from({ length: 700 }, () => [
        draw.below(20) - 10,
        'x'.repeat(draw.below(40)) + String(draw.below(1e9)),
      ])
      const sorted = rows
        .toSorted(([a, idA], [b, idB]) => b - a || (idA < idB ? -1 : 1))
        .slice(0, limit)
      const hits = topOf(rows, limit).ranked()
      assert.equal(hits.count, sorted.length)
      for (const rank of [0, 3, 1, sorted.length - 1]) {
        if (rank >= sorted.length) continue
        assert.deepEqual([hits.similarity(rank), text(hits.id(rank))], sorted[rank], `${limit}`)
      }
      assert.deepEqual(read(topOf(rows, limit)), sorted)
    }
  })
})

describe('the threshold', () => {
  test('lets everything in until the limit is reached, then the worst of the best', () => {
    const hits = new TopK(2, 'dot')
    assert.equal(hits.threshold, -Infinity)
    hits.add(5, bytes('a'), 0)
    assert.deepEqual([hits.threshold, hits.full], [-Infinity, false])
    hits.add(3, bytes('b'), 1)
    assert.deepEqual([hits.threshold, hits.full], [3, true])
    hits.add(4, bytes('c'), 2)
    assert.equal(hits.threshold, 4)
  })

  test('lets equal rows in, as a smaller id wins', () => {
    const hits = topOf([[1, 'm']], 1)
    hits.add(1, bytes('z'), 1)
    hits.add(1, bytes('a'), 2)
    assert.deepEqual(read(hits), [[1, 'a']])
  })
})

test('a cosine outside of its range is the end of the range, so that such rows tie', () => {
  const rows: Row[] = [
    [1.0000000000000002, 'b'],
    [1, 'a'],
    [-1.0000000000000002, 'd'],
    [-1, 'c'],
  ]
  assert.deepEqual(read(topOf(rows, 9, 'cosine')), [
    [1, 'a'],
    [1, 'b'],
    [-1, 'c'],
    [-1, 'd'],
  ])
  // A row below -1 computed may still be one at -1.
  assert.equal(topOf([[-1, 'b']], 1, 'cosine').threshold, -Infinity)
})
