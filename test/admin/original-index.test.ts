import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeEmbedding } from '../../src/entries/main.ts'
import { decodeOriginal } from '../../src/viant/formats/decode-original.ts'
import { goldenBytes } from '../original/golden-set.ts'
import {
  admin,
  assertExact,
  assertMends,
  complaints,
  elsewhere,
  filled,
  newPath,
  SMALL,
  topics,
  vector,
} from './scene.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const put = (blob: Uint8Array): string =>
  `INSERT OR REPLACE INTO vector_storage VALUES ('main._vec_docs', 'a', x'${hex(blob)}')`

/** The triggers of the original, as far as other programs can run them. */
const guarded = `CREATE TRIGGER trg_vec_main__vec_docs_ins AFTER INSERT ON _vec_docs BEGIN SELECT vec_invalidate('main._vec_docs', NEW.dataset_id); END`

test('an index of the original that agrees with the rows is found sound while its triggers stand', async () => {
  const path = newPath()
  const db = await filled(path)
  for (const format of ['brute', 'cover']) {
    admin(db, `export:${format}:docs:a`)
    const found = admin(db, 'check:docs:a').filter(row => row.topic === 'original-index')
    assert.deepEqual(topics(found), ['ok original-index'])
    assert.match(found[0].op, /agrees with the table: 30 rows, \d+ bytes$/)
  }
  const blob = db.prepare('SELECT "index" FROM vector_storage').pluck().get() as Uint8Array
  admin(db, 'export:brute:docs:a')
  elsewhere(
    path,
    `DELETE FROM vector_storage; ${put(blob)}; DROP TRIGGER vec_export__vec_docs_inserted`,
  )
  assert.deepEqual(topics(complaints(admin(db, 'check:docs:a'))), [
    'warning triggers',
    'warning original-index',
  ])
  elsewhere(path, guarded)
  assert.deepEqual(topics(complaints(admin(db, 'check:docs:a'))), [
    'warning triggers',
    'warning triggers',
  ])
  assertMends(db, 'repair:docs:a', SMALL.dim)
  assert.equal(db.prepare('SELECT count(*) FROM vector_storage').pluck().get(), 0)
  db.close()
})

test('an index of the original that differs from the rows is told, and deleted', async () => {
  const path = newPath()
  const db = await filled(path)
  admin(db, 'export:brute:docs:a')
  const blob = db.prepare('SELECT "index" FROM vector_storage').pluck().get() as Uint8Array
  const cases: [sql: string, op: RegExp][] = [
    [
      "DELETE FROM _vec_docs WHERE dataset_id = 'a' AND id = 'doc 2'",
      /has 1 row that the table lacks \('doc 2'\)/,
    ],
    [
      `INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('a', 'new', x'${hex(encodeEmbedding(vector(99, 4)))}')`,
      /lacks 1 row of the table \('new'\)/,
    ],
    [
      `UPDATE _vec_docs SET embedding = x'${hex(encodeEmbedding(vector(77, 4)))}' WHERE dataset_id = 'a' AND id = 'doc 5'`,
      /has different vectors than the table for 1 row \('doc 5'\)/,
    ],
  ]
  for (const [sql, op] of cases) {
    elsewhere(path, sql)
    // The write took the exported one along: an older copy of the file brings it back.
    assert.equal(db.prepare('SELECT count(*) FROM vector_storage').pluck().get(), 0)
    elsewhere(path, put(blob))
    const found = complaints(admin(db, 'check:docs:a')).filter(
      row => row.topic === 'original-index',
    )
    assert.deepEqual(topics(found), ['warning original-index'])
    assert.match(found[0].op, /brute-force list/)
    assert.match(found[0].op, op)
    assertMends(db, 'repair:docs:a', SMALL.dim)
    admin(db, 'export:brute:docs:a')
  }
  db.close()
})

test('hostile blobs in vector_storage are bounded, told, and deleted', async () => {
  const path = newPath()
  const db = await filled(path)
  const hostile: Uint8Array[] = [
    Buffer.from('hello world'),
    Buffer.from('00000000', 'hex'),
    Buffer.from('ffffffffffffffff', 'hex'),
    Buffer.from('04000000ffffffff00000000', 'hex'),
    Buffer.from('434f5631', 'hex'),
    goldenBytes('c200x16.cover-1.3-cosine.bin').subarray(0, 5000),
    Buffer.concat([
      Buffer.from('434f5631010000000400000000000000ffffffff', 'hex'),
      Buffer.alloc(60),
    ]),
  ]
  for (const blob of hostile) {
    assert.throws(() => decodeOriginal(blob), { code: 'VEC_STORAGE' })
    elsewhere(path, put(blob))
    const [found] = complaints(admin(db, 'check:docs:a'))
    assert.deepEqual([found.severity, found.topic], ['warning', 'original-index'])
    assert.match(found.op, /^vector_storage\b/)
    assertMends(db, 'repair:docs:a', SMALL.dim)
  }
  // Of other rows altogether, however well-formed.
  elsewhere(path, put(goldenBytes('c200x16.brute.bin')))
  assert.match(
    complaints(admin(db, 'check:docs:a'))[0].op,
    /vectors have 16 dimensions, those of the table 4/,
  )
  assertMends(db, 'repair:docs:a', SMALL.dim)
  assertExact(db, 'a', SMALL.dim)
  db.close()
})

test('a row in vector_storage that is no BLOB is told, and deleted', async () => {
  const path = newPath()
  const db = await filled(path)
  elsewhere(path, `INSERT INTO vector_storage VALUES ('main._vec_docs', 'a', 'some text')`)
  assert.deepEqual(topics(complaints(admin(db, 'check:docs:a'))), ['warning original-index'])
  assertMends(db, 'repair:docs:a', SMALL.dim)
  db.close()
})
