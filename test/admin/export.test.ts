import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'
import { decodeOriginal } from '../../src/viant/formats/decode-original.ts'
import { goldenDir } from '../golden-sql/golden-folder.ts'
import {
  admin,
  assertExact,
  complaints,
  elsewhere,
  fill,
  filled,
  LARGE,
  newPath,
  SMALL,
  topics,
  vector,
} from './scene.ts'

function stored(db: Connection, shadow = 'main._vec_docs', dataset = 'a'): Uint8Array | undefined {
  return db
    .prepare('SELECT "index" FROM vector_storage WHERE shadow_table_name = ? AND dataset_id = ?')
    .pluck()
    .get(shadow, dataset) as Uint8Array | undefined
}

function exportTriggersIn(db: Connection): number {
  return db
    .prepare(
      "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'vec_export%'",
    )
    .pluck()
    .get() as number
}

test('what is exported is byte for byte what the original wrote for the same rows', async () => {
  const path = newPath()
  copyFileSync(join(goldenDir, 'db', 'two.db'), path)
  const blobs = new Map<string, Buffer>()
  elsewhere(path, other => {
    for (const line of other.all(
      'SELECT shadow_table_name, dataset_id, hex("index") FROM vector_storage',
    )) {
      const [shadow, dataset, hex] = line.split('|')
      blobs.set(`${shadow}:${dataset}`, Buffer.from(hex, 'hex'))
    }
  })
  assert.equal(blobs.size, 4)
  const db = await open(path)
  for (const [where, blob] of blobs) {
    const [shadow, dataset] = where.split(':')
    const format = where.includes('notes') ? 'brute' : 'cover'
    const [row] = admin(db, `export:${format}:${where}`)
    assert.equal(row.severity, 'ok')
    assert.match(row.op, new RegExp(`as a .* of ${blob.length} bytes`))
    assert.deepEqual(Buffer.from(stored(db, shadow, dataset)!), blob, where)
  }
  // The original's triggers, which would lock every other program out, are gone; its tables are there.
  assert.equal(
    db
      .prepare("SELECT count(*) FROM sqlite_schema WHERE sql LIKE '%vec_invalidate%'")
      .pluck()
      .get(),
    0,
  )
  assert.equal(
    db
      .prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'vector_storage_locks'")
      .pluck()
      .get(),
    1,
  )
  assert.deepEqual(complaints(admin(db, 'check:vec_notes:')), [])
  assert.deepEqual(complaints(admin(db, 'check:vec_pages:')), [])
  db.close()
})

test('an exported index goes with any write to its dataset, by whichever program, and no other does', async () => {
  const path = newPath()
  const db = await filled(path)
  const writes = [
    "INSERT INTO _vec_docs(dataset_id, id) VALUES ('a', 'x')",
    "UPDATE _vec_docs SET content = 'c' WHERE dataset_id = 'a' AND id = 'doc 1'",
    "DELETE FROM _vec_docs WHERE dataset_id = 'a' AND id = 'doc 1'",
    "REPLACE INTO _vec_docs(dataset_id, id) VALUES ('a', 'doc 2')",
    "UPDATE _vec_docs SET dataset_id = 'a' WHERE dataset_id = 'b:c' AND id = 'doc 1'",
    "UPDATE _vec_docs SET dataset_id = 'b:c' WHERE dataset_id = 'a' AND id = 'doc 20'",
    "INSERT INTO _vec_docs(dataset_id, id) VALUES ('a', 'doc 5') ON CONFLICT DO UPDATE SET archived = 1",
  ]
  fill(db, 'docs', 'bystander', 5, 3)
  admin(db, 'export:cover:docs:bystander')
  for (const write of writes) {
    admin(db, 'export:brute:docs:a')
    assert.ok(stored(db))
    elsewhere(path, write)
    assert.equal(stored(db), undefined, write)
    assertExact(db, 'a', SMALL.dim)
    // The original could not serve a dataset of two dimensions.
    elsewhere(path, "DELETE FROM _vec_docs WHERE dataset_id = 'a' AND length(embedding) = 12")
  }
  assert.ok(stored(db, 'main._vec_docs', 'bystander'))
  db.close()
})

test('our own saves leave an exported index alone, and come back when it is gone', async () => {
  const path = newPath()
  const db = await filled(path, LARGE)
  assert.equal(db.prepare('SELECT count(*) FROM vector_storage_chunks').pluck().get(), 8)
  admin(db, 'export:brute:docs:a')
  assert.equal(db.prepare('SELECT count(*) FROM vector_storage_chunks').pluck().get(), 0)
  const blob = Buffer.from(stored(db)!)
  assertExact(db, 'a', LARGE.dim)
  for (const op of ['docs:a', 'optimize:docs:a', 'repair:docs:']) admin(db, op)
  assert.deepEqual(Buffer.from(stored(db)!), blob)
  db.close()
  const again = await open(path)
  assertExact(again, 'a', LARGE.dim)
  assert.deepEqual(complaints(admin(again, 'check:docs:')), [])
  again.close()
  const third = await open(path)
  assert.deepEqual(Buffer.from(stored(third)!), blob)
  assertExact(third, 'a', LARGE.dim)
  third.exec("DELETE FROM _vec_docs WHERE dataset_id = 'a' AND id = 'doc 1'")
  assert.equal(stored(third), undefined)
  assertExact(third, 'a', LARGE.dim)
  third.close()
  // Saved at close, and nothing is guarded any more.
  const last = await open(path)
  assert.equal(Buffer.from(stored(last)!).subarray(0, 4).toString(), 'SVT1')
  assert.equal(exportTriggersIn(last), 0)
  assert.match(
    admin(last, 'check:docs:a').find(row => row.topic === 'storage')!.op,
    /intact .* 2999 rows/,
  )
  last.close()
})

test('triggers of an export are there while something is exported, and never before', async () => {
  const path = newPath()
  const db = await filled(path)
  assert.equal(exportTriggersIn(db), 0)
  admin(db, 'export:brute:docs:')
  assert.equal(exportTriggersIn(db), 3)
  assert.ok(decodeOriginal(stored(db, 'main._vec_docs', 'b:c')!))
  assert.deepEqual(complaints(admin(db, 'check:docs:')), [])
  elsewhere(path, "UPDATE _vec_docs SET content = 'c'")
  const found = admin(db, 'check:docs:').filter(row => row.topic === 'triggers')
  assert.deepEqual(topics(found), ['ok triggers', 'info triggers'])
  admin(db, 'repair:docs:')
  assert.equal(exportTriggersIn(db), 0)
  db.close()
})

test('DROP TABLE and ALTER TABLE RENAME take exported indexes and their triggers along', async () => {
  const db = await filled(newPath())
  admin(db, 'export:brute:docs:a')
  db.exec('ALTER TABLE docs RENAME TO pages')
  assert.equal(exportTriggersIn(db), 0)
  assert.equal(db.prepare('SELECT count(*) FROM vector_storage').pluck().get(), 0)
  admin(db, 'export:brute:pages:a')
  assert.ok(stored(db, 'main._vec_pages'))
  db.exec('DROP TABLE pages')
  assert.equal(exportTriggersIn(db), 0)
  assert.equal(db.prepare('SELECT count(*) FROM vector_storage').pluck().get(), 0)
  db.close()
})

test('what the original cannot serve is refused, and says why', async () => {
  const path = newPath()
  const db = await filled(path)
  const refused = (op: string, message: RegExp): void => {
    assert.throws(
      () => admin(db, op),
      (error: { message: string }) => message.test(error.message),
    )
    assert.equal(db.prepare('SELECT count(*) FROM vector_storage').pluck().get(), 0)
    assert.equal(exportTriggersIn(db), 0)
    assert.equal(db.inTransaction, false)
  }
  refused(
    'export:docs:a',
    /'export:docs:a'.*export:brute:shadow:dataset.*export:cover:shadow:dataset/,
  )
  refused('export:tree:docs:a', /'export:tree:docs:a'.*export:brute/)
  refused('export', /'export'/)
  refused('export:brute:docs', /'export:brute:docs'/)
  refused('export:brute:docs:nowhere', /'nowhere'/)
  elsewhere(
    path,
    "INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('a', 'short', zeroblob(8))",
  )
  refused('export:brute:docs:a', /\b1 row\b.*\bdimension\b/)
  elsewhere(path, "UPDATE _vec_docs SET embedding = zeroblob(7) WHERE id = 'short'")
  refused('export:cover:docs:a', /\b1 row\b.*'short'/)
  elsewhere(path, "UPDATE _vec_docs SET embedding = zeroblob(16), id = x'00' WHERE id = 'short'")
  refused('export:cover:docs:a', /1 row has an id that is not text/)
  fill(db, 'docs', 'A', 5, 3)
  // All datasets or none: 'A' alone could be served.
  refused('export:brute:docs:', /1 row has an id that is not text/)
  db.exec(
    "CREATE VIRTUAL TABLE dots USING vec(id, metric=dot); INSERT INTO _vec_dots(dataset_id, id, embedding) VALUES ('a', 'x', vec_f32('[1]'))",
  )
  refused(
    'export:cover:dots:a',
    /export:cover: the trees of the original support cosine and euclidean/,
  )
  assert.equal(admin(db, 'export:brute:dots:a')[0].severity, 'ok')
  db.close()
})

test('rows without embedding, archived ones and empty datasets are exported as the original sees them', async () => {
  const path = newPath()
  const db = await filled(path)
  elsewhere(
    path,
    `INSERT INTO _vec_docs(dataset_id, id, embedding, archived) VALUES ('c', 'none', NULL, 0), ('c', 'empty', x'', 0),
       ('d', 'hidden', x'0000803f', 1), ('d', 'seen', x'00000040', 0), ('d', 'nan', x'0000c07f', 0)`,
  )
  admin(db, 'export:brute:docs:c')
  assert.deepEqual(Buffer.from(stored(db, 'main._vec_docs', 'c')!), Buffer.alloc(8))
  admin(db, 'export:brute:docs:d')
  const { ids, vectors } = decodeOriginal(stored(db, 'main._vec_docs', 'd')!)
  assert.deepEqual(
    Array.from({ length: ids.count }, (_, i) => ids.text(i)),
    ['hidden', 'nan', 'seen'],
  )
  assert.deepEqual([...vectors], [1, NaN, 2])
  assert.deepEqual(
    complaints(admin(db, 'check:docs:d')).map(row => row.topic),
    ['not-finite'],
  )
  db.close()
})

test('a rollback takes an export back', async () => {
  const path = newPath()
  const db = await filled(path, LARGE)
  db.exec('BEGIN')
  admin(db, 'export:brute:docs:a')
  assert.equal(Buffer.from(stored(db)!).readUInt32LE(), LARGE.dim)
  db.exec('ROLLBACK')
  assert.equal(Buffer.from(stored(db)!).subarray(0, 4).toString(), 'SVT1')
  assert.equal(exportTriggersIn(db), 0)
  assert.deepEqual(complaints(admin(db, 'check:docs:')), [])
  const query = vector(5, LARGE.dim)
  assert.equal(
    db
      .prepare("SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ? LIMIT 1")
      .pluck()
      .get(query),
    'doc 5',
  )
  db.close()
})
