import assert from 'node:assert/strict'
import { chmodSync, existsSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { openNative } from './vfs-native.ts'
import { noShell, shell } from './vfs-process.ts'
import { RawConnection, seeded, sqliteWithFiles, temporaryFolder } from './vfs-raw.ts'
import { auditSql, randomTransaction, schema } from './vfs-transactions.ts'

const sqlite = await sqliteWithFiles()
const folder = temporaryFolder()
const skip = noShell()

const journalModes: Record<string, string> = {
  delete: 'PRAGMA journal_mode = DELETE',
  truncate: 'PRAGMA journal_mode = TRUNCATE',
  persist: 'PRAGMA journal_mode = PERSIST',
  memory: 'PRAGMA journal_mode = MEMORY',
  wal: 'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL',
}

describe('files go both ways between us and native SQLite', () => {
  for (const [mode, pragmas] of Object.entries(journalModes)) {
    test(`random transactions in journal mode ${mode} leave a sound file`, { skip }, () => {
      const path = join(folder, `${mode}.sqlite`)
      const random = seeded(20240 + mode.length)
      const db = RawConnection.open(sqlite, path)
      assert.ok(db.all(pragmas).includes(mode))
      db.all(`PRAGMA cache_size = 20; ${schema}`)
      for (let n = 1; n <= 120; n++) {
        const end = random() < 0.2 ? 'ROLLBACK' : 'COMMIT'
        db.all(`BEGIN; ${randomTransaction(random, n)}; ${end}`)
      }
      assert.deepEqual(db.all(`PRAGMA integrity_check; ${auditSql}`), ['ok', 'ok'])
      const digest = 'SELECT count(*), sum(n), sum(length(body)), hex(max(body)) FROM item'
      const ours = db.all(digest)
      db.close()
      assert.deepEqual(shell(path, `PRAGMA integrity_check; ${auditSql}; ${digest}`), [
        'ok',
        'ok',
        ...ours,
      ])
      const native = openNative(path)
      assert.deepEqual(native.all(digest), ours)
      native.close()
    })
  }

  test(
    'what better-sqlite3 writes under random transactions, we read and go on writing',
    { skip },
    () => {
      const path = join(folder, 'native.sqlite')
      const random = seeded(7)
      const native = openNative(path)
      native.exec(schema)
      for (let n = 1; n <= 60; n++) native.exec(`BEGIN; ${randomTransaction(random, n)}; COMMIT`)
      const db = RawConnection.open(sqlite, path)
      for (let n = 61; n <= 120; n++) {
        const writer = n % 2 ? (sql: string) => db.all(sql) : (sql: string) => native.exec(sql)
        writer(`BEGIN; ${randomTransaction(random, n)}; COMMIT`)
      }
      native.close()
      assert.deepEqual(db.all(`PRAGMA integrity_check; ${auditSql}`), ['ok', 'ok'])
      db.close()
      assert.deepEqual(shell(path, `PRAGMA integrity_check; ${auditSql}`), ['ok', 'ok'])
    },
  )

  test('a vacuumed, auto-vacuumed and truncated file shrinks on disk', { skip }, () => {
    const path = join(folder, 'vacuum.sqlite')
    const db = RawConnection.open(sqlite, path)
    db.all(`PRAGMA auto_vacuum = FULL; ${schema}; INSERT INTO item VALUES(1, 1, zeroblob(3000000))`)
    const full = statSync(path).size
    db.all('DELETE FROM item')
    assert.ok(full > 3000000 && statSync(path).size < 100000)
    db.all(`INSERT INTO item VALUES(1, 1, randomblob(500000)); VACUUM; VACUUM INTO '${path}.copy'`)
    assert.deepEqual(
      shell(`${path}.copy`, 'PRAGMA integrity_check; SELECT length(body) FROM item'),
      ['ok', '500000'],
    )
    db.close()
  })
})

/** Open files of this process that had a name in `parent` and have none any more. */
function openDeleted(parent: string): number {
  const links = readdirSync('/proc/self/fd').map(fd => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  })
  return links.filter(link => link.startsWith(parent) && link.endsWith(' (deleted)')).length
}

describe('files beside the database', () => {
  test('a transaction over two files commits in both, and its super-journal goes', { skip }, () => {
    const [one, two] = [join(folder, 'one.sqlite'), join(folder, 'two.sqlite')]
    const db = RawConnection.open(sqlite, one)
    db.all(`ATTACH '${two}' AS two; CREATE TABLE main.t(a); CREATE TABLE two.t(a)`)
    db.all('BEGIN; INSERT INTO main.t VALUES(1); INSERT INTO two.t VALUES(2); COMMIT')
    db.close()
    assert.deepEqual([shell(one, 'SELECT a FROM t'), shell(two, 'SELECT a FROM t')], [['1'], ['2']])
    const left = readdirSync(folder).filter(name => /^(one|two)\.sqlite./.test(name))
    assert.deepEqual(left, [])
  })

  test('temporary files on disk work and are never seen by name', () => {
    const temporary = temporaryFolder()
    const before = process.env['SQLITE_TMPDIR']
    process.env['SQLITE_TMPDIR'] = temporary
    try {
      const db = RawConnection.open(sqlite, join(folder, 'temporary.sqlite'))
      db.all('PRAGMA temp_store = FILE; PRAGMA temp.cache_size = 5')
      db.all('CREATE TEMP TABLE big(a, b); CREATE INDEX temp.big_b ON big(b)')
      db.all(
        'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 3000) ' +
          'INSERT INTO big SELECT x, randomblob(200) FROM c',
      )
      assert.deepEqual(db.all('SELECT count(*), sum(a) FROM big'), ['3000|4501500'])
      assert.equal(db.all('SELECT b FROM big ORDER BY b').length, 3000)
      if (process.platform === 'linux') assert.ok(openDeleted(temporary) > 0, 'no file was made')
      if (process.platform !== 'win32') assert.deepEqual(readdirSync(temporary), [])
      db.close()
    } finally {
      if (before === undefined) delete process.env['SQLITE_TMPDIR']
      else process.env['SQLITE_TMPDIR'] = before
    }
    assert.deepEqual(readdirSync(temporary), [])
  })

  test(
    'a journal has the mode of its database',
    { skip: process.platform === 'win32' && 'POSIX modes' },
    async () => {
      const path = join(folder, 'mode.sqlite')
      const db = RawConnection.open(sqlite, path)
      db.all('CREATE TABLE t(a)')
      chmodSync(path, 0o600)
      db.all('BEGIN; INSERT INTO t VALUES(1)')
      assert.equal(statSync(`${path}-journal`).mode & 0o777, 0o600)
      db.all('COMMIT')
      assert.ok(!existsSync(`${path}-journal`))
      db.close()
    },
  )

  test('a WAL goes with the last connection, unless it is told to stay', () => {
    const FCNTL_PERSIST_WAL = 10
    for (const stays of [false, true]) {
      const path = join(folder, `persist-wal-${stays}.sqlite`)
      const db = RawConnection.open(sqlite, path)
      db.all('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; CREATE TABLE t(a)')
      assert.ok(statSync(`${path}-wal`).size > 0)
      assert.equal(db.fileControl(FCNTL_PERSIST_WAL), 0)
      if (stays) assert.equal(db.fileControl(FCNTL_PERSIST_WAL, 1), 1)
      db.close()
      assert.equal(existsSync(`${path}-wal`), stays)
    }
  })
})
