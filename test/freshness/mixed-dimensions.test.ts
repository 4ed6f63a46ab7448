import assert from 'node:assert/strict'
import { test } from 'node:test'
import { insertMany, open } from '../../src/entries/main.ts'
import { wrong } from './oracle.ts'
import { newPath } from './scene.ts'

const DIM = 100

function vector(seed: number, dim: number): Float32Array {
  return Float32Array.from({ length: dim }, (_, i) => Math.sin((seed + 1) * (i + 1.7)))
}

test('a saved index remembers that rows of another dimension are left out', async () => {
  const path = newPath()
  const first = await open(path)
  first.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, index=brute)')
  insertMany(
    first,
    '_vec_docs',
    ['dataset_id', 'id', 'embedding'],
    Array.from({ length: 3000 }, (_, i) => ['a', `doc ${i}`, vector(i, i === 1 ? 50 : DIM)]),
  )
  const ask = (db: typeof first, dim: number): string | undefined =>
    wrong(db, { table: 'docs', dataset: 'a', query: vector(5, dim), metric: 'cosine' }, [3])
  assert.equal(ask(first, DIM), undefined)
  first.close()
  const db = await open(path)
  assert.equal(db.prepare('SELECT count(*) FROM vector_storage').pluck().get(), 1)
  assert.equal(ask(db, DIM), undefined)
  // Now the first vector in the file, which decides, is the one of 50 numbers.
  db.exec("DELETE FROM _vec_docs WHERE id = 'doc 0'")
  const found = db.prepare(
    "SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ? LIMIT 3",
  )
  assert.deepEqual(found.pluck().all(vector(5, 50)), ['doc 1'])
  assert.throws(() => found.all(vector(5, DIM)), { code: 'VEC_DIMENSION' })
  db.close()
})
