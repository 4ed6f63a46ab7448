import assert from 'node:assert/strict'
import { before } from 'node:test'
import { threads } from '../../src/accelerators/threads/threads.ts'
import { open } from '../../src/entries/main.ts'
import { random } from '../indexes/random.ts'
import { seededTest } from '../seed.ts'
import { startThreads } from './pool.ts'

const test = seededTest('INDEX_SEED')
const ROWS = 45_000
const QUERIES = 20
const DIM = 64

before(async () => startThreads(1))

test('a join that searches for many vectors uses threads for each, with the same results', async () => {
  const r = random(1)
  const db = await open(':memory:')
  db.exec(
    `CREATE VIRTUAL TABLE docs USING vec(doc_id); CREATE TABLE q(id INTEGER PRIMARY KEY, vector BLOB)`,
  )
  const insert = db.prepare("INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', ?, ?)")
  const ask = db.prepare('INSERT INTO q VALUES (?, ?)')
  db.transaction(() => {
    for (let i = 0; i < ROWS; i++) insert.run(`d${i}`, r.vector(DIM))
    for (let i = 0; i < QUERIES; i++) ask.run(i, r.vector(DIM))
  })()
  const join = db
    .prepare(
      `SELECT q.id, doc_id, match_score FROM q CROSS JOIN docs
       WHERE dataset_id = 'a' AND doc_id MATCH q.vector AND k = 5 ORDER BY q.id, match_score DESC`,
    )
    .raw()
  join.all()
  const tasks = threads.turns.task
  const helped = join.all()
  assert.equal(helped.length, QUERIES * 5)
  assert.equal(threads.turns.task - tasks, QUERIES, 'each query is a task of the threads')
  threads.help = 'never'
  assert.deepEqual(join.all(), helped)
  const single = db
    .prepare(
      `SELECT ? AS id, doc_id, match_score FROM docs
       WHERE dataset_id = 'a' AND doc_id MATCH (SELECT vector FROM q WHERE id = ?) AND k = 5 ORDER BY match_score DESC`,
    )
    .raw()
  const each = Array.from({ length: QUERIES }, (_, id) => single.all(id, id))
  assert.deepEqual(helped, each.flat())
  db.close()
})
