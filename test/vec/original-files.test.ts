import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { open } from '../../src/entries/main.ts'

test('an index of the original goes with its triggers: it would trust it when rows have changed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'original-'))
  const path = join(folder, 'two.db')
  copyFileSync('test/golden/db/two.db', path)
  try {
    const db = await open(path)
    const stored = db
      .prepare('SELECT shadow_table_name, dataset_id FROM vector_storage ORDER BY 1, 2')
      .raw()
    assert.equal(stored.all().length, 4)
    const search = db.prepare(
      `SELECT doc_id FROM vec_notes WHERE dataset_id = 'alpha' AND doc_id MATCH
       (SELECT embedding FROM _vec_vec_notes WHERE dataset_id = 'alpha' AND id = 'alpha-012') LIMIT 1`,
    )
    assert.deepEqual(search.pluck().all(), ['alpha-012'])
    // The other table has not been asked: its triggers and indexes are still the original's.
    assert.deepEqual(stored.all(), [
      ['main._vec_vec_pages', 'alpha'],
      ['main._vec_vec_pages', 'beta'],
    ])
    db.close()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('a cover tree is refused for the dot product, which is no distance', async () => {
  const db = await open(':memory:')
  assert.throws(() => db.exec('CREATE VIRTUAL TABLE d USING vec(id, index=cover, metric=dot)'), {
    code: 'VEC_OPTION',
    message: /\bcover\b.*\bdot\b/,
  })
  db.exec('CREATE VIRTUAL TABLE d USING vec(id, index=cover, metric=euclidean)')
  db.close()
})
