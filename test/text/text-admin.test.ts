import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'

const FTS = '"vec_text__vec_docs"'

async function scene(path = ':memory:'): Promise<Connection> {
  const db = await open(path)
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, text=content);
    INSERT INTO docs(dataset_id, doc_id, content, embedding) VALUES
      ('a', '1', 'red fox', '[1, 0]'), ('a', '2', 'blue whale', '[0, 1]'), ('b', '3', 'red whale', '[1, 1]')`)
  return db
}

function found(db: Connection, text: string): unknown[] {
  const sql = "SELECT doc_id FROM docs WHERE dataset_id = 'a' AND docs MATCH vec_text(?)"
  return db.prepare(sql).pluck().all(text)
}

function said(db: Connection, word: string): unknown[] {
  const sql = `SELECT severity, op FROM vec_admin WHERE op MATCH '${word}:docs:' AND topic = 'text-index'`
  return db.prepare(sql).raw().all()
}

test('check compares the text index with the rows, and repair fills it again', async () => {
  using db = await scene()
  assert.deepEqual(said(db, 'check'), [
    ['ok', 'the text index is empty: the first search with words fills it'],
  ])
  assert.deepEqual(found(db, 'red'), ['1'])
  const sound = [['ok', 'the text index agrees with the table: 3 documents']]
  assert.deepEqual(said(db, 'check'), sound)
  const damages: readonly (readonly [sql: string, problem: RegExp])[] = [
    [
      `INSERT OR REPLACE INTO ${FTS}(rowid, content) VALUES (4294967297, 'green fox')`,
      /the word '(red|green)'/,
    ],
    [`DELETE FROM ${FTS} WHERE rowid = 4294967297`, /the word '(red|fox)'/],
    [`DELETE FROM "vec_text__vec_docs_documents" WHERE id = '1'`, /documents are missing|the word/],
    [
      `INSERT INTO "vec_text__vec_docs_documents" VALUES (4294967300, 'a', '9', 0)`,
      /1 of its documents/,
    ],
    [`DELETE FROM "vec_text__vec_docs_data" WHERE id > 100`, /cannot be read|the word/],
  ]
  for (const [sql, problem] of damages) {
    db.exec(sql)
    const [[severity, op]] = said(db, 'check') as [string, string][]
    assert.equal(severity, 'error', sql)
    assert.match(op, problem)
    assert.deepEqual(said(db, 'repair'), [
      ['ok', 'the text index was filled again from 3 documents'],
    ])
    assert.deepEqual(said(db, 'check'), sound)
    assert.deepEqual(found(db, 'red'), ['1'])
  }
})

test('stats and explain tell what the text index holds', async () => {
  using db = await scene()
  found(db, 'red')
  const fact = ['info', 'the text index holds 3 documents, and all changes']
  assert.deepEqual(said(db, 'stats'), [fact, fact])
  assert.deepEqual(said(db, 'explain'), [fact, fact])
  db.exec("DELETE FROM _vec_docs WHERE id = '3'")
  assert.deepEqual(said(db, 'check'), [
    ['ok', 'the text index holds 3 documents, and all but the last 1 changes of the file'],
  ])
})

test('a damaged text index in the file answers as the rows do', async () => {
  using db = await scene()
  assert.deepEqual(found(db, 'red'), ['1'])
  db.exec('DELETE FROM "vec_text__vec_docs_data" WHERE id > 100')
  assert.deepEqual(found(db, 'red fox'), ['1'])
})

test('a file that is open for reading only, and a transaction that only reads, search what they see', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'text-'))
  try {
    const path = join(folder, 'docs.db')
    using db = await scene(path)
    assert.deepEqual(found(db, 'red'), ['1'])
    const filled = db.prepare('SELECT seq FROM main.vec_text_state').pluck()
    const before = filled.get()
    db.exec("UPDATE _vec_docs SET content = 'red whale' WHERE id = '2'")
    {
      using reader = await open(path, { readonly: true })
      assert.deepEqual(found(reader, 'red'), ['1', '2'])
      db.exec("DELETE FROM _vec_docs WHERE id = '1'")
      assert.deepEqual(found(reader, 'red'), ['2'])
    }
    db.exec('BEGIN')
    assert.deepEqual(found(db, 'red'), ['2'])
    assert.equal(filled.get(), before)
    db.exec('COMMIT')
    assert.deepEqual(found(db, 'red'), ['2'])
    assert.notEqual(filled.get(), before)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('what a transaction wrote is found in it, and not after its rollback', async () => {
  using db = await scene()
  assert.deepEqual(found(db, 'red'), ['1'])
  db.exec("BEGIN; INSERT INTO docs(dataset_id, doc_id, content) VALUES ('a', '4', 'red red')")
  assert.deepEqual(found(db, 'red'), ['4', '1'])
  db.exec("SAVEPOINT s; DELETE FROM docs WHERE dataset_id = 'a' AND doc_id = '1'")
  assert.deepEqual(found(db, 'red'), ['4'])
  db.exec('ROLLBACK TO s')
  assert.deepEqual(found(db, 'red'), ['4', '1'])
  db.exec('ROLLBACK')
  assert.deepEqual(found(db, 'red'), ['1'])
})

test('pruning leaves the entries that a text index needs', async () => {
  using db = await scene()
  assert.deepEqual(found(db, 'red'), ['1'])
  const covered = db.prepare('SELECT seq FROM main.vec_text_state').pluck().get() as number
  db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
    INSERT INTO _vec_docs(dataset_id, id, content) SELECT 'c', i, 'green' FROM n`)
  db.exec("INSERT INTO docs(docs) VALUES ('optimize')")
  const first = db.prepare('SELECT min(seq) FROM vec_journal').pluck()
  assert.ok((first.get() as number) <= covered)
  assert.deepEqual(found(db, 'red'), ['1'])
  db.exec("INSERT INTO docs(docs) VALUES ('optimize')")
  assert.ok((first.get() as number) > covered)
  assert.deepEqual(found(db, 'red'), ['1'])
})

test('a table that an earlier program made gets its text index with the documents it has', async () => {
  using db = await open(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id);
    INSERT INTO docs(dataset_id, doc_id, content) VALUES ('a', '1', 'red fox');
    DROP TABLE docs; CREATE VIRTUAL TABLE docs USING vec(doc_id, text=content)`)
  assert.deepEqual(found(db, 'fox'), ['1'])
  db.exec("UPDATE docs SET content = 'blue' WHERE dataset_id = 'a'")
  assert.deepEqual(found(db, 'fox'), [])
})

test('a row that vanished counts no more, even if a row that is not a document came with it', async () => {
  const db = await open(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, text=content);
    INSERT INTO docs(dataset_id, doc_id, content) VALUES ('a', 'x', 'fox'), ('a', 'y', 'red whale'), ('a', 'z', 'pump')`)
  const search = db.prepare(
    "SELECT doc_id, match_score FROM docs WHERE dataset_id = 'a' AND docs MATCH vec_text('fox')",
  )
  search.all()
  // REPLACE deletes y without an entry in the journal, and the numbers of rows stay as they were.
  db.exec(`INSERT INTO _vec_docs(dataset_id, id, content) VALUES ('a', x'01', 'blob');
    UPDATE OR REPLACE _vec_docs SET rowid = (SELECT rowid FROM _vec_docs WHERE id = 'y') WHERE id = 'z'`)
  const words = await open(':memory:')
  words.exec("CREATE VIRTUAL TABLE f USING fts5(content); INSERT INTO f VALUES ('fox'), ('pump')")
  const score = words.prepare("SELECT -rank FROM f WHERE f MATCH 'fox'").pluck().get()
  assert.deepEqual(search.raw().all(), [['x', score]])
  words.close()
  db.close()
})

test('a row that vanished without any trace counts no more in the scores of the others', async () => {
  using db = await open(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, text=content);
    INSERT INTO docs(dataset_id, doc_id, content) VALUES ('a', 'x', 'fox fox'), ('a', 'y', 'fox'), ('a', 'z', 'pump')`)
  const search = db.prepare(
    "SELECT doc_id, match_score FROM docs WHERE dataset_id = 'a' AND docs MATCH vec_text('fox')",
  )
  assert.equal(search.all().length, 2)
  // The trigger is there again, word for word, so the journal looks complete.
  const trigger = db
    .prepare(
      "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = '_vec_docs' AND sql LIKE '%AFTER DELETE%'",
    )
    .get() as { name: string; sql: string }
  db.exec(`DROP TRIGGER "${trigger.name}"; DELETE FROM _vec_docs WHERE id = 'x'; ${trigger.sql}`)
  using words = await open(':memory:')
  words.exec("CREATE VIRTUAL TABLE f USING fts5(content); INSERT INTO f VALUES ('fox'), ('pump')")
  const score = words.prepare("SELECT -rank FROM f WHERE f MATCH 'fox'").pluck().get()
  assert.deepEqual(search.raw().all(), [['y', score]])
})
