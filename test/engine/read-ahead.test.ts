import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { open, type Connection } from '../../src/entries/engine.ts'
import { openNative } from './vfs-native.ts'

const ROWS = 20_000

/** Pages are hardly cached, so that every scan reads the file from front to back. */
const SMALL_CACHE = { cacheSize: 16_384, register: false }

describe('a file that is read ahead', () => {
  let folder: string
  let path: string
  let db: Connection

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'read-ahead-'))
    path = join(folder, 'a.sqlite')
    db = await open(path, SMALL_CACHE)
    db.exec(
      `CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER, filler TEXT);
       WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < ${ROWS})
       INSERT INTO t SELECT x, 1, printf('%.300c', 'x') FROM i`,
    )
  })

  after(() => {
    db.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const total = (of: Connection = db): unknown =>
    of.prepare('SELECT sum(n) + sum(length(filler)) - 300 * count(*) FROM t').pluck().get()

  test('a scan sees what another program wrote since the last one', () => {
    assert.equal(total(), ROWS)
    const other = openNative(path)
    for (let n = 2; n < 5; n++) {
      other.exec(`UPDATE t SET n = ${n}`)
      assert.equal(total(), n * ROWS)
    }
    other.close()
  })

  test('a scan sees what another connection of this process wrote', async () => {
    const other = await open(path, SMALL_CACHE)
    for (let n = 5; n < 8; n++) {
      other.prepare('UPDATE t SET n = ?').run(n)
      assert.equal(total(), n * ROWS)
      assert.equal(total(other), n * ROWS)
    }
    other.close()
  })

  test('a scan sees what its own transaction spilled to the file, and what a rollback took back', () => {
    db.exec('UPDATE t SET n = 10; BEGIN')
    for (let n = 11; n < 14; n++) {
      db.prepare('UPDATE t SET n = ? WHERE id % 3 = 0').run(n)
      db.prepare('UPDATE t SET n = ? WHERE id % 3 > 0').run(n + 1)
      assert.equal(total(), ROWS * n + ROWS - Math.floor(ROWS / 3))
    }
    db.exec('ROLLBACK')
    assert.equal(total(), 10 * ROWS)
  })

  test('rows that are deleted and a file that shrinks are gone from the next scan', () => {
    db.exec('DELETE FROM t WHERE id > 10000; VACUUM')
    assert.equal(total(), 10 * 10_000)
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok')
  })

  describe('and fits into what is read at once', () => {
    let small: Connection
    let name: string

    before(async () => {
      name = join(folder, 'small.sqlite')
      small = await open(name, SMALL_CACHE)
      small.exec(
        `CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER, filler TEXT);
         WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < 500)
         INSERT INTO t SELECT x, 1, printf('%.300c', 'x') FROM i`,
      )
    })

    after(() => {
      small.close()
    })

    test('nothing of it outlives the lock under which it was read', () => {
      assert.equal(total(small), 500)
      const other = openNative(name)
      for (let n = 2; n < 6; n++) {
        other.exec(`UPDATE t SET n = ${n}`)
        assert.equal(total(small), n * 500)
      }
      other.close()
    })

    test('nothing of it outlives a write of its own', () => {
      small.exec('UPDATE t SET n = 10; BEGIN IMMEDIATE')
      for (let n = 11; n < 16; n++) {
        assert.equal(total(small), (n - 1) * 500)
        small.exec(`UPDATE t SET n = ${n}`)
      }
      small.exec('ROLLBACK')
      assert.equal(total(small), 10 * 500)
    })
  })

  test('two files read by turns give each its own pages', async () => {
    const second = await open(join(folder, 'b.sqlite'), SMALL_CACHE)
    second.exec(
      `CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER, filler TEXT);
       WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < 10000)
       INSERT INTO t SELECT x, x, printf('%.300c', 'y') FROM i`,
    )
    const rows = db.prepare('SELECT id, substr(filler, 1, 1) AS c FROM t').iterate()
    const others = second.prepare('SELECT n, substr(filler, 1, 1) AS c FROM t').iterate()
    for (let n = 1; n <= 10_000; n++) {
      assert.deepEqual(rows.next().value, { id: n, c: 'x' })
      assert.deepEqual(others.next().value, { n, c: 'y' })
    }
    assert.equal(rows.next().done, true)
    assert.equal(others.next().done, true)
    second.close()
  })
})
