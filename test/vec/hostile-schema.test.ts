import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { insertMany, open, VecError, type Connection } from '../../src/entries/main.ts'
import { indexCache } from '../../src/entries/vec.ts'
import { refused } from '../refusal.ts'

/**
 * A file made by somebody else has views, triggers, CHECKs, defaults, generated columns and indexes that call what we
 * register. Each place is a file of its own: a schema that SQLite refuses is refused as a whole.
 */
let folder: string
let files = 0

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'hostile-'))
})

after(() => rmSync(folder, { recursive: true }))

interface Place {
  readonly what: string
  /** Makes it, with `call` in it. */
  readonly schema: (call: string) => string
  /** Makes SQLite evaluate it. */
  readonly use: string
  /** SQLite itself takes no function there that may answer differently tomorrow. */
  readonly deterministic: boolean
}

const PLACES: readonly Place[] = [
  {
    what: 'a view',
    schema: call => `CREATE VIEW v AS SELECT ${call} AS y`,
    use: 'SELECT y FROM v',
    deterministic: false,
  },
  {
    what: 'a trigger',
    schema: call =>
      `CREATE TABLE t(x); CREATE TABLE log(y);
       CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO log VALUES (${call}); END`,
    use: 'INSERT INTO t VALUES (1)',
    deterministic: false,
  },
  {
    what: 'a CHECK',
    schema: call => `CREATE TABLE t(x CHECK (${call} IS NOT 'never'))`,
    use: 'INSERT INTO t VALUES (1)',
    deterministic: false,
  },
  {
    what: 'a DEFAULT',
    schema: call => `CREATE TABLE t(x, y DEFAULT (${call}))`,
    use: 'INSERT INTO t(x) VALUES (1)',
    deterministic: false,
  },
  {
    what: 'a generated column',
    schema: call => `CREATE TABLE t(x, y AS (${call}) STORED)`,
    use: 'INSERT INTO t(x) VALUES (1)',
    deterministic: true,
  },
  {
    what: 'an index',
    schema: call => `CREATE TABLE t(x); CREATE INDEX i ON t(${call}, x)`,
    use: 'INSERT INTO t VALUES (1)',
    deterministic: true,
  },
  {
    what: 'a partial index',
    schema: call => `CREATE TABLE t(x); CREATE INDEX i ON t(x) WHERE ${call} IS NOT 'never'`,
    use: 'INSERT INTO t VALUES (1)',
    deterministic: true,
  },
]

/** A file whose schema was made by a program with laxer rules. */
async function made(schema: string, register = true): Promise<string> {
  const path = join(folder, `${++files}.db`)
  using db = await open(path, { register })
  db.exec(schema)
  return path
}

async function opened(path: string, trusted: boolean): Promise<Connection> {
  const db = await open(path)
  db.exec(`PRAGMA trusted_schema = ${trusted ? 'ON' : 'OFF'}`)
  return db
}

const CALLS: Readonly<Record<string, string>> = {
  vec_add: "vec_add('[1]', '[2]')",
  vec_bit: "vec_bit(x'0f')",
  vec_contains: `vec_contains('["a"]', 'a')`,
  vec_cosine: "vec_cosine(x'0000803f', x'0000803f')",
  vec_debug: 'vec_debug()',
  vec_distance_cosine: "vec_distance_cosine('[1]', '[1]')",
  vec_distance_hamming: "vec_distance_hamming(vec_bit(x'0f'), vec_bit(x'ff'))",
  vec_distance_l1: "vec_distance_l1('[1]', '[1]')",
  vec_distance_l2: "vec_distance_l2('[1]', '[1]')",
  vec_f16: "vec_f16('[1]')",
  vec_f32: "vec_f32('[1]')",
  vec_hybrid: "vec_hybrid('[1]', 'a')",
  vec_int8: "vec_int8('[1]')",
  vec_invalidate: "vec_invalidate('docs', '')",
  vec_json: "vec_json('[1]')",
  vec_l1: "vec_l1(x'0000803f', x'0000803f')",
  vec_l2: "vec_l2(x'0000803f', x'0000803f')",
  vec_length: "vec_length('[1]')",
  vec_normalize: "vec_normalize('[1]')",
  vec_quantize_binary: "vec_quantize_binary('[1,1,1,1,1,1,1,1]')",
  vec_quantize_int8: "vec_quantize_int8('[1]', 'unit')",
  vec_slice: "vec_slice('[1]', 0, 1)",
  vec_sub: "vec_sub('[1]', '[2]')",
  vec_text: "vec_text('a')",
  vec_to_json: "vec_to_json('[1]')",
  vec_type: "vec_type('[1]')",
  vec_version: 'vec_version()',
}

/** SQLite reads CHECKs, generated columns and indexes with the schema, and refuses all of it. */
function refusedAs(run: () => unknown, tells: string): void {
  assert.throws(run, (error: Error) => {
    assert.ok(error instanceof VecError)
    assert.ok(['SQLITE_ERROR', 'SQLITE_CORRUPT'].includes(error.code), error.code)
    assert.ok(error.message.includes(tells), error.message)
    assert.match(String(error.hint), /trusted_schema/)
    return true
  })
}

const names = (of: Connection): string[] =>
  of.prepare('SELECT DISTINCT name FROM pragma_function_list').pluck().all() as string[]
const modules = (of: Connection): string[] =>
  of.prepare('SELECT name FROM pragma_module_list').pluck().all() as string[]

test('every function that is registered is tried below', async () => {
  using db = await open(':memory:')
  using bare = await open(':memory:', { register: false })
  const bareNames = new Set(names(bare))
  assert.deepEqual(
    names(db)
      .filter(name => !bareNames.has(name))
      .toSorted(),
    Object.keys(CALLS),
  )
  const others = new Set(modules(bare))
  db.exec('CREATE TABLE t(x)')
  insertMany(db, 't', ['x'], [[1]])
  assert.deepEqual(
    modules(db)
      .filter(name => !others.has(name))
      .toSorted(),
    ['vec', 'vec0', 'vec_admin', 'vec_each', 'vec_insert_rows'],
  )
})

for (const trusted of [true, false]) {
  describe(`trusted_schema = ${trusted ? 'ON' : 'OFF'}`, () => {
    for (const { what, schema, use, deterministic } of PLACES) {
      for (const [name, call] of Object.entries(CALLS)) {
        if (name === 'vec_invalidate' && deterministic) {
          test(`SQLite refuses ${name} in ${what}: it is not deterministic`, async () => {
            await assert.rejects(made(schema(call)), /non-deterministic/)
          })
          continue
        }
        test(`${name} in ${what} works: it does nothing but compute`, async () => {
          using db = await opened(await made(schema(call)), trusted)
          db.exec(use)
          assert.equal(db.pragma('integrity_check', { simple: true }), 'ok')
        })
      }

      test(`a function of an application in ${what} is ${trusted ? 'called' : 'not called'}`, async () => {
        const path = join(folder, `${++files}.db`)
        {
          using maker = await open(path)
          maker.function('apply', { deterministic: true, innocuous: true }, () => 1)
          maker.exec(schema('apply()'))
        }
        using db = await opened(path, trusted)
        let called = 0
        db.function('apply', { deterministic: true }, () => ++called)
        if (trusted) db.exec(use)
        else refusedAs(() => db.exec(use), 'unsafe use of apply()')
        assert.equal(called > 0, trusted)
      })

      test(`a directOnly function of an application in ${what} is not called`, async () => {
        const path = join(folder, `${++files}.db`)
        {
          using maker = await open(path)
          maker.function('apply', { deterministic: true, innocuous: true }, () => 1)
          maker.exec(schema('apply()'))
        }
        using db = await opened(path, trusted)
        let called = 0
        db.function('apply', { deterministic: true, directOnly: true }, () => ++called)
        refusedAs(() => db.exec(use), 'unsafe use of apply()')
        assert.equal(called, 0)
      })
    }

    test('vec_invalidate of a file forgets nothing, that of a statement does', async () => {
      const path = await made(
        `CREATE VIRTUAL TABLE docs USING vec(id);
         INSERT INTO docs(dataset_id, id, embedding) VALUES ('a', '1', vec_f32('[1, 0]'));
         CREATE VIEW v AS SELECT vec_invalidate('docs', '') AS y;
         CREATE TABLE t(x CHECK (vec_invalidate('docs', '') IS NOT 5), y DEFAULT (vec_invalidate('docs', '')));
         CREATE TABLE log(y);
         CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO log SELECT vec_invalidate('docs', ''); END`,
      )
      using db = await opened(path, trusted)
      const search = db.prepare(
        "SELECT id FROM docs WHERE dataset_id = 'a' AND id MATCH '[1, 0]' AND k = 1",
      )
      assert.deepEqual(search.pluck().all(), ['1'])
      const held = indexCache.bytes
      assert.ok(held > 0)
      assert.equal(db.prepare('SELECT y FROM v').pluck().get(), 0)
      db.exec('INSERT INTO t(x) VALUES (1)')
      assert.deepEqual(db.prepare('SELECT y FROM log').pluck().all(), [0])
      assert.deepEqual(db.prepare('SELECT y FROM t').pluck().all(), [0])
      assert.equal(indexCache.bytes, held)
      for (const sql of [
        "SELECT vec_invalidate('docs', '')",
        `select "vec_invalidate" ('docs', 'a')`,
        "SELECT 'first'; SELECT VEC_INVALIDATE('_vec_docs', 'a')",
      ]) {
        db.exec(sql)
        assert.equal(indexCache.bytes, 0, sql)
        assert.deepEqual(search.all(), ['1'])
        assert.equal(indexCache.bytes, held)
      }
    })

    test("a file with the original's triggers is read and written", async () => {
      const path = await made(
        `CREATE VIRTUAL TABLE docs USING vec(id);
         DROP TRIGGER IF EXISTS vec_journal__vec_docs_insert;
         CREATE TRIGGER trg_vec_main__vec_docs_ins AFTER INSERT ON _vec_docs
         BEGIN SELECT vec_invalidate('main._vec_docs', NEW.dataset_id); END`,
      )
      using db = await opened(path, trusted)
      const insert = db.prepare(
        "INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('a', ?, vec_f32(?))",
      )
      const search = db
        .prepare("SELECT id FROM docs WHERE dataset_id = 'a' AND id MATCH '[1, 0]' AND k = 2")
        .pluck()
      insert.run('1', '[1, 1]')
      assert.deepEqual(search.all(), ['1'])
      insert.run('2', '[1, 0]')
      assert.deepEqual(search.all(), ['2', '1'])
    })

    test('a view and a trigger of a file may use a vec table that lies in it', async () => {
      const path = await made(
        `CREATE VIRTUAL TABLE docs USING vec(id);
         INSERT INTO docs(dataset_id, id, embedding) VALUES ('a', '1', vec_f32('[1, 0]'));
         CREATE VIEW v AS SELECT id FROM docs WHERE dataset_id = 'a' AND id MATCH '[1, 0]';
         CREATE TABLE t(x);
         CREATE TRIGGER r AFTER INSERT ON t
         BEGIN INSERT INTO docs(dataset_id, id, embedding) VALUES ('a', NEW.x, vec_f32('[0, 1]')); END`,
      )
      using db = await opened(path, trusted)
      db.exec("INSERT INTO t VALUES ('2')")
      assert.deepEqual(db.prepare('SELECT id FROM v').pluck().all(), ['1', '2'])
    })

    test(`a view of a file is ${trusted ? 'let' : 'kept from going'} through a vec table to another file`, async () => {
      const other = await made(
        `CREATE VIRTUAL TABLE docs USING vec(id);
         INSERT INTO docs(dataset_id, id, embedding) VALUES ('a', 'secret', vec_f32('[1, 0]'))`,
      )
      const path = join(folder, `${++files}.db`)
      {
        using maker = await open(path)
        maker.exec(`ATTACH '${other}' AS other`)
        maker.exec(
          `CREATE VIRTUAL TABLE docs USING vec(id, dbpath='${other}');
           CREATE VIEW v AS SELECT id FROM docs WHERE dataset_id = 'a' AND id MATCH '[1, 0]'`,
        )
      }
      using db = await opened(path, trusted)
      db.exec(`ATTACH '${other}' AS other`)
      const view = (): unknown => db.prepare('SELECT id FROM v').pluck().all()
      if (trusted) assert.deepEqual(view(), ['secret'])
      else refused(view, 'SQLITE_ERROR', 'unsafe use of virtual table "docs"')
    })

    test('vec_admin runs for a statement, never for a view or a trigger', async () => {
      const path = await made(
        `CREATE VIRTUAL TABLE docs USING vec(id); CREATE VIRTUAL TABLE admin USING vec_admin(docs);
         CREATE VIEW v AS SELECT * FROM admin WHERE op MATCH 'stats:main._vec_docs:a';
         CREATE TABLE t(x);
         CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT * FROM admin WHERE op MATCH 'main._vec_docs:a'; END`,
      )
      using db = await opened(path, trusted)
      const unsafe = 'unsafe use of virtual table "admin"'
      refused(() => db.exec('SELECT * FROM v'), 'SQLITE_ERROR', unsafe)
      refused(() => db.exec('INSERT INTO t VALUES (1)'), 'SQLITE_ERROR', unsafe)
      assert.ok(
        db.prepare("SELECT * FROM admin WHERE op MATCH 'stats:main._vec_docs:a'").all().length > 0,
      )
    })

    test('the rows of insertMany() cannot be taken by a trigger or a view', async () => {
      const path = await made(
        `CREATE TABLE t(x); CREATE TABLE stolen(x);
         CREATE VIEW v AS SELECT c0 FROM vec_insert_rows;
         CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO stolen SELECT c0 FROM vec_insert_rows; END`,
      )
      using db = await opened(path, trusted)
      const unsafe = 'unsafe use of virtual table "vec_insert_rows"'
      refused(() => insertMany(db, 't', ['x'], [[1], [2], [3]]), 'SQLITE_ERROR', unsafe)
      assert.equal(db.prepare('SELECT count(*) FROM t').pluck().get(), 0)
      refused(() => db.exec('SELECT * FROM v'), 'SQLITE_ERROR', unsafe)
    })
  })
}
