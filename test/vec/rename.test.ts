import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'

const folder = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-rename-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** A table e, and one that is to take its place. */
async function prepared(path = ':memory:', dbpath = ''): Promise<Connection> {
  const db = await open(path)
  db.exec(`CREATE VIRTUAL TABLE e USING vec(id${dbpath});
    INSERT INTO e(dataset_id, id, embedding) VALUES ('a', '1', '[1, 0]'), ('a', '2', '[0, 1]');
    CREATE VIRTUAL TABLE new_e USING vec(id, metric=euclidean${dbpath});
    INSERT INTO new_e(dataset_id, id, embedding) SELECT dataset_id, id, embedding FROM e WHERE dataset_id = 'a'`)
  return db
}

const search = (db: Connection, table: string): unknown =>
  db
    .prepare(`SELECT id, distance FROM ${table} WHERE dataset_id = 'a' AND id MATCH '[1, 0]'`)
    .raw()
    .all()

const EUCLIDEAN = [
  ['1', 0],
  ['2', Math.SQRT2],
]
const IN_THE_WAY = {
  code: 'VEC_SHADOW',
  message:
    /the table cannot be called e: main\._vec_e exists, with 2 documents that DROP TABLE e left/,
  hint: /DROP TABLE "main"\."_vec_e" deletes them, .* RENAME TO .* keeps them/,
}

test('a rename into the documents of a dropped table says what to do, and changes nothing', async () => {
  using db = await prepared()
  db.exec('DROP TABLE e')
  const schema = (): unknown =>
    db.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all()
  const before = schema()
  assert.throws(() => db.exec('ALTER TABLE new_e RENAME TO e'), IN_THE_WAY)
  assert.deepEqual(schema(), before)
  assert.deepEqual(search(db, 'new_e'), EUCLIDEAN)
  assert.equal(db.prepare('SELECT count(*) FROM _vec_e').pluck().get(), 2)
})

test('in a transaction nothing is lost: ROLLBACK brings the dropped table back', async () => {
  using db = await prepared()
  db.exec('BEGIN; DROP TABLE e')
  assert.throws(() => db.exec('ALTER TABLE new_e RENAME TO e'), IN_THE_WAY)
  db.exec('ROLLBACK')
  assert.equal((search(db, 'e') as unknown[]).length, 2)
  assert.deepEqual(search(db, 'new_e'), EUCLIDEAN)
})

for (const [how, transaction] of [
  ['one by one', false],
  ['in a transaction', true],
] as const) {
  test(`the swap of migration tools works once the documents are dropped, too, ${how}`, async () => {
    const path = join(folder, `${how.replaceAll(' ', '-')}.sqlite`)
    using db = await prepared(path)
    assert.deepEqual(search(db, 'new_e'), EUCLIDEAN)
    using other = await open(path)
    assert.equal((search(other, 'e') as unknown[]).length, 2)
    if (transaction) db.exec('BEGIN')
    db.exec('DROP TABLE e; DROP TABLE _vec_e; ALTER TABLE new_e RENAME TO e')
    assert.deepEqual(search(db, 'e'), EUCLIDEAN)
    if (transaction) db.exec('COMMIT')
    assert.deepEqual(search(other, 'e'), EUCLIDEAN)
    db.exec(`INSERT INTO e(dataset_id, id, embedding) VALUES ('a', '3', '[1, 0]')`)
    assert.deepEqual(search(other, 'e'), [
      ['1', 0],
      ['3', 0],
      ['2', Math.SQRT2],
    ])
    const complaints = db
      .prepare(
        `SELECT op FROM vec_admin WHERE op MATCH 'check:e:' AND severity IN ('warning', 'error')`,
      )
      .pluck()
      .all()
    assert.deepEqual(complaints, [])
  })
}

test('kept under another name, the documents of the dropped table stay', async () => {
  using db = await prepared()
  db.exec('DROP TABLE e; ALTER TABLE _vec_e RENAME TO old_documents; ALTER TABLE new_e RENAME TO e')
  assert.deepEqual(search(db, 'e'), EUCLIDEAN)
  assert.equal(db.prepare('SELECT count(*) FROM old_documents').pluck().get(), 2)
})

test('a renamed table keeps its journal, its documents are the only ones, and nothing of the old name is left', async () => {
  const path = join(folder, 'large.sqlite')
  using db = await open(path)
  db.exec('CREATE VIRTUAL TABLE e USING vec(id)')
  const put = db.prepare(`INSERT INTO _vec_e(dataset_id, id, embedding) VALUES ('a', ?, ?)`)
  db.transaction(() => {
    for (let n = 0; n < 3000; n++) {
      put.run(
        String(n),
        Float32Array.from({ length: 100 }, (_, i) => Math.sin(n * i + n)),
      )
    }
  })()
  const query = Float32Array.from({ length: 100 }, (_, i) => Math.cos(i))
  const nearest = (name: string): unknown =>
    db
      .prepare(`SELECT id FROM ${name} WHERE dataset_id = 'a' AND id MATCH ? LIMIT 5`)
      .pluck()
      .all(query)
  const before = nearest('e')
  db.prepare(`SELECT op FROM vec_admin WHERE op MATCH 'optimize:e:'`).all()
  assert.equal(db.prepare('SELECT count(*) FROM vector_storage').pluck().get(), 1)
  db.exec('ALTER TABLE e RENAME TO f')
  const left = db
    .prepare(
      `SELECT name FROM sqlite_schema WHERE sql LIKE '%_vec_e%' UNION ALL SELECT shadow_table_name FROM vector_storage`,
    )
    .all()
  assert.deepEqual(left, [])
  assert.deepEqual(nearest('f'), before)
  db.exec(`DELETE FROM _vec_f WHERE id = '${(before as string[])[0]}'`)
  assert.deepEqual((nearest('f') as string[]).slice(0, 4), (before as string[]).slice(1))
})

test('a table whose documents are in an attached file is renamed with them', async () => {
  const documents = join(folder, 'documents.sqlite')
  ;(await open(documents)).exec('CREATE TABLE there(x)').close()
  using db = await open(':memory:')
  db.exec(`ATTACH '${documents}' AS other; CREATE VIRTUAL TABLE e USING vec(id, metric=euclidean, dbpath='${documents}');
    INSERT INTO e(dataset_id, id, embedding) VALUES ('a', '1', '[1, 0]'), ('a', '2', '[0, 1]');
    ALTER TABLE e RENAME TO f`)
  assert.deepEqual(search(db, 'f'), EUCLIDEAN)
  const triggers = db.prepare(
    `SELECT count(*) FROM other.sqlite_schema WHERE type = 'trigger' AND tbl_name = '_vec_f'`,
  )
  assert.equal(triggers.pluck().get(), 3)
})
