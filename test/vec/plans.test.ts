import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'

let db: Connection

before(async () => {
  db = await open(':memory:')
  for (const metric of ['cosine', 'euclidean', 'dot', 'manhattan'])
    db.exec(`CREATE VIRTUAL TABLE ${metric} USING vec(doc_id, metric=${metric})`)
})

function plan(where: string, table = 'cosine'): string {
  const rows = db
    .prepare(
      `EXPLAIN QUERY PLAN SELECT doc_id FROM ${table} WHERE ${where.replace('MATCH', "doc_id MATCH '[1]'")}`,
    )
    .all()
  const details = (rows as { detail: string }[]).map(({ detail }) => detail)
  return details.map(detail => detail.replace(/^SCAN \S+ VIRTUAL TABLE INDEX /, '')).join(' + ')
}

for (const [where, expected] of [
  [`dataset_id = 'a'`, '0:dataset='],
  [`dataset_id = 'a' LIMIT 5 OFFSET 1`, '0:dataset= limit offset'],
  [`dataset_id = 'a' AND doc_id = 'x'`, '0:dataset= id='],
  [`dataset_id IN ('a', 'b') AND doc_id IN ('x', 'y')`, '0:dataset-in id-in'],
  [`dataset_id = 'a' AND MATCH`, '1:dataset= match'],
  [`dataset_id = 'a' AND MATCH LIMIT 5 OFFSET 2`, '1:dataset= match limit offset'],
  [`dataset_id = 'a' AND MATCH AND k = 3`, '2:dataset= match k'],
  [`dataset_id = 'a' AND MATCH AND k = 3 AND content IS NULL`, '1:dataset= match k'],
  [`dataset_id = 'a' AND MATCH AND doc_id <> 'x'`, '1:dataset= match'],
  [`dataset_id = 'a' AND MATCH AND doc_id NOT IN ('x') LIMIT 5`, '1:dataset= match'],
  [
    `dataset_id IN ('a', 'b') AND MATCH AND doc_id IN ('x', 'y') AND k = 3`,
    '2:dataset-in id-in match k',
  ],
  [`dataset_id = 'a' AND MATCH AND match_score > 0.5 LIMIT 5`, '1:dataset= match score> limit'],
  [`dataset_id = 'a' AND MATCH AND distance <= 0.5`, '1:dataset= match distance<='],
  [
    `dataset_id = 'a' AND MATCH AND match_score BETWEEN 0.2 AND 0.9`,
    '1:dataset= match score>= score<=',
  ],
  [`dataset_id = 'a' AND MATCH AND match_score = 1`, '1:dataset= match score='],
] as const) {
  test(`the plan of ${where} is ${expected}`, () => {
    assert.equal(plan(where), expected)
  })
}

test('nearest first needs no sorting, and takes the LIMIT', () => {
  for (const order of ['match_score DESC', 'distance', 'distance ASC']) {
    assert.equal(
      plan(`dataset_id = 'a' AND MATCH ORDER BY ${order} LIMIT 5`),
      '1:dataset= match limit',
    )
  }
})

function thenById(order: string, table: string): string {
  return plan(`dataset_id = 'a' AND MATCH ORDER BY ${order}, doc_id LIMIT 5`, table)
}

test('then by id needs no sorting where score and similarity are one', () => {
  const sorted = '2:dataset= match + USE TEMP B-TREE FOR ORDER BY'
  assert.equal(thenById('match_score DESC', 'cosine'), '1:dataset= match limit')
  assert.equal(thenById('distance', 'cosine'), sorted)
  assert.equal(thenById('distance', 'euclidean'), '1:dataset= match limit')
  assert.equal(thenById('match_score DESC', 'euclidean'), sorted)
  assert.equal(thenById('match_score DESC', 'dot'), '1:dataset= match limit')
})

test('LIMIT stays with SQLite where it sorts or filters', () => {
  for (const rest of [
    'ORDER BY match_score LIMIT 5',
    'ORDER BY doc_id LIMIT 5',
    `AND content LIKE '%x%' LIMIT 5`,
    `AND doc_id > 'a' LIMIT 5`,
    `AND doc_id = 'A' COLLATE NOCASE LIMIT 5`,
  ]) {
    assert.ok(!plan(`dataset_id = 'a' AND MATCH ${rest}`).includes('limit'), rest)
  }
})
