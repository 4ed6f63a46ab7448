import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'
import { refused } from '../refusal.ts'

const folder = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-commands-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let files = 0

const DIM = 128
const ROWS = 2600
let path: string
let db: Connection

/** Two datasets that are too large to stay in memory with their rows, so that they are saved. */
beforeEach(async () => {
  path = join(folder, `${files++}.sqlite`)
  db = await open(path)
  db.exec('PRAGMA synchronous = OFF; CREATE VIRTUAL TABLE docs USING vec(doc_id, index=brute)')
  db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
    INSERT INTO docs(dataset_id, doc_id, embedding)
    SELECT d.value, 'd' || i, vec_f32('[' || i || ',' || substr(replace(hex(zeroblob(${DIM - 1})), '00', ',1'), 2) || ']')
    FROM n, json_each('["a", "b"]') AS d`)
})

function nearest(dataset: string, first: number): unknown {
  const query = new Float32Array(DIM).fill(1)
  query[0] = first
  return db
    .prepare('SELECT doc_id FROM docs WHERE dataset_id = ? AND doc_id MATCH ? AND k = 1')
    .pluck()
    .get(dataset, query)
}

function stat(dataset: string, fact: string): string {
  const rows = db
    .prepare(`SELECT op FROM vec_admin WHERE op MATCH 'stats:main._vec_docs:${dataset}'`)
    .pluck()
    .all() as string[]
  return rows.find(row => row.startsWith(fact)) ?? rows.join()
}

function saved(): unknown[] {
  return db.prepare('SELECT dataset_id FROM vector_storage ORDER BY dataset_id').pluck().all()
}

test('an unknown command is refused, and the nearest one named', () => {
  for (const [command, meant] of [
    ['optimise', 'optimize'],
    ['Rebuild', 'rebuild'],
    ['integritycheck', 'integrity-check'],
  ]) {
    refused(
      () => db.exec(`INSERT INTO docs(docs) VALUES ('${command}')`),
      'VEC_QUERY',
      `unknown command '${command}'`,
      `did you mean '${meant}'?`,
      "INSERT INTO docs(docs) VALUES ('optimize')",
    )
  }
  for (const [value, shown] of [
    ['7', '7'],
    ["x'00'", 'a BLOB'],
  ]) {
    refused(
      () => db.exec(`INSERT INTO docs(docs) VALUES (${value})`),
      'VEC_QUERY',
      'unknown command: expected text',
      `got ${shown}`,
    )
  }
})

test('a command stands alone, but for the dataset', () => {
  for (const beside of ['doc_id', 'embedding', 'content', 'k', 'rowid']) {
    refused(
      () => db.exec(`INSERT INTO docs(docs, ${beside}) VALUES ('optimize', 1)`),
      'VEC_QUERY',
      "'optimize'",
      'dataset_id',
    )
  }
  refused(() => db.exec("INSERT INTO docs(docs, dataset_id) VALUES ('optimize', '')"), 'VEC_QUERY')
  refused(
    () => db.exec("UPDATE docs SET docs = 'optimize' WHERE dataset_id = 'a'"),
    'VEC_QUERY',
    'command',
  )
})

test('the column of commands reads as NULL, and is not among the columns of SELECT *', () => {
  assert.deepEqual(
    db.prepare("SELECT docs, * FROM docs WHERE dataset_id = 'a' AND doc_id = 'd1'").raw().all(),
    [[null, 'a', 'd1']],
  )
})

test('rebuild makes and saves the indexes of all datasets, or of one', () => {
  db.exec("INSERT INTO docs(docs, dataset_id) VALUES ('rebuild', 'b')")
  assert.deepEqual(saved(), ['b'])
  db.exec("INSERT INTO docs(docs) VALUES ('rebuild')")
  assert.deepEqual(saved(), ['a', 'b'])
  assert.equal(nearest('a', 7), nearest('b', 7))
  db.exec("INSERT INTO docs(docs) VALUES ('integrity-check')")
})

test('what a transaction rebuilt is saved with it, and gone when it is rolled back', async () => {
  nearest('a', 1)
  db.exec("BEGIN; DELETE FROM docs WHERE dataset_id = 'a' AND doc_id = 'd1'")
  db.exec("INSERT INTO docs(docs) VALUES ('rebuild')")
  assert.deepEqual(saved(), ['a', 'b'])
  assert.match(stat('a', 'rows'), new RegExp(`${ROWS - 1}`))
  db.exec('ROLLBACK')
  assert.deepEqual(saved(), [])
  assert.match(stat('a', 'rows'), new RegExp(`${ROWS}`))
  db.exec("INSERT INTO docs(docs) VALUES ('integrity-check')")
  db.exec("BEGIN; SAVEPOINT s; DELETE FROM docs WHERE dataset_id = 'a' AND doc_id = 'd1'")
  db.exec(
    "INSERT INTO docs(docs) VALUES ('rebuild'); INSERT INTO docs(docs) VALUES ('optimize'); COMMIT",
  )
  db.close()
  using other = await open(path)
  assert.deepEqual(
    other.prepare('SELECT dataset_id FROM vector_storage ORDER BY dataset_id').pluck().all(),
    ['a', 'b'],
  )
  other.exec("INSERT INTO docs(docs) VALUES ('integrity-check')")
  db = other
  assert.match(stat('a', 'rows'), new RegExp(`${ROWS - 1}`))
})

test('a rebuild that is rolled back without any change of rows is saved later all the same', async () => {
  db.exec("BEGIN; INSERT INTO docs(docs) VALUES ('rebuild'); ROLLBACK")
  assert.deepEqual(saved(), [])
  nearest('a', 1)
  nearest('b', 1)
  db.close()
  db = await open(path)
  assert.deepEqual(saved(), ['a', 'b'])
})

test('optimize saves what queries built', () => {
  nearest('a', 1)
  nearest('b', 1)
  assert.deepEqual(saved(), [])
  db.exec("INSERT INTO docs(docs, dataset_id) VALUES ('optimize', 'a')")
  assert.equal(db.inTransaction, false)
  assert.deepEqual(saved(), ['a', 'b'])
  db.exec("INSERT INTO docs(docs) VALUES ('integrity-check')")
})

test('optimize drops tombstones, saves and prunes', async () => {
  nearest('a', 1)
  db.exec("DELETE FROM docs WHERE dataset_id = 'a' AND doc_id LIKE 'd10%'")
  nearest('a', 1)
  assert.notEqual(stat('a', 'tombstones'), 'tombstones: 0')
  const before = db.prepare('SELECT count(*) FROM vec_journal').pluck().get() as number
  db.exec("INSERT INTO docs(docs, dataset_id) VALUES ('optimize', 'a')")
  assert.equal(stat('a', 'tombstones'), 'tombstones: 0')
  assert.deepEqual(saved(), ['a'])
  const left = db.prepare('SELECT count(*) FROM vec_journal').pluck().get() as number
  assert.ok(left < before, `${left} of ${before}`)
  assert.equal(nearest('a', 2), 'd2')
  db.exec("INSERT INTO docs(docs) VALUES ('integrity-check')")
})

test('integrity-check fails with the first finding that vec_admin calls an error, and undoes nothing', () => {
  nearest('a', 1)
  db.exec("INSERT INTO docs(docs) VALUES ('integrity-check')")
  // What is to be mended without harm to answers passes: REPLACE through the rowid takes a row away without a trace.
  db.exec(`INSERT OR REPLACE INTO _vec_docs(rowid, dataset_id, id)
    SELECT rowid, 'elsewhere', 'x' FROM _vec_docs WHERE dataset_id = 'a' AND id = 'd5'`)
  db.exec("INSERT INTO docs(docs) VALUES ('integrity-check')")
  db.exec(
    "INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('a', 'odd', vec_f32('[1, 2]')), ('a', 'bad', x'00')",
  )
  const check = "INSERT INTO docs(docs, dataset_id) VALUES ('integrity-check', 'a')"
  refused(
    () => db.exec(check),
    'VEC_STORAGE',
    "integrity-check of main._vec_docs: dataset 'a': ",
    'a different dimension',
    'and 1 more',
    'SELECT',
  )
  refused(
    () => db.exec(`BEGIN; INSERT INTO docs(dataset_id, doc_id) VALUES ('c', 'x'); ${check}`),
    'VEC_STORAGE',
  )
  db.exec('COMMIT')
  assert.equal(db.prepare("SELECT count(*) FROM docs WHERE dataset_id = 'c'").pluck().get(), 1)
  db.exec("INSERT INTO docs(docs, dataset_id) VALUES ('integrity-check', 'b')")
  db.exec("DELETE FROM _vec_docs WHERE dataset_id = 'a' AND id IN ('odd', 'bad')")
  db.exec(check)
})

test('commands run in a transaction, after a write, and on a table without rows', () => {
  db.exec('CREATE VIRTUAL TABLE empty USING vec(doc_id)')
  for (const command of ['optimize', 'rebuild', 'integrity-check']) {
    db.exec(`INSERT INTO empty(empty) VALUES ('${command}')`)
    db.exec(`BEGIN IMMEDIATE; SAVEPOINT s;
      INSERT INTO docs(dataset_id, doc_id) VALUES ('c', '${command}');
      INSERT INTO docs(docs) VALUES ('${command}'); RELEASE s; COMMIT`)
  }
  assert.equal(db.prepare("SELECT count(*) FROM docs WHERE dataset_id = 'c'").pluck().get(), 3)
})

test('a table named like one of its columns has no commands, and works', async () => {
  using here = await open(':memory:')
  for (const name of ['content', 'K', 'embedding']) {
    here.exec(`CREATE VIRTUAL TABLE "${name}" USING vec(doc_id);
      INSERT INTO "${name}"(dataset_id, doc_id, embedding) VALUES ('a', 'x', '[1]')`)
    assert.equal(
      here
        .prepare(`SELECT doc_id FROM "${name}" WHERE dataset_id = 'a' AND doc_id MATCH '[1]'`)
        .pluck()
        .get(),
      'x',
    )
  }
})

test('a renamed table takes commands under its new name, which cannot be that of its id column', async () => {
  refused(() => db.exec('ALTER TABLE docs RENAME TO Doc_ID'), 'VEC_OPTION', 'Doc_ID')
  db.exec('ALTER TABLE docs RENAME TO "new name"')
  db.close()
  db = await open(path)
  db.exec(`INSERT INTO "new name"("new name") VALUES ('rebuild')`)
  db.exec(`INSERT INTO "new name"(dataset_id, doc_id) VALUES ('c', 'x')`)
  refused(
    () => db.exec(`INSERT INTO "new name"(docs) VALUES ('rebuild')`),
    'SQLITE_ERROR',
    'no column named docs',
  )
})
