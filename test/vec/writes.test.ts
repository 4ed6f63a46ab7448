import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import {
  insertMany,
  open as openVec,
  type BindValue,
  type Connection,
} from '../../src/entries/main.ts'
import { refused } from '../refusal.ts'

const folder = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-writes-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let files = 0

let db: Connection

beforeEach(async () => {
  db = await openVec(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id);
    INSERT INTO docs(dataset_id, doc_id, embedding, content) VALUES
      ('a', 'x', '[1, 0]', 'one'), ('a', 'y', '[0, 1]', 'two'), ('a', 'z', '[1, 1]', NULL)`)
})

function newPath(): string {
  return join(folder, `${files++}.sqlite`)
}

function run(sql: string, ...values: BindValue[]): number {
  return db.prepare(sql).run(...values).changes
}

function all(sql: string, ...values: BindValue[]): unknown[] {
  return db
    .prepare(sql)
    .pluck()
    .all(...values)
}

const ids = (dataset = 'a'): unknown[] =>
  all('SELECT doc_id FROM docs WHERE dataset_id = ?', dataset)
const nearest = (query: string, dataset = 'a'): unknown[] =>
  all('SELECT doc_id FROM docs WHERE dataset_id = ? AND doc_id MATCH ?', dataset, query)

/** Two rows, the second of a key that is taken. */
function twoRows(or: string): string {
  return `INSERT ${or} INTO docs(dataset_id, doc_id, content) VALUES ('a', 'n', 'new'), ('a', 'x', 'other')`
}

function move(or: string): string {
  return `UPDATE ${or} docs SET doc_id = 'y' WHERE dataset_id = 'a' AND doc_id = 'x'`
}

function content(): unknown[] {
  return all("SELECT content FROM docs WHERE dataset_id = 'a' AND doc_id = 'x'")
}

test('a write names its dataset, as a query does', () => {
  refused(() => run('DELETE FROM docs'), 'VEC_QUERY', 'dataset_id constraint required')
  refused(() => run("UPDATE docs SET meta = '{}'"), 'VEC_QUERY', 'dataset_id constraint required')
})

test('a key that is taken: ABORT, FAIL, IGNORE, ROLLBACK and REPLACE do what they do in any table', () => {
  for (const around of [false, true]) {
    if (around) db.exec('BEGIN')
    const told = "'x'"
    const error = refused(() => run(twoRows('')), 'SQLITE_CONSTRAINT', told, 'INSERT OR REPLACE')
    assert.match(error.message, /^UNIQUE constraint failed: docs\.dataset_id, docs\.doc_id/)
    assert.equal(error.extendedCode, 1555)
    assert.deepEqual(ids(), ['x', 'y', 'z'])
    assert.equal(run(twoRows('OR IGNORE')), 1)
    assert.deepEqual(content(), ['one'])
    assert.equal(run("DELETE FROM docs WHERE dataset_id = 'a' AND doc_id = 'n'"), 1)
    refused(() => run(twoRows('OR FAIL')), 'SQLITE_CONSTRAINT', told)
    assert.deepEqual(ids(), ['x', 'y', 'z', 'n'])
    assert.equal(run("DELETE FROM docs WHERE dataset_id = 'a' AND doc_id = 'n'"), 1)
    if (around) {
      refused(() => run(twoRows('OR ROLLBACK')), 'SQLITE_CONSTRAINT', told)
      assert.equal(db.inTransaction, false)
    }
    assert.equal(run(twoRows('OR REPLACE')), 2)
    assert.deepEqual(content(), ['other'])
    run(
      "INSERT OR REPLACE INTO docs(dataset_id, doc_id, content, embedding) VALUES ('a', 'x', 'one', '[1, 0]')",
    )
    run("DELETE FROM docs WHERE dataset_id = 'a' AND doc_id = 'n'")
    // The replaced row is a new one, behind the others.
    assert.deepEqual(ids(), ['y', 'z', 'x'])
    run("DELETE FROM docs WHERE dataset_id = 'a'")
    db.exec(`INSERT INTO docs(dataset_id, doc_id, embedding, content) VALUES
      ('a', 'x', '[1, 0]', 'one'), ('a', 'y', '[0, 1]', 'two'), ('a', 'z', '[1, 1]', NULL)`)
  }
})

test('OR IGNORE passes over a NULL key, and not over a wrong embedding', () => {
  assert.equal(
    run("INSERT OR IGNORE INTO docs(dataset_id, doc_id) VALUES ('a', NULL), ('a', 'n')"),
    1,
  )
  refused(
    () => run("INSERT OR IGNORE INTO docs(dataset_id, doc_id, embedding) VALUES ('a', 'm', '[1]')"),
    'VEC_DIMENSION',
  )
  assert.deepEqual(ids(), ['x', 'y', 'z', 'n'])
})

test('UPDATE OR ... of a key that is taken', () => {
  refused(() => run(move('')), 'SQLITE_CONSTRAINT', "'y'")
  assert.equal(run(move('OR IGNORE')), 0)
  assert.deepEqual(nearest('[1, 0]'), ['x', 'z', 'y'])
  assert.equal(run(move('OR REPLACE')), 1)
  assert.deepEqual(nearest('[1, 0]'), ['y', 'z'])
  refused(
    () => run("UPDATE docs SET doc_id = 'same' WHERE dataset_id = 'a'"),
    'SQLITE_CONSTRAINT',
    "'same'",
  )
  assert.deepEqual(ids(), ['y', 'z'])
})

test('a statement that fails in its middle leaves nothing behind, wherever it stands', async () => {
  const bad = `INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('b', '1', '[1, 2, 3]'), ('b', '2', '[1, 2]')`
  for (const schema of ['main', 'other']) {
    using here = await openVec(':memory:')
    here.exec(`ATTACH ':memory:' AS other; CREATE VIRTUAL TABLE ${schema}.docs USING vec(doc_id)`)
    const count = () => here.prepare(`SELECT count(*) FROM ${schema}._vec_docs`).pluck().get()
    const journal = () => here.prepare(`SELECT count(*) FROM ${schema}.vec_journal`).pluck().get()
    const fails = () => {
      refused(
        () => here.exec(bad),
        'VEC_DIMENSION',
        "'2' has 2 dimensions",
        'vectors of 3 dimensions',
      )
      assert.deepEqual([count(), journal()], [0, 0], schema)
    }
    fails()
    here.exec('BEGIN')
    fails()
    here.exec('SAVEPOINT s')
    fails()
    here.exec('COMMIT')
    assert.deepEqual([count(), journal()], [0, 0], schema)
  }
})

test('a vec table whose dbpath is an attached file is written in one transaction with the rest', async () => {
  const documents = newPath()
  const main = newPath()
  ;(await openVec(documents)).exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)').close()
  using here = await openVec(main)
  here.exec(`ATTACH '${documents}' AS store; CREATE TABLE log(t);
    CREATE VIRTUAL TABLE docs USING vec(doc_id, dbpath='${documents}')`)
  here.exec(
    `BEGIN; INSERT INTO log VALUES (1); INSERT INTO main.docs(dataset_id, doc_id, embedding) VALUES ('a', 'x', '[1, 0]')`,
  )
  refused(
    () =>
      here.exec(
        "INSERT INTO main.docs(dataset_id, doc_id, embedding) VALUES ('a', 'y', '[1, 0]'), ('a', 'z', '[1]')",
      ),
    'VEC_DIMENSION',
    'store._vec_docs',
  )
  const found = here
    .prepare("SELECT doc_id FROM main.docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]'")
    .pluck()
  assert.deepEqual(found.all(), ['x'])
  here.exec('ROLLBACK')
  assert.deepEqual(found.all(), [])
  here.exec("INSERT INTO main.docs(dataset_id, doc_id, embedding) VALUES ('a', 'x', '[1, 0]')")
  assert.deepEqual(found.all(), ['x'])
})

test('a column that comes to the shadow table of an attached file is written at once', async () => {
  using here = await openVec(':memory:')
  here.exec(`ATTACH '${newPath()}' AS store;
    CREATE TABLE store._vec_docs(dataset_id TEXT, id TEXT, embedding BLOB, PRIMARY KEY (dataset_id, id))`)
  here.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, dbpath='${here.filename('store')}');
    BEGIN; INSERT INTO docs(dataset_id, doc_id) VALUES ('a', 'x');
    ALTER TABLE store._vec_docs ADD COLUMN meta TEXT;
    INSERT INTO docs(dataset_id, doc_id, meta) VALUES ('a', 'y', '{}'); COMMIT`)
  const meta = here.prepare("SELECT meta FROM docs WHERE dataset_id = 'a'").pluck()
  assert.deepEqual(meta.all(), [null, '{}'])
})

test('a vec table whose dbpath is no part of the connection is read, and says how to write it', async () => {
  const documents = newPath()
  ;(await openVec(documents))
    .exec(
      "CREATE VIRTUAL TABLE docs USING vec(doc_id); INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', 'x', '[1]')",
    )
    .close()
  using here = await openVec(newPath(), { allowDbpath: documents })
  here.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, dbpath='${documents}')`)
  for (const sql of [
    "INSERT INTO docs(dataset_id, doc_id) VALUES ('a', 'y')",
    "UPDATE docs SET content = 'c' WHERE dataset_id = 'a'",
    "DELETE FROM docs WHERE dataset_id = 'a'",
    "INSERT INTO docs(docs) VALUES ('optimize')",
  ]) {
    refused(() => here.exec(sql), 'VEC_QUERY', 'docs', documents, 'ATTACH')
  }
  assert.deepEqual(here.prepare("SELECT doc_id FROM docs WHERE dataset_id = 'a'").pluck().all(), [
    'x',
  ])
})

test('a file that can only be read is not written', async () => {
  const path = newPath()
  ;(await openVec(path)).exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)').close()
  using reader = await openVec(path, { readonly: true })
  refused(
    () => reader.exec("INSERT INTO docs(dataset_id, doc_id) VALUES ('a', 'x')"),
    'SQLITE_READONLY',
  )
  refused(() => reader.exec("INSERT INTO docs(docs) VALUES ('rebuild')"), 'SQLITE_READONLY')
})

test('the next query of every connection sees the write, whatever it was', async () => {
  const path = newPath()
  using one = await openVec(path)
  one.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  using two = await openVec(path)
  const found = two
    .prepare("SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]'")
    .pluck()
  assert.deepEqual(found.all(), [])
  one.exec(
    "INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', 'x', '[1, 0]'), ('a', 'y', '[0, 1]')",
  )
  assert.deepEqual(found.all(), ['x', 'y'])
  one.exec("UPDATE docs SET embedding = '[2, 1]' WHERE dataset_id = 'a' AND doc_id = 'x'")
  one.exec("UPDATE docs SET embedding = '[3, 0]' WHERE dataset_id = 'a' AND doc_id = 'y'")
  assert.deepEqual(found.all(), ['y', 'x'])
  one.exec("UPDATE docs SET embedding = NULL WHERE dataset_id = 'a' AND doc_id = 'y'")
  assert.deepEqual(found.all(), ['x'])
  one.exec("DELETE FROM docs WHERE dataset_id = 'a' AND doc_id = 'x'")
  assert.deepEqual(found.all(), [])
})

test('changes() and last_insert_rowid() are those of the statement', () => {
  const insert =
    "INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', ?, '[1, 2]'), ('a', ?, NULL)"
  const told = db.prepare(insert).run('p', 'q')
  assert.equal(told.changes, 2)
  assert.deepEqual(all("SELECT rowid FROM _vec_docs WHERE id = 'q'"), [told.lastInsertRowid])
  assert.deepEqual(all('SELECT changes()'), [2])
  assert.equal(run("UPDATE docs SET content = 'c' WHERE dataset_id = 'a'"), 5)
  assert.equal(run("DELETE FROM docs WHERE dataset_id = 'a' AND content = 'c' AND doc_id > 'x'"), 2)
  assert.equal(
    db.prepare("INSERT INTO docs(rowid, dataset_id, doc_id) VALUES (900, 'a', 'r')").run()
      .lastInsertRowid,
    900,
  )
  assert.equal(run("UPDATE docs SET rowid = 901 WHERE dataset_id = 'a' AND doc_id = 'r'"), 1)
  assert.deepEqual(all("SELECT rowid FROM docs WHERE dataset_id = 'a' AND doc_id = 'r'"), [901])
  assert.deepEqual(all("SELECT rowid FROM _vec_docs WHERE id = 'r'"), [901])
})

test('INSERT ... RETURNING gives what was written', () => {
  assert.deepEqual(
    db
      .prepare(
        "INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', 'n', '[1, 2]') RETURNING doc_id, embedding",
      )
      .raw()
      .all(),
    [['n', '[1, 2]']],
  )
  assert.deepEqual(
    all("SELECT vec_json(embedding) FROM docs WHERE dataset_id = 'a' AND doc_id = 'n'"),
    ['[1,2]'],
  )
})

test('a table in the temp schema is written', () => {
  db.exec(
    "CREATE VIRTUAL TABLE temp.scratch USING vec(doc_id); INSERT INTO scratch(dataset_id, doc_id, embedding) VALUES ('t', '1', '[1]')",
  )
  assert.deepEqual(
    all("SELECT doc_id FROM scratch WHERE dataset_id = 't' AND doc_id MATCH '[1]'"),
    ['1'],
  )
})

test('a write is found although the triggers are gone', () => {
  assert.equal(nearest('[1, 0]').length, 3)
  for (const event of ['inserted', 'updated', 'deleted'])
    db.exec(`DROP TRIGGER vec_journal__vec_docs_${event}`)
  run("INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', 'n', '[1, 0.001]')")
  assert.deepEqual(nearest('[1, 0]').slice(0, 2), ['x', 'n'])
})

test('insertMany() loads a vec table', () => {
  const rows = Array.from({ length: 500 }, (_, i) => ['many', `d${i}`, Float32Array.of(i, 1)])
  insertMany(db, 'docs', ['dataset_id', 'doc_id', 'embedding'], rows)
  assert.deepEqual(nearest('[0, 1]', 'many').slice(0, 2), ['d0', 'd1'])
  refused(
    () =>
      insertMany(
        db,
        'docs',
        ['dataset_id', 'doc_id', 'embedding'],
        [
          ['many', 'e0', Float32Array.of(1, 1)],
          ['many', 'e1', Float32Array.of(1)],
        ],
      ),
    'VEC_DIMENSION',
  )
  assert.equal(ids('many').length, 500)
})

test('a connection that knows no vec tables can still write the shadow table, and this one sees it', async () => {
  const path = newPath()
  using here = await openVec(path)
  here.exec(
    "CREATE VIRTUAL TABLE docs USING vec(doc_id); INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', 'x', '[1, 0]')",
  )
  using plain = await openVec(path, { register: false })
  plain
    .prepare('INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES (?, ?, ?)')
    .run('a', 'y', Float32Array.of(2, 1))
  assert.deepEqual(
    here
      .prepare("SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]'")
      .pluck()
      .all(),
    ['x', 'y'],
  )
})
