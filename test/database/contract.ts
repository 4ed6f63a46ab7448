import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import {
  fileKeyOf,
  isInTransaction,
  isSchemaCommitted,
  transactionStateOf,
  waitingAtMost,
} from '../../src/database/capabilities.ts'
import { eachRow, firstRow, numberOf, run, scalar, texts } from '../../src/database/query.ts'
import { Snapshots } from '../../src/database/snapshot.ts'
import { transaction } from '../../src/database/transaction.ts'
import type { BindValue } from '../../src/database/values.ts'
import { Utf8 } from '../../src/entries/engine.ts'
import type { Closable, Driver } from './connections.ts'

const folder = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-port-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let files = 0

const refused = (error: unknown): boolean =>
  String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY')

/** What every driver must hold, so that search, documents and replication work over it. */
export function databaseContract(driver: Driver): void {
  const fact = (name: string, body: (db: Closable, path: string) => void): void => {
    test(name, { skip: driver.skip }, () => {
      const path = join(folder, `${files++}.sqlite`)
      const db = driver.connect(path)
      try {
        body(db, path)
      } finally {
        db.close()
      }
    })
  }

  const bytesFact: typeof fact = (name, body) => {
    if (!driver.readsOnlyUtf8) fact(name, body)
  }

  describe(`the port of ${driver.name}`, () => {
    fact('values go in and come out as they are', db => {
      const cases: readonly [BindValue, type: string, expected?: unknown][] = [
        [null, 'null'],
        [1, 'integer'],
        [-7.5, 'real'],
        [2 ** 53 - 1, 'integer'],
        [2n ** 62n + 1n, 'integer'],
        [true, 'integer', 1],
        ['grüße \u{1F600}', 'text'],
        ['', 'text'],
        ['\uFFFD', 'text'],
        [Uint8Array.of(0, 255), 'blob'],
        [new Uint8Array(0), 'blob'],
        [Float32Array.of(1), 'blob', Uint8Array.of(0, 0, 128, 63)],
        [Uint8Array.of(1, 2).buffer, 'blob', Uint8Array.of(1, 2)],
        [new Utf8(Uint8Array.of(104, 105)), 'text', 'hi'],
      ]
      for (const [value, type, expected = value] of cases) {
        assert.equal(scalar(db, 'SELECT typeof(?)', value), type)
        const given = scalar(db, 'SELECT ?', value)
        assert.deepEqual(given instanceof Uint8Array ? new Uint8Array(given) : given, expected)
      }
    })

    fact('parameters are given by their numbers, wherever they stand', db => {
      const sql = `SELECT ?2 || '?1' || ?1 || ?2 AS "?2" -- ?3`
      assert.equal(scalar(db, sql, 'a', 'b'), 'b?1ab')
      assert.equal(scalar(db, 'SELECT ? || ?', 'a', 'b'), 'ab')
      assert.equal(scalar(db, 'SELECT ?2 || ?1 || ? || ?', 'a', 'b', 'c', 'd'), 'bacd')
    })

    fact('a row is read by bytes, and tells what each column is', db => {
      const sql = `SELECT 'grün', x'010203', 5, 1.5, NULL, 9007199254740993`
      firstRow(db, sql, [], row => {
        const kinds = [0, 1, 2, 4].map(i => [row.isText(i), row.isBlob(i), row.isNull(i)])
        assert.deepEqual(kinds, [
          [true, false, false],
          [false, true, false],
          [false, false, false],
          [false, false, true],
        ])
        assert.equal(Buffer.from(row.bytes(0)).toString(), 'grün')
        assert.equal(row.byteLength(0), 5)
        assert.equal(row.byteLength(1), 3)
        assert.deepEqual([...row.bytes(1)], [1, 2, 3])
        assert.deepEqual(Array.from(row.bytes(1).slice(1, 2)), [2])
        assert.deepEqual(
          [2, 3, 4].map(i => row.number(i)),
          [5, 1.5, 0],
        )
        assert.equal(row.text(0), 'grün')
        assert.equal(row.bigint(2), 5n)
        assert.equal(row.value(5), 9007199254740993n)
        assert.equal(row.bigint(5), 9007199254740993n)
      })
    })

    bytesFact('text that is not UTF-8 keeps its bytes, and finds its row again', db => {
      db.exec(`CREATE TABLE t(id TEXT PRIMARY KEY, n); CREATE INDEX by_n ON t(n, id);
        INSERT INTO t VALUES ('plain', 3), (CAST(x'61ff62' AS TEXT), 2), (CAST(x'efbfbd' AS TEXT), 1)`)
      const ids: string[] = []
      eachRow(db, 'SELECT id, n FROM t WHERE n < ?1 ORDER BY rowid', [3], row => {
        ids.push(Buffer.from(row.bytes(0).slice()).toString('hex'))
      })
      assert.deepEqual(ids, ['61ff62', 'efbfbd'])
      for (const [hex, n] of [
        ['61ff62', 2],
        ['efbfbd', 1],
      ] as const) {
        const id = new Utf8(new Uint8Array(Buffer.from(hex, 'hex')))
        assert.equal(scalar(db, 'SELECT n FROM t WHERE n = ?2 AND id = ?1', id, n), n)
        assert.equal(run(db, 'UPDATE t SET n = n + 10 WHERE id = ?', id).changes, 1)
      }
      assert.equal(numberOf(db, 'SELECT sum(n) FROM t'), 26)
    })

    fact('a statement runs again, whatever ended it', db => {
      db.exec('CREATE TABLE t(n); INSERT INTO t VALUES (1), (2), (3)')
      using statement = db.prepare('SELECT n FROM t WHERE n >= ? ORDER BY n')
      const seen: number[] = []
      assert.throws(
        () =>
          statement.each([1], row => {
            assert.equal(statement.busy, true)
            seen.push(row.number(0))
            if (seen.length === 2) throw new Error('enough')
          }),
        /enough/,
      )
      assert.equal(statement.busy, false)
      statement.each([2], row => {
        seen.push(row.number(0))
        return false
      })
      assert.deepEqual(seen, [1, 2, 2])
      const cursor = statement.cursor([2])
      assert.equal(cursor.step() && cursor.row.number(0), 2)
      assert.equal(statement.busy, true)
      assert.equal(cursor.step(), true)
      assert.equal(cursor.step(), false)
      assert.equal(cursor.step(), false)
      cursor.end()
      assert.equal(statement.busy, false)
      assert.equal(
        statement.first([9], () => 0),
        undefined,
      )
      assert.throws(() => statement.first([1], () => assert.fail('thrown')), /thrown/)
      assert.equal(
        statement.first([3], row => row.number(0)),
        3,
      )
      // What writes may end by an error, too.
      db.exec('CREATE UNIQUE INDEX one ON t(n)')
      using insert = db.prepare('INSERT INTO t VALUES (?)')
      assert.throws(() => insert.run(1), { code: /^SQLITE_CONSTRAINT/ })
      assert.equal(insert.run(4).changes, 1)
      assert.deepEqual(texts(db, 'DELETE FROM t WHERE n > 2 RETURNING n'), ['3', '4'])
    })

    fact('rows of one statement are read while another one is in the middle of its own', db => {
      db.exec('CREATE TABLE t(n); INSERT INTO t VALUES (1), (2)')
      const pairs: string[] = []
      using outer = db.prepare('SELECT n FROM t ORDER BY n')
      outer.each([], row => {
        const n = row.number(0)
        eachRow(db, 'SELECT n FROM t ORDER BY n', [], inner => {
          pairs.push(`${n} ${inner.number(0)}`)
        })
      })
      assert.deepEqual(pairs, ['1 1', '1 2', '2 1', '2 2'])
    })

    fact('run() tells the rows that changed, and the last rowid', db => {
      db.exec('CREATE TABLE t(n INTEGER PRIMARY KEY)')
      assert.deepEqual(run(db, 'INSERT INTO t VALUES (7), (8)'), { changes: 2, lastInsertRowid: 8 })
      const { lastInsertRowid } = run(db, 'INSERT INTO t VALUES (?)', 2n ** 60n + 1n)
      assert.equal(lastInsertRowid, 2n ** 60n + 1n)
    })

    fact('a transaction is undone as a whole, a nested one as a part', db => {
      db.exec('CREATE TABLE t(n)')
      const add = (n: number): unknown => run(db, 'INSERT INTO t VALUES (?)', n)
      transaction(db, () => {
        add(1)
        assert.equal(db.inTransaction, true)
        const inner = transaction(db, () => {
          add(2)
          throw new Error('inner')
        })
        assert.throws(inner, /inner/)
      }).immediate()
      const outer = transaction(db, () => {
        add(3)
        throw new Error('outer')
      })
      assert.throws(outer, /outer/)
      assert.equal(db.inTransaction, false)
      assert.deepEqual(texts(db, 'SELECT n FROM t'), ['1'])
    })

    fact('an open transaction that has written is known as one', db => {
      db.exec('CREATE TABLE t(n)')
      const state = (): string => transactionStateOf(db, 'main')
      assert.equal(state(), 'none')
      db.exec('BEGIN')
      assert.equal(isInTransaction(db), true)
      numberOf(db, 'SELECT count(*) FROM t')
      assert.equal(state(), 'read')
      db.exec('SAVEPOINT s; INSERT INTO t VALUES (1)')
      assert.equal(state(), 'write')
      db.exec('ROLLBACK TO s')
      assert.equal(state(), 'write')
      db.exec('ROLLBACK')
      assert.equal(state(), 'none')
      db.exec('BEGIN IMMEDIATE; INSERT INTO t VALUES (1); COMMIT')
      // Nobody asked between these two: what is not known is taken for the worse.
      db.exec('BEGIN; SELECT * FROM t')
      assert.notEqual(state(), 'none')
      db.exec('COMMIT')
    })

    fact('a schema that can be rolled back is never taken for a committed one', db => {
      assert.equal(isSchemaCommitted(db, 'main'), true)
      db.exec('BEGIN; CREATE TABLE t(n)')
      assert.equal(isSchemaCommitted(db, 'main'), false)
      db.exec('ROLLBACK')
      assert.equal(isSchemaCommitted(db, 'main'), true)
    })

    fact('a read that is refused throws, whichever way it is made', (db, path) => {
      db.exec('CREATE TABLE t(n); INSERT INTO t VALUES (1)')
      const other = driver.connect(path)
      try {
        other.exec('BEGIN EXCLUSIVE')
        const statement = db.prepare('SELECT n FROM t')
        assert.throws(() => statement.first([], row => row.value(0)), refused)
        assert.throws(() => statement.each([], () => true), refused)
        assert.throws(() => statement.cursor([]).step(), refused)
        statement.finalize()
      } finally {
        other.close()
      }
    })

    for (const mode of ['DELETE', 'WAL']) {
      fact(`several statements see one snapshot, in journal mode ${mode}`, (db, path) => {
        db.exec(`PRAGMA journal_mode = ${mode}; CREATE TABLE t(n); INSERT INTO t VALUES (1)`)
        const other = driver.connect(path)
        const snapshots = new Snapshots(db, 'main.sqlite_schema')
        const rows = (): number => numberOf(db, 'SELECT count(*) FROM t')
        try {
          const seen = snapshots.run(() => {
            const before = rows()
            try {
              other.exec('INSERT INTO t VALUES (2)')
            } catch (error) {
              assert.match(String((error as { code?: unknown }).code), /^SQLITE_BUSY/)
            }
            assert.equal(snapshots.run(rows), before)
            assert.equal(isInTransaction(db), false)
            return before
          })
          assert.equal(seen, 1)
          assert.equal(db.inTransaction, false)
          other.exec('INSERT INTO t VALUES (3)')
          assert.equal(rows() >= 2, true)
          // A write on the way is committed.
          snapshots.run(() => transaction(db, () => run(db, 'INSERT INTO t VALUES (4)'))())
          assert.equal(numberOf(other, 'SELECT count(*) FROM t WHERE n = 4'), 1)
          assert.throws(
            () =>
              snapshots.run(() => {
                throw new Error('read')
              }),
            /read/,
          )
          assert.equal(db.inTransaction, false)
          snapshots.hold()?.[Symbol.dispose]()
          db.exec('DELETE FROM t')
        } finally {
          snapshots.dispose()
          other.close()
        }
      })
    }

    fact('connections of one file have one name for it, others have another', (db, path) => {
      db.exec('CREATE TABLE t(n)')
      const other = driver.connect(path)
      const memory = driver.connect(':memory:')
      const memories = [memory, driver.connect(':memory:')]
      try {
        assert.equal(fileKeyOf(other, 'main'), fileKeyOf(db, 'main'))
        assert.notEqual(fileKeyOf(memory, 'main'), fileKeyOf(db, 'main'))
        assert.notEqual(fileKeyOf(memories[0], 'main'), fileKeyOf(memories[1], 'main'))
        other.exec(`ATTACH '${path}' AS again`)
        assert.equal(fileKeyOf(other, 'again'), fileKeyOf(db, 'main'))
      } finally {
        for (const one of [other, ...memories]) one.close()
      }
    })

    fact('patience is put back', db => {
      db.exec('PRAGMA busy_timeout = 4321')
      const timeout = (): number => numberOf(db, 'PRAGMA busy_timeout')
      assert.equal(waitingAtMost(db, 10, timeout), 10)
      assert.equal(waitingAtMost(db, 10_000, timeout), 4321)
      assert.throws(() => waitingAtMost(db, 0, () => assert.fail('task')), /task/)
      assert.equal(timeout(), 4321)
    })

    fact('tasks for the end run while the connection still works, the last one first', db => {
      const order: number[] = []
      db.onClose?.(() => order.push(numberOf(db, 'SELECT 1')))
      db.onClose?.(() => order.push(numberOf(db, 'SELECT 2')))
      db.close()
      assert.deepEqual(order, db.onClose ? [2, 1] : [])
    })
  })
}
