import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import BetterSqlite3 from '../../src/entries/better-sqlite3.ts'
import { backup } from '../../src/entries/engine.ts'
import { open } from '../../src/entries/main.ts'
import { refusedLater } from '../refusal.ts'

const folder = mkdtempSync(join(tmpdir(), 'backup-locks-'))
after(() => rmSync(folder, { recursive: true }))

const ROWS = `PRAGMA page_size = 4096; CREATE TABLE t(x);
  WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
  INSERT INTO t SELECT randomblob(500) FROM n`

for (const [which, locked] of [
  ['source', 'BEGIN EXCLUSIVE'],
  ['target', 'BEGIN IMMEDIATE'],
] as const) {
  test(`a backup waits for a lock of its ${which}, and fails when it stays`, async () => {
    const from = join(folder, `${which}-from.sqlite`)
    const to = join(folder, `${which}-to.sqlite`)
    using source = await open(from)
    source.exec(ROWS)
    using target = await open(to)
    target.exec('CREATE TABLE kept(x)')
    using db = await open(from, { busyTimeout: 50 })
    const native = new BetterSqlite3(from, { timeout: 50 })
    const holder = which === 'source' ? source : target
    holder.exec(locked)
    await refusedLater(backup(db, to), 'SQLITE_BUSY')
    await assert.rejects(native.backup(to), { code: 'SQLITE_BUSY' })
    holder.exec('COMMIT')
    native.close()
    assert.equal(target.prepare('SELECT count(*) FROM kept').pluck().get(), 0)

    holder.exec(locked)
    db.busyTimeout = 0
    await refusedLater(backup(db, to), 'SQLITE_BUSY')
    holder.exec('COMMIT')
    target.exec('BEGIN IMMEDIATE')
    db.busyTimeout = 60_000
    const waiting = backup(db, to)
    await sleep(50)
    target.exec('COMMIT')
    const { totalPages, remainingPages } = await waiting
    assert.ok(totalPages > 100)
    assert.equal(remainingPages, 0)
    assert.equal(target.prepare('SELECT count(*) FROM t').pluck().get(), 3000)
  })
}

test('a backup whose source becomes shorter than what is copied of it comes to its end', async () => {
  using db = await open(join(folder, 'long.sqlite'))
  db.exec(ROWS)
  const path = join(folder, 'short.sqlite')
  let steps = 0
  const done = await backup(db, path, {
    pages: 20,
    progress: () => {
      if (++steps === 5) db.exec('DELETE FROM t WHERE rowid > 10; VACUUM')
      assert.ok(steps < 1000, 'it does not end')
    },
  })
  assert.equal(done.remainingPages, 0)
  using copy = await open(path)
  assert.equal(copy.prepare('SELECT count(*) FROM t').pluck().get(), 10)
  assert.equal(copy.pragma('integrity_check', { simple: true }), 'ok')
})

test('a source that is closed in the middle of a backup lets go of its file', async () => {
  const path = join(folder, 'closed.sqlite')
  const db = await open(path)
  db.exec(`PRAGMA journal_mode = WAL; ${ROWS}`)
  const running = backup(db, join(folder, 'never.sqlite'), {
    pages: 1,
    progress: () => void db.close(),
  })
  await refusedLater(running, 'VEC_CLOSED')
  assert.equal(existsSync(`${path}-wal`), false)
  assert.equal(existsSync(join(folder, 'never.sqlite')), false)
})

test('a target that cannot take the pages says why', async () => {
  using db = await open(join(folder, 'pages.sqlite'))
  db.exec(ROWS)
  const path = join(folder, 'other-pages.sqlite')
  using other = await open(path)
  other.exec('PRAGMA page_size = 1024; PRAGMA journal_mode = WAL; CREATE TABLE t(x)')
  await assert.rejects(backup(db, path), { code: 'SQLITE_READONLY', message: /readonly/ })
})

test('a backup onto the file that it copies is refused, by whatever path', async () => {
  const file = join(folder, 'same.sqlite')
  using source = await open(file)
  source.exec('CREATE TABLE t(x); INSERT INTO t VALUES (1)')
  for (const path of [file, join(folder, '..', folder.split('/').at(-1)!, 'same.sqlite')])
    await refusedLater(backup(source, path), 'SQLITE_ERROR', path, 'another file')
  assert.equal(source.prepare('SELECT x FROM t').pluck().get(), 1)
})
