import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeEmbedding, insertMany, open, type BindValue } from '../../src/entries/main.ts'

/** More distinct numbers than two bytes can count: a column keeps the numbers themselves from there on. */
const ROWS = 70_000

/** What stands among the numbers of a column, and is none that a double or 32 bits hold. */
const OTHERS: readonly BindValue[] = [
  2n ** 60n + 1n,
  -(2n ** 63n),
  'text',
  null,
  Uint8Array.of(1),
  2 ** 31,
  -(2 ** 31),
  Infinity,
]

const CONDITIONS: readonly (readonly [sql: string, parameters: readonly BindValue[]])[] = [
  ['n < ?', [-29_990]],
  ['n BETWEEN ? AND ?', [5, 20]],
  ['n IS NULL', []],
  ['n = ?', [2n ** 60n + 1n]],
  ['n = ?', [-(2n ** 63n)]],
  ['n >= ?', ['text']],
  ['n = ?', [-(2 ** 31)]],
  ['n >= ?', [2 ** 31 - 1]],
  ['n GLOB ?', ['-299*']],
  ['x > ?', [25_990]],
  ['x IS NULL', []],
  ['x IN (?, ?, ?)', [0.5, 1.5, -9000]],
  ['x = ? AND n < 0', [0.5]],
]

const vector = (i: number): Uint8Array => encodeEmbedding([Math.sin(i), Math.cos(i * 1.7), 0.5])

test('columns of more than 65,536 distinct numbers answer as SQL does', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-numbers-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'numbers.sqlite')
  let db = await open(path)
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, n INTEGER, x REAL)')
  const rows = Array.from({ length: ROWS }, (_, i): BindValue[] => [
    'p',
    `i${i}`,
    i % 97 === 0 ? OTHERS[(i / 97) % OTHERS.length] : i - 30_000,
    i % 101 === 0 ? null : i * 0.5 - 9000,
    vector(i),
  ])
  insertMany(db, '_vec_docs', ['dataset_id', 'id', 'n', 'x', 'embedding'], rows)

  const compare = (when: string): void => {
    for (const [sql, parameters] of CONDITIONS) {
      const found = db
        .prepare(
          `SELECT doc_id FROM docs WHERE dataset_id = 'p' AND doc_id MATCH ? AND ${sql} AND k = 20`,
        )
        .pluck()
        .all(vector(3), ...parameters)
      const expected = db
        .prepare(
          `SELECT id FROM _vec_docs WHERE dataset_id = 'p' AND ${sql}
           ORDER BY vec_cosine(embedding, ?) DESC, id LIMIT 20`,
        )
        .pluck()
        .all(...parameters, vector(3))
      assert.deepEqual(found, expected, `${when}: ${sql}`)
    }
  }
  const forms = (): unknown =>
    db
      .prepare("SELECT op FROM vec_admin WHERE op MATCH 'explain:docs:p' AND topic = 'columns'")
      .pluck()
      .all()
      .join()

  compare('filled')
  assert.match(String(forms()), /numbers of [48] bytes.*numbers of 8 bytes/s)
  db.exec('BEGIN')
  db.exec("UPDATE _vec_docs SET n = 7, x = -9000 WHERE id LIKE 'i55%'")
  compare('in a transaction')
  db.exec('ROLLBACK')
  compare('rolled back')
  db.exec("UPDATE _vec_docs SET n = 'text', x = NULL WHERE id LIKE 'i12%'")
  compare('changed')
  db.close()
  db = await open(path)
  compare('opened again')
  const errors = db
    .prepare("SELECT op FROM vec_admin WHERE op MATCH 'check:docs:p' AND severity = 'error'")
    .pluck()
    .all()
  assert.deepEqual(errors, [])
  db.close()
})
