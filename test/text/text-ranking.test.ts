import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import { TextRanking } from '../../src/search/text/text-ranking.ts'
import { seededTest } from '../seed.ts'
import { Random } from '../vec/random.ts'
import { Oracle, type Row } from './oracle.ts'

const seeded = seededTest('VEC_SEED')
const ROWS = 3000

/** All scores of a ranking, and which lengths were asked for. */
function ranking(scores: readonly number[], wanted: number) {
  const asked: number[] = []
  const docids = scores.map((_, i) => 100 + i)
  const of = new TextRanking(wanted, most => {
    asked.push(most)
    return { docids: docids.slice(0, most), scores: scores.slice(0, most) }
  })
  return { of, asked }
}

test('a page ends where the scores change', () => {
  const { of, asked } = ranking([5, 4, 4, 4, 3, 3, 2], 2)
  assert.deepEqual(of.page(0, 2), [100, 101, 102, 103])
  assert.deepEqual(of.page(4, 1), [104, 105])
  assert.equal(of.score(4), 3)
  assert.deepEqual(of.page(6, 10), [106])
  assert.deepEqual(of.page(7, 10), [])
  assert.deepEqual(asked, [68])
})

test('the whole ranking is asked for once the first documents are not enough', () => {
  const scores = Array.from({ length: 500 }, (_, i) => 500 - i)
  const { of, asked } = ranking(scores, 1)
  assert.equal(of.page(0, 65).length, 65)
  assert.deepEqual(asked, [66])
  assert.deepEqual(of.page(65, 1), [165])
  assert.deepEqual(of.page(65, 3), [165, 166, 167])
  assert.deepEqual(asked, [66, Infinity])
})

test('documents that equal the last one may be more than were asked for', () => {
  const { of } = ranking([9, ...Array.from({ length: 300 }, () => 1)], 2)
  assert.equal(of.page(0, 2).length, 301)
})

seeded('equal scores and rare matches of a filter are ranked as FTS5 ranks them', async () => {
  const r = new Random(7)
  const rows: Row[] = Array.from({ length: ROWS }, (_, i) => ({
    dataset: 'a',
    id: `d${(i * 7919) % ROWS}`,
    // Many documents of one length, and so of one score.
    content: Array.from({ length: 1 + r.below(3) }, () => r.pick(['fox', 'red'])).join(' '),
    title: null,
    lang: r.chance(0.01) ? 'de' : 'en',
    vector: undefined,
  }))
  const db = await open(':memory:')
  db.exec(
    'CREATE VIRTUAL TABLE docs USING vec(doc_id, title TEXT, lang TEXT, text="title,content")',
  )
  const insert = db.prepare(
    'INSERT INTO _vec_docs(dataset_id, id, content, lang) VALUES (?, ?, ?, ?)',
  )
  db.transaction(() => {
    for (const { dataset, id, content, lang } of rows) insert.run(dataset, id, content, lang)
  })()
  const oracle = await Oracle.of(rows, 'unicode61')
  for (const limit of [1, 5, 40, 1500, ROWS]) {
    for (const lang of [undefined, 'en', 'de', 'fr']) {
      const found = db
        .prepare(
          `SELECT doc_id AS id, dataset_id AS dataset, match_score AS score FROM docs
           WHERE dataset_id = 'a' AND docs MATCH vec_text('fox', '{"syntax": "fts5"}') AND k = ?
           ${lang ? `AND lang = '${lang}'` : ''}`,
        )
        .all(limit)
      const expected = oracle.text('a', 'fox', row => !lang || row.lang === lang).slice(0, limit)
      assert.deepEqual(found, expected, `${limit} of ${lang ?? 'all'}`)
    }
  }
  oracle.close()
  db.close()
})
