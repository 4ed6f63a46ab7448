import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { open as openVec, type BindValue, type Connection } from '../../src/entries/main.ts'
import { refused } from '../refusal.ts'

let db: Connection

beforeEach(async () => {
  db = await openVec(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id);
    INSERT INTO docs(dataset_id, doc_id, embedding, content) VALUES
      ('a', 'x', '[1, 0]', 'one'), ('a', 'y', '[0, 1]', 'two'), ('a', 'z', '[1, 1]', NULL)`)
})

function run(sql: string, ...values: BindValue[]): number {
  return db.prepare(sql).run(...values).changes
}

function insertInto(...values: BindValue[]): number {
  return run('INSERT INTO docs(dataset_id, doc_id, embedding) VALUES (?, ?, ?)', ...values)
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

test('a wrong value is refused with what was given and what was expected', () => {
  const nan = new Uint8Array(Float32Array.of(1, NaN).buffer)
  refused(() => insertInto(null, 'n', null), 'SQLITE_CONSTRAINT', 'dataset_id', 'NULL')
  refused(() => insertInto('a', null, null), 'SQLITE_CONSTRAINT', 'doc_id', 'NULL')
  refused(() => insertInto(' ', 'n', null), 'VEC_QUERY', 'dataset_id')
  refused(() => insertInto(7.5, 'n', null), 'VEC_QUERY', 'dataset_id', 7.5)
  refused(() => insertInto('a', new Uint8Array(3), null), 'VEC_QUERY', 'doc_id', 'BLOB')
  refused(() => insertInto('a', 1.5, null), 'VEC_QUERY', 'doc_id', 1.5)
  refused(() => insertInto('a', 'n', 5), 'VEC_EMBEDDING', 'embedding as BLOB or string, got 5')
  refused(
    () => insertInto('a', 'n', ''),
    'VEC_EMBEDDING',
    'embedding string is empty',
    "document 'n'",
  )
  refused(() => insertInto('a', 'n', '1, x'), 'VEC_EMBEDDING', 'invalid embedding float "x"')
  refused(() => insertInto('a', 'n', 'words'), 'VEC_EMBEDDING', 'must be base64-encoded embedding')
  refused(() => insertInto('a', 'n', '[]'), 'VEC_EMBEDDING', 'NULL')
  refused(() => insertInto('a', 'n', new Uint8Array(0)), 'VEC_EMBEDDING')
  refused(() => insertInto('a', 'n', new Uint8Array(5)), 'VEC_EMBEDDING', 'blob length 5')
  refused(() => insertInto('a', 'n', nan), 'VEC_EMBEDDING', 'number 1', 'NaN', "'n'")
  refused(() => insertInto('a', 'n', '1, inf'), 'VEC_EMBEDDING', 'number 1', 'Infinity')
  refused(
    () => insertInto('a', 'n', '[1, 2, 3]'),
    'VEC_DIMENSION',
    "'n'",
    3,
    "'a'",
    'main._vec_docs',
    2,
  )
  assert.deepEqual(ids(), ['x', 'y', 'z'])
})

test('columns that a search computes cannot be written', () => {
  for (const column of ['match_score', 'distance', 'k']) {
    refused(
      () => run(`INSERT INTO docs(dataset_id, doc_id, ${column}) VALUES ('a', 'n', 1)`),
      'VEC_QUERY',
      `${column} cannot be written`,
      'dataset_id, doc_id, content, meta, embedding',
    )
    refused(
      () => run(`UPDATE docs SET content = 'c', ${column} = NULL WHERE dataset_id = 'a'`),
      'VEC_QUERY',
      `${column} cannot be written`,
    )
  }
  refused(
    () => run("INSERT INTO docs(rowid, dataset_id, doc_id) VALUES ('first', 'a', 'n')"),
    'SQLITE_MISMATCH',
  )
  refused(
    () => run("UPDATE docs SET rowid = 'first' WHERE dataset_id = 'a' AND doc_id = 'x'"),
    'SQLITE_MISMATCH',
    'rowid',
  )
})

test('an embedding is stored as the BLOB of its numbers, and read back so', () => {
  run(
    "INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('f', 'json', '[1, 2.5]'), ('f', 'csv', '1, 2.5'), ('f', 'base64', ?), ('f', 'blob', ?)",
    Buffer.from(Float32Array.of(1, 2.5).buffer).toString('base64'),
    Float32Array.of(1, 2.5),
  )
  const blob = new Uint8Array(Float32Array.of(1, 2.5).buffer)
  assert.deepEqual(all("SELECT embedding FROM _vec_docs WHERE dataset_id = 'f'"), [
    blob,
    blob,
    blob,
    blob,
  ])
  assert.deepEqual(
    all("SELECT embedding FROM docs WHERE dataset_id = 'f' AND doc_id MATCH '[1, 1]' AND k = 1"),
    [blob],
  )
})

test('whole numbers as ids become text', () => {
  run("INSERT INTO docs(dataset_id, doc_id) VALUES ('n', 7), ('n', ?)", 2n ** 60n)
  assert.deepEqual(
    all("SELECT typeof(id) || id FROM _vec_docs WHERE dataset_id = 'n' ORDER BY rowid"),
    ['text7', `text${2n ** 60n}`],
  )
  assert.equal(run("DELETE FROM docs WHERE dataset_id = 'n' AND doc_id = 7"), 1)
})

test('text that is no UTF-8 is stored as it was', () => {
  run(
    "INSERT INTO _vec_docs(dataset_id, id, content, embedding) VALUES ('u', CAST(x'ff41' AS TEXT), CAST(x'fe42' AS TEXT), vec_f32('[1, 0]'))",
  )
  run(
    "INSERT INTO docs(dataset_id, doc_id, content, embedding) SELECT 'v', id, content, embedding FROM _vec_docs WHERE dataset_id = 'u'",
  )
  assert.deepEqual(all("SELECT hex(id) || hex(content) FROM _vec_docs WHERE dataset_id = 'v'"), [
    'FF41FE42',
  ])
  run("INSERT INTO docs(dataset_id, doc_id) VALUES ('\ufffd', 'a \ufffd')")
  assert.deepEqual(ids('\ufffd'), ['a \ufffd'])
  assert.equal(run("UPDATE docs SET dataset_id = 'w' WHERE dataset_id = 'v'"), 1)
  assert.deepEqual(all("SELECT hex(id) FROM _vec_docs WHERE dataset_id = 'w'"), ['FF41'])
})

test('columns that the statement does not name keep their values in an UPDATE', () => {
  run(
    "INSERT INTO _vec_docs(dataset_id, id, embedding_model, scn, meta) VALUES ('m', 'x', 'model', 9, '{}')",
  )
  run("UPDATE docs SET embedding = '[1, 2]', doc_id = 'moved' WHERE dataset_id = 'm'")
  assert.deepEqual(
    db
      .prepare(
        "SELECT id, embedding_model, scn, meta, content, archived, length(embedding) FROM _vec_docs WHERE dataset_id = 'm'",
      )
      .raw()
      .all(),
    [['moved', 'model', 9, '{}', null, 0, 8]],
  )
  // Its trigger was not asked for a column that nothing sets.
  db.exec(
    "CREATE TRIGGER t AFTER UPDATE OF embedding ON _vec_docs BEGIN SELECT raise(ABORT, 'embedding set'); END",
  )
  assert.equal(run("UPDATE docs SET content = 'c' WHERE dataset_id = 'm'"), 1)
  refused(
    () => run("UPDATE docs SET embedding = '[1, 2]' WHERE dataset_id = 'm'"),
    'SQLITE_CONSTRAINT',
    'embedding set',
  )
})

test('an archived document is not seen, and in the way of its key', () => {
  run("UPDATE _vec_docs SET archived = 1 WHERE id = 'x'")
  assert.equal(run("DELETE FROM docs WHERE dataset_id = 'a' AND doc_id = 'x'"), 0)
  refused(
    () => run("INSERT INTO docs(dataset_id, doc_id) VALUES ('a', 'x')"),
    'SQLITE_CONSTRAINT',
    'archived',
  )
  assert.equal(
    run("INSERT OR REPLACE INTO docs(dataset_id, doc_id, embedding) VALUES ('a', 'x', '[5, 5]')"),
    1,
  )
  assert.deepEqual(nearest('[1, 1]'), ['x', 'z', 'y'])
})

test('the dimension is that of the other vectors of the dataset', () => {
  const put = (id: string, embedding: string, or = '') =>
    run(`INSERT ${or} INTO docs(dataset_id, doc_id, embedding) VALUES ('d', ?, ?)`, id, embedding)
  put('only', '[1, 2]')
  // Its own old vector does not count.
  assert.equal(run("UPDATE docs SET embedding = '[1, 2, 3]' WHERE dataset_id = 'd'"), 1)
  assert.equal(put('only', '[1]', 'OR REPLACE'), 1)
  refused(
    () => put('second', '[1, 2]'),
    'VEC_DIMENSION',
    'has 2 dimensions',
    'vectors of 1 dimensions',
  )
  put('second', '[2]')
  refused(() => put('only', '[1, 2]', 'OR REPLACE'), 'VEC_DIMENSION')
  refused(() => run("UPDATE docs SET embedding = '[1, 2]' WHERE dataset_id = 'd'"), 'VEC_DIMENSION')
  // A document moves with its vector.
  refused(
    () => run("UPDATE docs SET dataset_id = 'a' WHERE dataset_id = 'd' AND doc_id = 'second'"),
    'VEC_DIMENSION',
    "'second' has 1 dimensions",
    "dataset 'a'",
  )
  assert.equal(
    run(
      "UPDATE docs SET dataset_id = 'a', embedding = NULL WHERE dataset_id = 'd' AND doc_id = 'second'",
    ),
    1,
  )
  // Nothing is left of it when it is rolled back.
  db.exec(
    "BEGIN; INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('e', '1', '[1, 2, 3]'); ROLLBACK",
  )
  assert.equal(run("INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('e', '1', '[1]')"), 1)
})

test('in a dataset that is mixed the first vector says which dimension is right', () => {
  const rows = [
    ['k', '[1, 2, 3]'],
    ['a', '[1, 2]'],
    ['z', '[1, 2, 3]'],
    ['b', '[1, 2]'],
  ]
  for (const [id, embedding] of rows)
    run(
      "INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('mix', ?, vec_f32(?))",
      id,
      embedding,
    )
  refused(() => insertInto('mix', 'n', '[1, 2]'), 'VEC_DIMENSION', 'vectors of 3 dimensions')
  assert.equal(insertInto('mix', 'n', '[1, 2, 4]'), 1)
  assert.deepEqual(nearest('[1, 2, 4]', 'mix')[0], 'n')
})

test('rows that are no vectors do not say which dimension is right', () => {
  run(
    "INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('odd', '1', x'0102'), ('odd', '2', x'0000c07f'), ('odd', '3', ''), ('odd', x'34', vec_f32('[1]'))",
  )
  assert.equal(
    run("INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('odd', '5', '[1, 2]')"),
    1,
  )
  refused(
    () => run("INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('odd', '6', '[1]')"),
    'VEC_DIMENSION',
  )
})

test('a shadow table without content or meta says so, and one with defaults uses them', async () => {
  using here = await openVec(':memory:')
  here.exec(`CREATE TABLE _vec_bare (dataset_id TEXT, id TEXT, embedding BLOB, lang TEXT NOT NULL DEFAULT 'en', need TEXT NOT NULL DEFAULT '', PRIMARY KEY (dataset_id, id));
    CREATE VIRTUAL TABLE bare USING vec(doc_id);
    INSERT INTO bare(dataset_id, doc_id, content) VALUES ('a', 'x', NULL)`)
  refused(
    () => here.exec("INSERT INTO bare(dataset_id, doc_id, content) VALUES ('a', 'y', 'c')"),
    'VEC_SHADOW',
    'content',
    'main._vec_bare',
    'ADD COLUMN content',
  )
  const insert = here.prepare(
    "INSERT INTO bare(dataset_id, doc_id, content) VALUES ('a', 'y', 'c')",
  )
  here.exec('ALTER TABLE _vec_bare ADD COLUMN content TEXT')
  assert.equal(insert.run().changes, 1)
  assert.deepEqual(
    here.prepare("SELECT lang || content FROM _vec_bare WHERE id = 'y'").pluck().all(),
    ['enc'],
  )
  // The same inside a transaction that has written already.
  here.exec(`BEGIN; INSERT INTO bare(dataset_id, doc_id) VALUES ('a', 'z');
    ALTER TABLE _vec_bare ADD COLUMN meta TEXT;
    INSERT INTO bare(dataset_id, doc_id, meta) VALUES ('a', 'm', '{}'); COMMIT`)
  assert.equal(here.prepare("SELECT meta FROM _vec_bare WHERE id = 'm'").pluck().get(), '{}')
})

test("constraints of the shadow table's own are told in its words", async () => {
  using here = await openVec(':memory:')
  here.exec(`CREATE TABLE _vec_own (dataset_id TEXT, id TEXT, content TEXT UNIQUE CHECK (content <> 'bad'), embedding BLOB, must TEXT NOT NULL DEFAULT 'm', PRIMARY KEY (dataset_id, id));
    CREATE VIRTUAL TABLE own USING vec(doc_id);
    INSERT INTO own(dataset_id, doc_id, content, embedding) VALUES ('a', 'x', 'one', '[1]'), ('a', 'y', 'two', '[2]')`)
  const insert = (or: string, content: string) =>
    here.exec(
      `INSERT ${or} INTO own(dataset_id, doc_id, content, embedding) VALUES ('a', 'n', '${content}', '[3]')`,
    )
  refused(
    () => insert('', 'one'),
    'SQLITE_CONSTRAINT',
    'UNIQUE constraint failed: _vec_own.content',
  )
  refused(() => insert('', 'bad'), 'SQLITE_CONSTRAINT', 'CHECK constraint failed')
  insert('OR IGNORE', 'one')
  const found = here
    .prepare("SELECT doc_id FROM own WHERE dataset_id = 'a' AND doc_id MATCH '[1]' ORDER BY doc_id")
    .pluck()
  assert.deepEqual(found.all(), ['x', 'y'])
  // REPLACE takes away the row that has the content, and no trigger tells of it.
  insert('OR REPLACE', 'one')
  assert.deepEqual(found.all(), ['n', 'y'])
})

test("triggers of the user's own run, fail the statement, and may write the vec table", () => {
  db.exec(`CREATE TRIGGER twin AFTER INSERT ON _vec_docs WHEN NEW.dataset_id = 'a' BEGIN
      INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('twin', NEW.id, NEW.embedding); END;
    CREATE TRIGGER guard BEFORE INSERT ON _vec_docs WHEN NEW.id = 'no' BEGIN SELECT raise(ABORT, 'guarded'); END`)
  assert.equal(
    run(
      "INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', 'p', '[1, 2]'), ('a', 'q', '[2, 1]')",
    ),
    2,
  )
  assert.deepEqual(nearest('[1, 2]', 'twin'), ['p', 'q'])
  refused(
    () => run("INSERT INTO docs(dataset_id, doc_id) VALUES ('a', 'r'), ('a', 'no')"),
    'SQLITE_CONSTRAINT',
    'guarded',
  )
  assert.deepEqual(ids('twin'), ['p', 'q'])
})

test('a trigger on another table writes the vec table', () => {
  db.exec(`CREATE TABLE source(id TEXT, vector TEXT);
    CREATE TRIGGER feed AFTER INSERT ON source BEGIN
      INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('fed', NEW.id, NEW.vector); END;
    INSERT INTO source VALUES ('1', '[1, 0]'), ('2', '[0, 1]')`)
  assert.deepEqual(nearest('[0, 1]', 'fed'), ['2', '1'])
})

test('a table whose rows have no numbers is written by search all the same', async () => {
  using here = await openVec(':memory:')
  here.exec(`CREATE TABLE _vec_docs (dataset_id TEXT, id TEXT, content TEXT, embedding BLOB, PRIMARY KEY (dataset_id, id)) WITHOUT ROWID;
    CREATE VIRTUAL TABLE docs USING vec(doc_id);
    INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', 'x', '[1, 0]'), ('a', 'y', '[0, 1]'), ('b', 'x', '[1, 1]')`)
  const nested = here.prepare(
    "DELETE FROM docs WHERE dataset_id = 'a' AND doc_id IN (SELECT doc_id FROM docs WHERE dataset_id = 'b')",
  )
  assert.equal(nested.run().changes, 1)
  assert.deepEqual(here.prepare('SELECT dataset_id || id FROM _vec_docs').pluck().all(), [
    'ay',
    'bx',
  ])
  refused(
    () => here.exec("UPDATE docs SET rowid = 5 WHERE dataset_id = 'a'"),
    'VEC_SHADOW',
    'rowid',
  )
})

test('an UPDATE reads the rows it changes, also by a search inside it', () => {
  run(
    "UPDATE docs SET content = (SELECT o.doc_id FROM docs o WHERE o.dataset_id = 'a' AND o.doc_id MATCH '[0, 1]' AND o.k = 1) WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]' AND k = 2",
  )
  assert.deepEqual(all("SELECT content FROM docs WHERE dataset_id = 'a'"), ['y', 'two', 'y'])
})
