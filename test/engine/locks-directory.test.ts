import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { VecError } from '../../src/entries/main.ts'
import { lockDirectoryOf } from '../../src/sqlite/platform/node/lock-directory.ts'
import { installNodeVfs, lockSupport } from '../../src/sqlite/platform/node/node-vfs.ts'
import { SQLITE_BUSY } from '../../src/sqlite/result-codes.ts'
import { ChildThread } from './child-thread.ts'
import { openNative } from './vfs-native.ts'
import { Child, noShell, shell } from './vfs-process.ts'
import { RawConnection, type RawError, sqliteWithFiles, temporaryFolder } from './vfs-raw.ts'

// This process locks by directories, as one without koffi does.
const sqlite = await sqliteWithFiles('directory')
const folder = temporaryFolder()
const noLinux = process.platform === 'linux' ? false : 'only Linux shows who holds locks'
const noOfd = lockSupport().kind === 'ofd' ? false : lockSupport().reason
let files = 0

function create(): { path: string; db: RawConnection } {
  const path = join(folder, `${++files}.sqlite`)
  const db = RawConnection.open(sqlite, path)
  db.all('CREATE TABLE t(a); INSERT INTO t VALUES(1)')
  return { path, db }
}

const busy = (error: RawError): boolean => error.code === SQLITE_BUSY
const refused = (error: RawError): boolean =>
  error.below?.hint?.includes('npm install koffi') === true

/** Files beside the database that locking left. */
function leftOf(path: string): string[] {
  const name = path.slice(folder.length + 1)
  return readdirSync(folder).filter(each => each.startsWith(`${name}-lock`))
}

test('a process locks in one way only', () => {
  assert.equal(installNodeVfs(sqlite).locks, 'directory')
  assert.equal(installNodeVfs(sqlite, { locks: 'directory' }).locks, 'directory')
  assert.throws(() => installNodeVfs(sqlite, { locks: 'ofd' }), VecError)
})

describe('two connections of one process', () => {
  test('write in turns', () => {
    const { path, db } = create()
    const two = RawConnection.open(sqlite, path)
    db.all('BEGIN IMMEDIATE; INSERT INTO t VALUES(2)')
    assert.throws(() => two.all('BEGIN IMMEDIATE'), busy)
    assert.deepEqual(two.all('SELECT a FROM t'), ['1'])
    db.all('COMMIT')
    two.all('INSERT INTO t VALUES(3)')
    assert.deepEqual(db.all('SELECT a FROM t'), ['1', '2', '3'])
    two.all('BEGIN EXCLUSIVE')
    assert.throws(() => db.all('SELECT a FROM t'), busy)
    two.close()
    db.close()
    assert.deepEqual(leftOf(path), [])
  })

  test('a writer that waits for readers lets no new one in', () => {
    const { path, db } = create()
    const [two, three] = [RawConnection.open(sqlite, path), RawConnection.open(sqlite, path)]
    two.all('BEGIN; SELECT a FROM t')
    db.all('BEGIN; INSERT INTO t VALUES(2)')
    assert.throws(() => db.all('COMMIT'), busy)
    assert.throws(() => three.all('SELECT a FROM t'), busy)
    two.all('COMMIT')
    db.all('COMMIT')
    assert.deepEqual(three.all('SELECT a FROM t'), ['1', '2'])
    for (const each of [db, two, three]) each.close()
  })
})

/** A transaction whose first pages are in the file, with a journal that undoes them. */
const HALF =
  'PRAGMA cache_size = 2; BEGIN IMMEDIATE; UPDATE t SET a = 2; CREATE TABLE big AS SELECT randomblob(300000)'

/** Under Deno, the thread of a terminated worker ends a moment later. In milliseconds. */
const ENDS = 10_000

describe('worker threads', { skip: noLinux }, () => {
  for (const [how, end] of [
    ['is terminated', async (thread: ChildThread) => thread.terminate()],
    ['ends with an error', async (thread: ChildThread) => thread.finish('throw')],
    ['calls process.exit()', async (thread: ChildThread) => thread.finish('exit')],
  ] as const)
    test(`the lock of one that ${how} is taken over, and its journal rolled back`, async () => {
      const { path, db } = create()
      const thread = new ChildThread(path, HALF)
      await thread.held()
      assert.ok(existsSync(`${path}-journal`))
      // It lives, so its lock holds.
      assert.throws(() => db.all('SELECT a FROM t'), busy)
      await end(thread)
      assert.ok(existsSync(lockDirectoryOf(path)))
      db.busyTimeout(ENDS)
      assert.deepEqual(
        db.all('SELECT a FROM t; SELECT count(*) FROM sqlite_schema; PRAGMA integrity_check'),
        ['1', '1', 'ok'],
      )
      db.close()
      assert.deepEqual(leftOf(path), [])
    })

  test('the lock of one that is gone keeps no other process out', async () => {
    const { path, db } = create()
    db.close()
    const thread = new ChildThread(path, 'BEGIN IMMEDIATE; UPDATE t SET a = 2')
    await thread.held()
    await thread.terminate()
    assert.ok(existsSync(lockDirectoryOf(path)))
    const child = new Child('directory', path, 'fill', '1')
    const [rows] = await child.end()
    assert.ok(Number(rows) > 0, rows)
    const after = RawConnection.open(sqlite, path)
    assert.deepEqual(after.all('SELECT a FROM t LIMIT 1'), ['1'])
    after.close()
  })

  test('of one process, one that is gone does not end the lock of another', async () => {
    const { path, db } = create()
    const [reader, gone] = [
      new ChildThread(path, 'BEGIN; SELECT a FROM t'),
      new ChildThread(path, ''),
    ]
    await reader.held()
    await gone.held()
    await gone.terminate()
    assert.throws(() => db.all('SELECT a FROM t'), busy)
    await reader.terminate()
    db.busyTimeout(ENDS)
    assert.deepEqual(db.all('SELECT a FROM t'), ['1'])
    db.close()
  })
})

describe('our processes', () => {
  test('two that write at once lose nothing', async () => {
    const { path, db } = create()
    db.all('CREATE TABLE log(who, n); CREATE TABLE total(n); INSERT INTO total VALUES(0)')
    const children = ['a', 'b'].map(who => new Child('directory', path, 'write', who, '150'))
    for (const child of children) assert.deepEqual(await child.finish(), ['done'])
    assert.deepEqual(
      db.all(
        'PRAGMA integrity_check; SELECT n FROM total; SELECT who, count(DISTINCT n) FROM log GROUP BY who',
      ),
      ['ok', '300', 'a|150', 'b|150'],
    )
    db.close()
    assert.deepEqual(leftOf(path), [])
  })

  test('one that reads keeps the other out until it is done', async () => {
    const { path, db } = create()
    const child = new Child('directory', path, 'hold', 'BEGIN; SELECT a FROM t')
    await child.line('held')
    assert.throws(
      () => db.all('SELECT a FROM t'),
      (error: RawError) => {
        const pid = child.process.pid
        return busy(error) && error.below?.message.includes(`held by process ${pid}`) === true
      },
    )
    await child.finish()
    assert.deepEqual(db.all('SELECT a FROM t'), ['1'])
    db.close()
  })

  test('four that write all the time get about as many turns', async () => {
    const { path, db } = create()
    db.close()
    const children = Array.from({ length: 4 }, () => new Child('directory', path, 'fill', '4000'))
    const rows = (await Promise.all(children.map(each => each.end()))).map(Number)
    const mean = rows.reduce((sum, each) => sum + each) / rows.length
    assert.ok(Math.min(...rows) >= mean / 3, `rows written: ${rows.join(', ')}`)
    assert.deepEqual(leftOf(path), [])
    const after = RawConnection.open(sqlite, path)
    assert.deepEqual(after.all('SELECT count(*) FROM t'), [String(4 * mean + 1)])
    after.close()
  })

  test('one that is killed while it waits keeps nobody out', async t => {
    const { path, db } = create()
    db.all('BEGIN IMMEDIATE')
    const waiting = new Child('directory', path, 'fill', '60000')
    t.after(() => waiting.process.kill('SIGKILL'))
    const queue = `${lockDirectoryOf(path)}-queue`
    const end = Date.now() + 20_000
    while (!existsSync(queue) && Date.now() < end) await sleep(20)
    assert.equal(readdirSync(queue).length, 1)
    await waiting.kill()
    db.all('COMMIT')
    db.busyTimeout(5000)
    const start = Date.now()
    db.all('INSERT INTO t VALUES(2)')
    assert.ok(Date.now() - start < 3000, `waited ${Date.now() - start} ms`)
    assert.ok(!existsSync(queue))
    db.close()
  })

  test('the lock of a killed one is taken over, and its journal rolled back', async () => {
    const { path, db } = create()
    const child = new Child('directory', path, 'hold', HALF)
    await child.line('held')
    assert.ok(existsSync(`${path}-journal`) && existsSync(lockDirectoryOf(path)))
    await child.kill()
    assert.deepEqual(
      db.all('SELECT a FROM t; SELECT count(*) FROM sqlite_schema; PRAGMA integrity_check'),
      ['1', '1', 'ok'],
    )
    db.close()
    assert.deepEqual(leftOf(path), [])
  })

  test('what one killed between transactions prepared is cleared away', async () => {
    const { path, db } = create()
    const child = new Child('directory', path, 'hold', 'SELECT a FROM t')
    await child.line('held')
    assert.equal(leftOf(path).length, 2)
    await child.kill()
    db.close()
    assert.equal(leftOf(path).length, 1)
    const next = RawConnection.open(sqlite, path)
    assert.deepEqual(next.all('SELECT a FROM t'), ['1'])
    next.close()
    assert.deepEqual(leftOf(path), [])
  })

  test('with and without koffi keep each other out', { skip: noOfd }, async () => {
    const { path, db } = create()
    const child = new Child('ofd', path, 'hold', 'BEGIN IMMEDIATE; INSERT INTO t VALUES(2)')
    await child.line('held')
    assert.throws(() => db.all('SELECT a FROM t'), busy)
    await child.finish()
    db.all('CREATE TABLE log(who, n); CREATE TABLE total(n); INSERT INTO total VALUES(0)')
    const children = ['directory', 'ofd', 'directory', 'ofd'].map(
      (engine, i) => new Child(engine, path, 'write', `w${i}`, '60'),
    )
    for (const each of children) assert.deepEqual(await each.finish(), ['done'])
    assert.deepEqual(
      db.all('PRAGMA integrity_check; SELECT n, (SELECT count(*) FROM log) FROM total'),
      ['ok', '240|240'],
    )
    db.close()
  })
})

describe(
  'native programs, which do not see lock directories',
  { skip: noLinux || noShell() },
  () => {
    test('make us refuse the file while one has it locked', async () => {
      const { path, db } = create()
      const child = new Child('native', path, 'hold', 'BEGIN; SELECT a FROM t')
      await child.line('held')
      assert.throws(() => db.all('SELECT a FROM t'), refused)
      assert.throws(() => db.all('INSERT INTO t VALUES(2)'), refused)
      assert.throws(() => RawConnection.open(sqlite, path), refused)
      await child.finish()
      db.all('INSERT INTO t VALUES(2)')
      assert.deepEqual(shell(path, 'PRAGMA integrity_check; SELECT a FROM t'), ['ok', '1', '2'])
      db.close()
    })

    test('that write during our transaction make its commit fail, and their rows stay', () => {
      const { path, db } = create()
      db.all('BEGIN IMMEDIATE; UPDATE t SET a = 2')
      shell(path, 'INSERT INTO t VALUES(7)')
      assert.throws(() => db.all('COMMIT'), refused)
      assert.deepEqual(db.all('SELECT a FROM t'), ['1', '7'])
      assert.deepEqual(shell(path, 'PRAGMA integrity_check; SELECT a FROM t'), ['ok', '1', '7'])
      db.close()
    })

    test('that roll our journal back, as they must, make the commit fail', () => {
      const { path, db } = create()
      // Without syncs the journal counts from its first byte on, so whoever comes must take it for a crash.
      db.all('PRAGMA synchronous = OFF; BEGIN IMMEDIATE; UPDATE t SET a = 2')
      assert.deepEqual(shell(path, 'SELECT a FROM t'), ['1'])
      assert.ok(!existsSync(`${path}-journal`))
      assert.throws(() => db.all('COMMIT'), refused)
      assert.deepEqual(db.all('SELECT a FROM t; UPDATE t SET a = 3; SELECT a FROM t'), ['1', '3'])
      assert.deepEqual(shell(path, 'PRAGMA integrity_check; SELECT a FROM t'), ['ok', '3'])
      db.close()
    })

    test('of this very process are refused as well', () => {
      const { path, db } = create()
      const native = openNative(path)
      native.exec('BEGIN IMMEDIATE')
      assert.throws(() => db.all('SELECT a FROM t'), refused)
      native.exec('COMMIT')
      native.close()
      assert.deepEqual(db.all('SELECT a FROM t'), ['1'])
      db.close()
    })
  },
)
