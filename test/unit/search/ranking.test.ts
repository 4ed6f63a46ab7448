import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ranking } from '../../../src/search/query/ranking.ts'
import type { Answer, Search } from '../../../src/search/query/search.ts'
import type { Searcher } from '../../../src/search/query/searcher.ts'
import { TopK } from '../../../src/search/query/top-k.ts'
import { bytes, text } from './table-world.ts'

/** Rows of one dataset that a searcher ranks, by id. */
class Rows {
  readonly similarities = new Map<string, number>()
  /** The limits that were asked for. */
  readonly asked: number[] = []
  snapshots = 0

  constructor(count: number) {
    for (let i = 0; i < count; i++) this.similarities.set(`r${String(i).padStart(4, '0')}`, -i)
  }

  rank(search: Partial<Search> = {}): Ranking {
    const searcher = {
      shadow: {
        inSnapshot: <R>(task: () => R): R => task(),
        holdSnapshot: (): Disposable => {
          this.snapshots++
          return { [Symbol.dispose]: () => void this.snapshots-- }
        },
      },
      search: ({ limit }: Search): Answer => this.#answer(limit),
    } as unknown as Searcher
    return new Ranking(searcher, {
      dataset: 'd',
      query: Float32Array.of(1),
      limit: Infinity,
      more: true,
      minSimilarity: -Infinity,
      maxSimilarity: Infinity,
      accepts: () => true,
      ids: undefined,
      ...search,
    })
  }

  #answer(limit: number): Answer {
    this.asked.push(limit)
    const hits = new TopK(limit, 'dot')
    for (const [id, similarity] of this.similarities) hits.add(similarity, bytes(id), NaN)
    const next = limit < this.similarities.size ? limit * 4 : undefined
    const report = { path: 'index', visited: 0, candidates: 0 } as unknown as Answer['report']
    return { hits: hits.ranked(), next, report }
  }
}

function read(ranking: Ranking, most = Infinity): string[] {
  const ids: string[] = []
  for (; !ranking.eof && ids.length < most; ranking.next()) ids.push(text(ranking.id()))
  return ids
}

test('rows come in order, ranked in parts that grow as they are read', () => {
  const rows = new Rows(700)
  assert.deepEqual(read(rows.rank()), [...rows.similarities.keys()])
  assert.deepEqual(rows.asked, [64, 256, 1024])
})

test('who reads few rows has few ranked', () => {
  const rows = new Rows(700)
  const ranking = rows.rank()
  assert.deepEqual(read(ranking, 3), ['r0000', 'r0001', 'r0002'])
  assert.deepEqual(rows.asked, [64])
  assert.equal(rows.snapshots, 1, 'more rows may be asked for, of the same snapshot')
  ranking.close()
  assert.equal(rows.snapshots, 0)
  assert.ok(ranking.eof)
})

test('a limit is asked for at once, and no row beyond it is given', () => {
  const rows = new Rows(700)
  assert.equal(read(rows.rank({ limit: 200 })).length, 200)
  assert.equal(read(rows.rank({ limit: 300, more: false })).length, 300)
  assert.equal(read(rows.rank({ limit: 300 })).length, 300)
  assert.deepEqual(rows.asked, [200, 300, 64, 256, 300])
  assert.equal(rows.snapshots, 0)
})

test('rows that are written while others are read break no order and come once', () => {
  const rows = new Rows(300)
  const ranking = rows.rank()
  const given = read(ranking, 60)
  // Above all that was given, between what comes, and below; a row that was given sinks, one that was not rises.
  rows.similarities.set('above', 1)
  rows.similarities.set('between', -100.5)
  rows.similarities.set('r0010', -200.5)
  rows.similarities.set('r0250', 0.5)
  rows.similarities.delete('r0120')
  const rest = read(ranking)
  const all = [...given, ...rest]
  assert.equal(new Set(all).size, all.length)
  assert.ok(!rest.includes('above') && !rest.includes('r0120') && !rest.includes('r0250'))
  assert.ok(rest.includes('between'))
  assert.deepEqual(
    rest.filter(id => id !== 'between'),
    Array.from({ length: 240 }, (_, i) => `r${String(i + 60).padStart(4, '0')}`).filter(
      id => id !== 'r0120' && id !== 'r0250',
    ),
  )
  assert.equal(rows.snapshots, 0)
})

test('a dataset without rows is at its end', () => {
  assert.deepEqual(read(new Rows(0).rank()), [])
})
