import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import type { Connection } from '../../src/sqlite/connection.ts'
import { refused } from '../refusal.ts'
import type { HeapWitness } from './heap-witness.ts'
import { ROWS, SEARCH, witnessedDatabase } from './witnessed-database.ts'

/** What a prepared statement gives after the schema changed under it, whoever changed it. */
let path: string
let db: Connection
let witness: HeapWitness
let otherPath: () => string

witnessedDatabase('schema-changes', made => ({ db, path, witness, otherPath } = made))

/** What somebody else, or the connection itself, can do to the schema under a prepared statement. */
const CHANGES: readonly [string, string, unknown][] = [
  ['a column more', "ALTER TABLE t ADD COLUMN z DEFAULT 'z'", { x: 1, y: 'one', z: 'z' }],
  ['a column less', 'ALTER TABLE t DROP COLUMN y', { x: 1 }],
  ['a column renamed', 'ALTER TABLE t RENAME COLUMN y TO w', { x: 1, w: 'one' }],
  [
    'a table made again with other columns',
    'DROP TABLE t; CREATE TABLE t(a, b); INSERT INTO t VALUES (8, 9)',
    { a: 8, b: 9 },
  ],
  ['a table that is gone', 'DROP TABLE t', 'no such table: t'],
  ['a table renamed', 'ALTER TABLE t RENAME TO u', 'no such table: t'],
  [
    'a view in its place',
    'ALTER TABLE t RENAME TO u; CREATE VIEW t AS SELECT 5 AS five',
    { five: 5 },
  ],
  ['a VACUUM', 'VACUUM', { x: 1, y: 'one' }],
  ['an index', 'CREATE INDEX i ON t(x)', { x: 1, y: 'one' }],
]

for (const who of ['the connection itself', 'another connection'] as const) {
  describe(`after a change of the schema by ${who}`, () => {
    for (const [what, sql, expected] of CHANGES) {
      test(`a prepared SELECT * follows ${what}`, async () => {
        const statement = db.prepare('SELECT * FROM t')
        assert.deepEqual(statement.get(), { x: 1, y: 'one' })
        if (who === 'the connection itself') db.exec(sql)
        else {
          using other = await open(path)
          other.exec(sql)
        }
        const ways = [
          () => statement.get(),
          () => statement.all()[0],
          () => statement.iterate().next().value as unknown,
        ]
        for (const way of ways) {
          if (typeof expected === 'string') refused(way, 'SQLITE_ERROR', expected)
          else assert.deepEqual(way(), expected)
          if (statement.busy) break
        }
        if (typeof expected === 'object') {
          assert.deepEqual(
            statement.columns().map(column => column.name),
            Object.keys(expected as object),
          )
        }
        assert.deepEqual(
          db
            .prepare(SEARCH)
            .all()
            .map(row => (row as { id: string }).id),
          ['1', '2'],
        )
      })
    }

    test('a statement in the middle is not disturbed, or told why it ends', async () => {
      const rows = db.prepare(ROWS).pluck().iterate()
      assert.equal(rows.next().value, 1)
      if (who === 'the connection itself') {
        refused(() => db.exec('DROP TABLE t'), 'SQLITE_LOCKED', 'locked')
        db.exec('CREATE TABLE fresh(x)')
      } else {
        using other = await open(path, { busyTimeout: 0 })
        refused(() => other.exec('DROP TABLE t'), 'SQLITE_BUSY', 'locked')
      }
      assert.deepEqual([...rows], [2, 3])
    })

    test('a vec table that is dropped and made again is searched anew', async () => {
      const search = db.prepare(SEARCH).pluck()
      assert.deepEqual(search.all(), ['1', '2'])
      const sql = 'DROP TABLE docs; DROP TABLE _vec_docs; CREATE VIRTUAL TABLE docs USING vec(id)'
      if (who === 'the connection itself') db.exec(sql)
      else {
        using other = await open(path)
        other.exec(sql)
      }
      assert.deepEqual(search.all(), [])
      db.exec("INSERT INTO docs(dataset_id, id, embedding) VALUES ('a', 'new', vec_f32('[1, 1]'))")
      assert.deepEqual(search.all(), ['new'])
    })
  })
}

describe('an attached file', () => {
  test('cannot be detached under an iterator, and then its statements say that it is gone', () => {
    const other = otherPath()
    db.exec(
      `ATTACH '${other}' AS o; CREATE TABLE o.t(x); INSERT INTO o.t VALUES (1), (2);
       CREATE VIRTUAL TABLE o.docs USING vec(id);
       INSERT INTO o.docs(dataset_id, id, embedding) VALUES ('a', '1', vec_f32('[1, 0]'))`,
    )
    const rows = db.prepare('SELECT x FROM o.t').pluck().iterate()
    const search = db
      .prepare("SELECT id FROM o.docs WHERE dataset_id = 'a' AND id MATCH '[1, 0]'")
      .pluck()
    rows.next()
    assert.deepEqual(search.all(), ['1'])
    refused(() => db.exec('DETACH o'), 'SQLITE_ERROR', 'database o is locked')
    assert.deepEqual([...rows], [2])
    db.exec('DETACH o')
    witness.churn()
    refused(() => search.all(), 'SQLITE_ERROR', /no such table|unknown database/)
    db.exec(`ATTACH '${other}' AS o`)
    assert.deepEqual(search.all(), ['1'])
  })

  test('with searches in the middle is closed with its connection', () => {
    const other = otherPath()
    db.exec(
      `ATTACH '${other}' AS o; CREATE VIRTUAL TABLE o.docs USING vec(id);
       INSERT INTO o.docs(dataset_id, id, embedding) VALUES ('a', '1', vec_f32('[1, 0]'))`,
    )
    const search = db.prepare('SELECT id FROM o.docs WHERE dataset_id = ?').iterate('a')
    search.next()
    db.close()
    witness.churn()
    refused(() => search.next(), 'VEC_CLOSED')
  })
})
