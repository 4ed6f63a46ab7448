import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeEmbedding, open, type SqlValue } from '../../src/entries/main.ts'
import type { DatabaseServer } from '../../src/worker/database-server.ts'
import { openInParts } from '../../src/worker/open-in-parts.ts'
import type { DatabaseCall } from '../../src/worker/protocol.ts'
import { refusedLater } from '../refusal.ts'

// A worker of connect() opens without the code that few calls need. The call that needs it first loads it.

/** Runs calls on a connection that has loaded nothing yet. */
async function inParts<R>(task: (server: DatabaseServer) => Promise<R>): Promise<R> {
  const server = await openInParts(':memory:', {})
  try {
    return await task(server)
  } finally {
    server.close()
  }
}

const exec = (sql: string): DatabaseCall => ({ op: 'exec', sql })
const values = (sql: string, parameters: readonly SqlValue[] = []): DatabaseCall => ({
  op: 'all',
  form: 'values',
  sql,
  parameters,
})
const run = (sql: string): DatabaseCall => ({ op: 'run', sql, parameters: [] })

interface Function {
  readonly name: string
  readonly narg: number
}

test('each function is there for the first statement that names it, with the same result', async () => {
  const db = await open(':memory:')
  const list = "SELECT DISTINCT name, narg FROM pragma_function_list WHERE name LIKE 'vec%'"
  const all = db.prepare(list).all() as unknown as Function[]
  const first = await inParts(async server => server.answer(values(list), undefined))
  const late = all.filter(({ name }) => !(first as string[]).includes(name))
  assert.ok(late.length > 20, `${late.length}`)
  for (const { name, narg } of late) {
    const sql = `SELECT ${name}(${Array.from({ length: Math.max(0, narg) }, () => "'[1, 2, 3]'").join(', ')})`
    let expected: unknown
    try {
      expected = db.prepare(sql).pluck().get()
    } catch (error) {
      expected = (error as Error).message
    }
    await inParts(async server => {
      const found = await server.answer(values(sql), undefined).then(
        rows => (rows as unknown[])[0],
        (error: Error) => error.message,
      )
      assert.deepEqual(found, expected, sql)
    })
  }
  db.close()
})

/** Each kind of call and of schema: what fills t, and the rows that are there afterwards. */
const CALLS: readonly {
  readonly name: string
  readonly calls: readonly DatabaseCall[]
  readonly rows: readonly unknown[]
}[] = [
  {
    name: 'exec() goes on with the statement that failed',
    calls: [
      exec(`CREATE TABLE t(x); INSERT INTO t VALUES ('é'); INSERT INTO t SELECT vec_length('[1, 2]');
        INSERT INTO t SELECT value FROM vec_each('[3]'); INSERT INTO t VALUES (9)`),
    ],
    rows: ['é', 2, 3, 9],
  },
  {
    name: 'exec() of a transaction',
    calls: [
      exec(`CREATE TABLE t(x); BEGIN; INSERT INTO t VALUES (1);
        INSERT INTO t SELECT vec_length('[1, 2]'); COMMIT`),
    ],
    rows: [1, 2],
  },
  {
    name: 'a transaction runs once',
    calls: [
      run('CREATE TABLE t(x)'),
      {
        op: 'transaction',
        statements: [
          { sql: 'INSERT INTO t VALUES (1)', parameters: [] },
          { sql: "INSERT INTO t SELECT vec_length('[1, 2]')", parameters: [] },
        ],
      },
    ],
    rows: [1, 2],
  },
  {
    name: 'a batch runs once',
    calls: [
      run('CREATE TABLE t(x)'),
      {
        op: 'batch',
        sql: 'INSERT INTO t VALUES (vec_length(?))',
        parameters: [['[1]'], ['[1, 2]']],
      },
    ],
    rows: [1, 2],
  },
  {
    name: 'a trigger',
    calls: [
      run('CREATE TABLE t(x)'),
      run('CREATE TABLE s(v)'),
      run(
        'CREATE TRIGGER filled AFTER INSERT ON s BEGIN INSERT INTO t VALUES (vec_length(NEW.v)); END',
      ),
      run("INSERT INTO s VALUES ('[1, 2, 3]')"),
    ],
    rows: [3],
  },
  {
    name: 'a view',
    calls: [run("CREATE VIEW t AS SELECT vec_length('[1, 2]') AS x")],
    rows: [2],
  },
  {
    name: 'a generated column, an index and a CHECK',
    calls: [
      run('CREATE TABLE t(v, x AS (vec_length(v)), CHECK (vec_length(v) < 5)); '),
      run('CREATE INDEX by_length ON t(vec_length(v))'),
      run("INSERT INTO t(v) VALUES ('[1, 2, 3, 4]')"),
    ],
    rows: [4],
  },
  {
    name: 'rows that were sent in advance are inserted once',
    calls: [
      run('CREATE TABLE t(x)'),
      run('CREATE TABLE s(v)'),
      run(
        'CREATE TRIGGER filled AFTER INSERT ON s BEGIN INSERT INTO t VALUES (vec_length(NEW.v)); END',
      ),
      { op: 'stage', key: 'a', part: 0, rows: [['[1]'], ['[1, 2]']] },
      { op: 'insertMany', key: 'a', parts: 1, table: 's', columns: ['v'], options: {} },
    ],
    rows: [1, 2],
  },
  {
    name: 'a trigger on the table behind a vec table, which runs within a write of it',
    calls: [
      exec('CREATE TABLE t(x); CREATE VIRTUAL TABLE docs USING vec(doc_id)'),
      run(
        'CREATE TRIGGER filled AFTER INSERT ON _vec_docs BEGIN INSERT INTO t VALUES (vec_length(NEW.embedding)); END',
      ),
      {
        op: 'run',
        sql: "INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('d', 'a', ?)",
        parameters: [encodeEmbedding([1, 2])],
      },
    ],
    rows: [2],
  },
]

for (const { calls, name, rows } of CALLS) {
  test(`late code: ${name}`, async () => {
    await inParts(async server => {
      for (const call of calls) await server.answer(call, undefined)
      assert.deepEqual(await server.answer(values('SELECT x FROM t'), undefined), rows)
    })
  })
}

test('vec_admin, the command integrity-check and vec0 are loaded by their first use', async () => {
  const fill = exec(
    "CREATE VIRTUAL TABLE docs USING vec(doc_id); INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('d', 'a', '[1, 2]')",
  )
  await inParts(async server => {
    await server.answer(fill, undefined)
    const sql = "SELECT op FROM vec_admin WHERE op MATCH 'check:main._vec_docs:d'"
    const found = await server.answer(values(sql), undefined)
    assert.match(String(found), /every change to the table is recorded/)
  })
  await inParts(async server => {
    await server.answer(fill, undefined)
    await server.answer(run("INSERT INTO docs(docs) VALUES ('integrity-check')"), undefined)
  })
  await inParts(async server => {
    const vec0 = 'CREATE VIRTUAL TABLE v USING vec0(embedding float[3])'
    await refusedLater(server.answer(run(vec0), undefined), 'SQLITE_ERROR', /USING vec\(doc_id/)
  })
})

test('a call that fails for another reason fails once, as it would with all code', async () => {
  const db = await open(':memory:')
  for (const sql of [
    'SELECT nothing()',
    'SELECT vec_nothing()',
    'SELECT x FROM vec_nothing',
    'SELEC 1',
    'CREATE VIRTUAL TABLE t USING vec9()',
  ]) {
    await inParts(async server => {
      const { message } = await server.answer(run(sql), undefined).then(
        () => assert.fail(sql),
        (error: Error) => error,
      )
      assert.throws(() => db.exec(sql), { message })
    })
  }
  db.close()
})
