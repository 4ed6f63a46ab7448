import assert from 'node:assert/strict'
import { basename } from 'node:path'
import { test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import { admin, assertExact, complaints, fill, filled, newPath, SMALL, topics } from './scene.ts'

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

const NAMES = [
  'two words',
  'with "quotes"',
  "it's",
  'a.b',
  'c:d',
  'naïve 日本',
  'main',
  'check',
  '[x]',
  '%_',
  '"',
]

for (const name of NAMES) {
  test(`a table and a dataset called ${name} can be looked after`, async () => {
    const db = await open(newPath())
    db.exec(`CREATE VIRTUAL TABLE ${quoted(name)} USING vec(doc_id)`)
    fill(db, name, name, 20, 3)
    fill(db, name, `${name}:${name}`, 5, 3)
    for (const table of [quoted(name), `main.${quoted(`_vec_${name}`)}`]) {
      assert.deepEqual(admin(db, `reindex:${table}:${name}`)[0].op, 'reindexed:20')
      assert.deepEqual(complaints(admin(db, `check:${table}:`)), [])
      assert.ok(admin(db, `stats:${table}:${name}:${name}`).some(row => row.op === 'rows: 5'))
      assert.match(admin(db, `export:cover:${table}:${name}`)[0].op, /^exported: 20 rows/)
      assert.deepEqual(complaints(admin(db, `check:${table}:${name}`)), [])
    }
    db.exec(`DROP TRIGGER ${quoted(`vec_journal__vec_${name}_inserted`)}`)
    const [found] = complaints(admin(db, `check:main.${quoted(name)}:${name}`))
    assert.equal(found.topic, 'triggers')
    db.exec(found.remedy!)
    assert.deepEqual(complaints(admin(db, `check:main.${quoted(name)}:${name}`)), [])
    db.close()
  })
}

test('a name without quotes is taken as it stands where only one table can be meant', async () => {
  const db = await open(newPath())
  for (const name of ['a.b', 'c:d', 'e"f']) {
    db.exec(`CREATE VIRTUAL TABLE ${quoted(name)} USING vec(doc_id)`)
    fill(db, name, 'x:y', 7, 3)
    assert.equal(admin(db, `${name}:x:y`)[0].op, 'reindexed:7', name)
    assert.equal(admin(db, `main._vec_${name}:x:y`)[0].op, 'reindexed:7', name)
  }
  db.close()
})

test('tables of attached databases are named with their schema', async () => {
  const other = newPath()
  ;(await filled(other)).close()
  const db = await open(newPath())
  db.exec(`ATTACH '${other}' AS "other one"; CREATE VIRTUAL TABLE docs USING vec(doc_id)`)
  assert.equal(admin(db, '"other one"._vec_docs:a')[0].op, 'reindexed:30')
  assert.equal(admin(db, 'other one.docs:a')[0].op, 'reindexed:30')
  assert.equal(admin(db, 'docs:a')[0].op, 'reindexed:0')
  assert.throws(() => admin(db, 'other one.pages:a'), /other one\.pages/)
  assert.deepEqual(complaints(admin(db, 'check:"other one".docs:')), [])
  db.close()
})

test('a table that cannot be connected says why', async () => {
  const path = newPath()
  const db = await open(path)
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id); PRAGMA writable_schema = 1;
    UPDATE sqlite_schema SET sql = 'CREATE VIRTUAL TABLE docs USING vec(doc_id, index=hnsw)' WHERE name = 'docs'`)
  db.close()
  const again = await open(path)
  assert.throws(() => admin(again, 'check:docs:'), /'hnsw'/)
  again.close()
})

test('with dbpath the operations are about that file', async () => {
  const there = newPath()
  ;(await filled(there)).close()
  const allowed = { allowDbpath: there }
  const db = await open(newPath(), allowed)
  db.exec(`CREATE VIRTUAL TABLE elsewhere USING vec_admin(op, dbpath='${there}')`)
  for (const name of ['main._vec_docs', '_vec_docs', 'docs', 'main.docs']) {
    assert.equal(admin(db, `${name}:a`, 'elsewhere')[0].op, 'reindexed:30')
  }
  assert.deepEqual(complaints(admin(db, 'check:docs:', 'elsewhere')), [])
  assert.throws(() => admin(db, 'docs:a'), /main\.docs/)
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  fill(db, 'docs', 'a', 3, 3)
  assert.equal(admin(db, 'docs:a')[0].op, 'reindexed:3')
  assert.equal(admin(db, 'docs:a', 'elsewhere')[0].op, 'reindexed:30')
  db.close()
  // Beside the database, as for a vec table, and kept in the file.
  const last = await open(newPath(), allowed)
  last.exec(`CREATE VIRTUAL TABLE "my admin" USING vec_admin(op, DBPATH = "${basename(there)}")`)
  last.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id)`)
  assert.equal(admin(last, 'docs:a', 'my admin')[0].op, 'reindexed:30')
  last.exec('DROP TABLE "my admin"')
  last.close()
})

test('with dbpath a table is found whose rows stand in that file', async () => {
  const there = newPath()
  ;(await open(there)).exec('VACUUM').close()
  const path = newPath()
  const db = await open(path, { allowDbpath: there })
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, dbpath='${there}');
    CREATE VIRTUAL TABLE elsewhere USING vec_admin(op, dbpath='${there}')`)
  const other = await open(there)
  fill(other, 'docs', 'a', 12, SMALL.dim)
  assert.equal(admin(db, 'main._vec_docs:a', 'elsewhere')[0].op, 'reindexed:12')
  assert.equal(admin(db, 'docs:a')[0].op, 'reindexed:12')
  // A table of the same name whose rows stand here is not meant.
  db.exec('CREATE VIRTUAL TABLE pages USING vec(doc_id)')
  assert.throws(() => admin(db, 'pages:a', 'elsewhere'), /main\.pages/)
  other.exec('DROP TRIGGER vec_journal__vec_docs_inserted')
  const [found] = complaints(admin(db, 'check:docs:', 'elsewhere'))
  assert.equal(found.remedy, "SELECT op FROM elsewhere WHERE op MATCH 'repair:docs:'")
  db.exec(found.remedy)
  assert.deepEqual(complaints(admin(db, 'check:docs:', 'elsewhere')), [])
  fill(other, 'docs', 'a2', 3, SMALL.dim)
  other.close()
  db.close()
})

test('a dbpath that is empty or not there is refused', async () => {
  const db = await open(newPath())
  assert.throws(() => db.exec("CREATE VIRTUAL TABLE a USING vec_admin(op, dbpath='')"), {
    code: 'VEC_OPTION',
    message: /dbpath/,
  })
  assert.throws(
    () => db.exec("CREATE VIRTUAL TABLE a USING vec_admin(op, path='x')"),
    /'path='x''.* vec_admin\(op, dbpath='\.\.\.'\)/,
  )
  db.exec("CREATE VIRTUAL TABLE a USING vec_admin(op, dbpath='nowhere.db')")
  assert.throws(() => admin(db, 'docs:a', 'a'), {
    code: 'VEC_OPTION',
    message: /'nowhere\.db'/,
  })
  db.exec('DROP TABLE a')
  db.close()
})

test('an answer is as right after the operations as before', async () => {
  const db = await filled(newPath())
  for (const op of ['stats', 'check', 'repair', 'optimize', 'explain', 'export:brute', 'check']) {
    assert.ok(topics(admin(db, `${op}:docs:a`)).length > 0)
    assertExact(db, 'a', SMALL.dim)
  }
  db.close()
})
