import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { lockSupport } from '../../src/sqlite/platform/node/node-vfs.ts'
import { SQLITE_BUSY } from '../../src/sqlite/result-codes.ts'
import { openNative } from './vfs-native.ts'
import { Child, noShell, shell } from './vfs-process.ts'
import {
  OPEN_READONLY,
  RawConnection,
  type RawError,
  sqliteWithFiles,
  temporaryFolder,
} from './vfs-raw.ts'

const support = lockSupport()
const skip = support.kind === 'ofd' ? noShell() : support.reason
const sqlite = await sqliteWithFiles()
const folder = temporaryFolder()
let files = 0

/** Two connections of ours on one new file. */
function pair(): { path: string; one: RawConnection; two: RawConnection } {
  const path = join(folder, `${++files}.sqlite`)
  const one = RawConnection.open(sqlite, path)
  one.all('CREATE TABLE t(a); INSERT INTO t VALUES(1)')
  return { path, one, two: RawConnection.open(sqlite, path) }
}

const busy = (error: RawError): boolean => error.code === SQLITE_BUSY
const locked = /database is locked/

describe('two connections of one process', () => {
  test('only one of them writes at a time, and both lose nothing', () => {
    const { one, two } = pair()
    one.all('BEGIN IMMEDIATE; INSERT INTO t VALUES(2)')
    assert.throws(() => two.all('BEGIN IMMEDIATE'), busy)
    assert.deepEqual(two.all('SELECT a FROM t'), ['1'])
    one.all('COMMIT')
    two.all('BEGIN IMMEDIATE; INSERT INTO t VALUES(3); COMMIT')
    assert.deepEqual(one.all('SELECT a FROM t'), ['1', '2', '3'])
    one.close()
    two.close()
  })

  test('a writer that waits for readers lets no new one in', () => {
    const { path, one, two } = pair()
    const three = RawConnection.open(sqlite, path)
    two.all('BEGIN; SELECT a FROM t')
    one.all('BEGIN; INSERT INTO t VALUES(2)')
    assert.throws(() => one.all('COMMIT'), busy)
    assert.throws(() => three.all('SELECT a FROM t'), busy)
    two.all('COMMIT')
    one.all('COMMIT')
    assert.deepEqual(three.all('SELECT a FROM t'), ['1', '2'])
    for (const db of [one, two, three]) db.close()
  })

  test('an exclusive one keeps everybody out, also between transactions in exclusive mode', () => {
    const { one, two } = pair()
    one.all('BEGIN EXCLUSIVE')
    assert.throws(() => two.all('SELECT a FROM t'), busy)
    one.all('ROLLBACK')
    assert.deepEqual(two.all('SELECT a FROM t'), ['1'])
    one.all('PRAGMA locking_mode = EXCLUSIVE; INSERT INTO t VALUES(2)')
    assert.throws(() => two.all('SELECT a FROM t'), busy)
    one.close()
    assert.deepEqual(two.all('SELECT a FROM t'), ['1', '2'])
    two.close()
  })

  test('a busy one waits as long as it was told to', () => {
    const { one, two } = pair()
    one.all('BEGIN EXCLUSIVE')
    two.busyTimeout(250)
    const start = performance.now()
    assert.throws(() => two.all('SELECT a FROM t'), busy)
    const waited = performance.now() - start
    assert.ok(waited >= 240 && waited < 2000, `waited ${waited} ms`)
    one.close()
    two.close()
  })

  test('closing one leaves the locks of the other', { skip }, () => {
    const { path, one, two } = pair()
    one.all('BEGIN IMMEDIATE')
    two.close()
    assert.throws(() => shell(path, 'INSERT INTO t VALUES(9)'), locked)
    one.close()
  })

  test('a readonly one reads beside a writer', () => {
    const { path, one, two } = pair()
    const reader = RawConnection.open(sqlite, path, OPEN_READONLY)
    one.all('BEGIN IMMEDIATE; INSERT INTO t VALUES(2)')
    assert.deepEqual(reader.all('SELECT a FROM t'), ['1'])
    one.all('COMMIT')
    assert.deepEqual(reader.all('SELECT a FROM t'), ['1', '2'])
    for (const db of [one, two, reader]) db.close()
  })
})

/** What the kernel says is locked of a file: kind, first and last byte. */
function lockedBytes(path: string): string[] {
  const inode = String(statSync(path).ino)
  const ranges = readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .map(line => line.split(/\s+/))
    .filter(fields => fields[1] === 'OFDLCK' && fields[5]?.endsWith(`:${inode}`))
    .map(([, , , kind, , , first, last]) => `${kind?.toLowerCase()} ${first} ${last}`)
  // The kernel gives the text in pieces, which may repeat a line while other processes lock.
  return [...new Set(ranges)]
}

describe('each level', { skip }, () => {
  const text = readFileSync(new URL('../../../docs/files-and-locks.md', import.meta.url), 'utf8')
  const rows = [...text.matchAll(/^\| ([A-Z]+) \| (\d+)\.\.(\d+) \| (read|write)/gm)]
  const documented = Object.fromEntries(
    rows.map(([, level = '', first, last, kind]) => [
      level,
      { kind, first: Number(first), last: Number(last) },
    ]),
  )

  test('locks the bytes that docs/files-and-locks.md says', () => {
    const { SHARED, RESERVED, PENDING, EXCLUSIVE } = documented
    assert.ok(SHARED && RESERVED && PENDING && EXCLUSIVE)
    const { path, one, two } = pair()
    const shared = `read ${SHARED.first} ${SHARED.last}`
    assert.deepEqual(lockedBytes(path), [])
    one.all('BEGIN; SELECT a FROM t')
    assert.deepEqual(lockedBytes(path), [shared])
    one.all('COMMIT; BEGIN IMMEDIATE')
    assert.deepEqual(
      new Set(lockedBytes(path)),
      new Set([shared, `write ${RESERVED.first} ${RESERVED.last}`]),
    )
    one.all('COMMIT; BEGIN EXCLUSIVE')
    // The kernel joins neighbouring locks of one kind: PENDING, RESERVED and EXCLUSIVE are one range.
    assert.deepEqual([PENDING.last + 1, RESERVED.last + 1], [RESERVED.first, EXCLUSIVE.first])
    assert.deepEqual(lockedBytes(path), [`write ${PENDING.first} ${EXCLUSIVE.last}`])
    one.all('COMMIT')
    assert.deepEqual(lockedBytes(path), [])
    one.close()
    two.close()
  })
})

describe('native programs see our locks', { skip }, () => {
  const steps: [ours: string, reads: boolean, writes: boolean][] = [
    ['BEGIN; SELECT a FROM t', true, false],
    ['BEGIN IMMEDIATE', true, false],
    ['BEGIN EXCLUSIVE', false, false],
    ['SELECT 1', true, true],
  ]
  for (const [ours, reads, writes] of steps)
    test(`during ${ours} the shell ${reads ? 'reads' : 'waits'} and ${writes ? 'writes' : 'does not write'}`, () => {
      const { path, one, two } = pair()
      one.all(ours)
      if (reads) assert.deepEqual(shell(path, 'SELECT a FROM t'), ['1'])
      else assert.throws(() => shell(path, 'SELECT a FROM t'), locked)
      if (writes) shell(path, 'INSERT INTO t VALUES(2)')
      else assert.throws(() => shell(path, 'INSERT INTO t VALUES(2)'), locked)
      one.close()
      assert.deepEqual(two.all('SELECT count(*) FROM t'), [writes ? '2' : '1'])
      two.close()
    })
})

describe('we see the locks of a native process', { skip }, () => {
  const steps: [theirs: string, reads: boolean, writes: boolean][] = [
    ['BEGIN; SELECT a FROM t', true, false],
    ['BEGIN IMMEDIATE', true, false],
    ['BEGIN EXCLUSIVE', false, false],
    ['SELECT 1', true, true],
  ]
  for (const [theirs, reads, writes] of steps)
    test(`during its ${theirs} we ${reads ? 'read' : 'wait'} and ${writes ? 'write' : 'do not write'}`, async () => {
      const { path, one, two } = pair()
      const child = new Child('native', path, 'hold', theirs)
      await child.line('held')
      if (reads) assert.deepEqual(one.all('SELECT a FROM t'), ['1'])
      else assert.throws(() => one.all('SELECT a FROM t'), busy)
      if (writes) one.all('INSERT INTO t VALUES(2)')
      else assert.throws(() => one.all('INSERT INTO t VALUES(2)'), busy)
      await child.finish()
      one.all('INSERT INTO t VALUES(3)')
      assert.deepEqual(two.all('SELECT count(*) FROM t'), [writes ? '3' : '2'])
      one.close()
      two.close()
    })
})

describe('native code in this very process', { skip }, () => {
  test('keeps its locks when we close the file', () => {
    const { path, one, two } = pair()
    const native = openNative(path, { timeout: 0 })
    native.exec('BEGIN IMMEDIATE; INSERT INTO t VALUES(2)')
    assert.throws(() => one.all('BEGIN IMMEDIATE'), busy)
    one.close()
    two.close()
    assert.throws(() => shell(path, 'INSERT INTO t VALUES(9)'), locked)
    native.exec('COMMIT')
    native.close()
    assert.deepEqual(shell(path, 'SELECT a FROM t'), ['1', '2'])
  })
})

describe('threads of one process', { skip }, () => {
  for (const engine of ['ofd', 'directory'])
    test(`that write one file at once with ${engine} locks lose nothing`, async () => {
      const { path, one, two } = pair()
      one.all('CREATE TABLE log(who, n); CREATE TABLE total(n); INSERT INTO total VALUES(0)')
      const program = new URL('./vfs-child.js', import.meta.url)
      const workers = ['a', 'b'].map(
        who => new Worker(program, { argv: [engine, path, 'write', who, '60'], stdout: true }),
      )
      const codes = await Promise.all(workers.map(worker => once(worker, 'exit')))
      assert.deepEqual(codes, [[0], [0]])
      assert.deepEqual(two.all('PRAGMA integrity_check; SELECT n FROM total'), ['ok', '120'])
      one.close()
      two.close()
    })
})

describe('threads of one process, ours and native ones', { skip }, () => {
  for (const mode of ['DELETE', 'WAL'])
    test(`that open, write and close all the time lose nothing in journal mode ${mode}`, async () => {
      const { path, one, two } = pair()
      one.all(
        `PRAGMA journal_mode = ${mode}; CREATE TABLE log(who, n); CREATE TABLE total(n); INSERT INTO total VALUES(0)`,
      )
      one.close()
      two.close()
      const program = new URL('./vfs-child.js', import.meta.url)
      const start = (engine: string, command: string, who: string, n: string) =>
        new Worker(program, { argv: [engine, path, command, who, n], stdout: true })
      const workers = [
        start('ofd', 'reopen', 'a', '40'),
        start('ofd', 'reopen', 'b', '40'),
        start('native', 'write', 'c', '120'),
        start('native', 'reopen', 'd', '40'),
      ]
      const codes = await Promise.all(workers.map(worker => once(worker, 'exit')))
      assert.deepEqual(codes.flat(), [0, 0, 0, 0])
      assert.deepEqual(shell(path, 'PRAGMA integrity_check; SELECT n FROM total'), ['ok', '240'])
    })
})

describe('a process without koffi', { skip }, () => {
  test('keeps us out by its directory, and says who it is', async () => {
    const { path, one, two } = pair()
    const child = new Child('directory', path, 'hold', 'BEGIN; SELECT a FROM t')
    await child.line('held')
    const text = `held by process ${child.process.pid}`
    assert.throws(
      () => one.all('SELECT a FROM t'),
      (error: RawError) => busy(error) && error.below?.message.includes(text) === true,
    )
    await child.finish()
    assert.deepEqual(one.all('SELECT a FROM t'), ['1'])
    one.close()
    two.close()
  })

  const onNode = !('bun' in process.versions) && !('deno' in process.versions)
  const noHooks = !onNode && 'only Node runs what --import names before a program'

  test('falls back to directories, and refuses to be asked for more', { skip: noHooks }, () => {
    const hideKoffi =
      'import m from "node:module"; const real = m._resolveFilename;' +
      'm._resolveFilename = function (name, ...rest) {' +
      'if (name === "koffi") throw new Error("Cannot find module koffi"); return real.call(this, name, ...rest) }'
    const hook = `data:text/javascript,${encodeURIComponent(hideKoffi)}`
    const program = fileURLToPath(new URL('./vfs-child.js', import.meta.url))
    const run = (engine: string): string =>
      spawnSync(process.execPath, ['--import', hook, program, engine, '', 'support'], {
        encoding: 'utf8',
      }).stdout
    assert.deepEqual(JSON.parse(run('auto')), {
      locks: 'directory',
      kind: 'directory',
      reason: 'koffi cannot be loaded: Cannot find module koffi',
    })
    assert.match(
      run('ofd'),
      /error VEC_ENGINE no byte-range locks in this process.*npm install koffi/,
    )
  })
})

describe('processes that write one file at once', { skip }, () => {
  for (const mode of ['DELETE', 'TRUNCATE', 'PERSIST'])
    test(`two of ours and a native one lose nothing in journal mode ${mode}`, async () => {
      const path = join(folder, `writers-${mode}.sqlite`)
      const db = RawConnection.open(sqlite, path)
      db.all(
        `PRAGMA journal_mode = ${mode}; CREATE TABLE log(who, n); CREATE TABLE total(n); INSERT INTO total VALUES(0)`,
      )
      const children = ['ofd', 'ofd', 'native'].map(
        (engine, i) => new Child(engine, path, 'write', `w${i}`, '100'),
      )
      for (const child of children) assert.deepEqual(await child.finish(), ['done'])
      assert.deepEqual(
        db.all(
          'PRAGMA integrity_check; SELECT n FROM total; SELECT who, count(DISTINCT n) FROM log GROUP BY who',
        ),
        ['ok', '300', 'w0|100', 'w1|100', 'w2|100'],
      )
      db.close()
    })
})
