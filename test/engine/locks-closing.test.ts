import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import {
  closeLockable,
  idleDescriptors,
  openLockable,
} from '../../src/sqlite/platform/node/lockable-files.ts'
import { lockSupport, readJournalMode } from '../../src/sqlite/platform/node/node-vfs.ts'
import { noPatches, withFs } from './replaced-fs.ts'
import { type NativeDatabase, openNative } from './vfs-native.ts'
import { Child, noShell, shell } from './vfs-process.ts'
import {
  OPEN_READONLY,
  OPEN_READWRITE,
  RawConnection,
  sqliteWithFiles,
  temporaryFolder,
} from './vfs-raw.ts'

const support = lockSupport()
const skip = support.kind === 'ofd' ? noShell() : support.reason
const sqlite = await sqliteWithFiles()
const folder = temporaryFolder()
const locked = /database is locked/
let files = 0

function create(): string {
  const path = join(folder, `${++files}.sqlite`)
  const db = RawConnection.open(sqlite, path)
  db.all('CREATE TABLE t(a); INSERT INTO t VALUES(1)')
  db.close()
  return path
}

/** Descriptors of this process that lead to the file, or to one beside it. */
function descriptorsOf(path: string): number {
  return fs.readdirSync('/proc/self/fd').filter(fd => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(path)
    } catch {
      return false
    }
  }).length
}

/** POSIX locks of this process on a file, as the kernel tells them. */
function posixLocks(path: string): string[] {
  const inode = `:${fs.statSync(path).ino}`
  return fs
    .readFileSync('/proc/locks', 'latin1')
    .split('\n')
    .map(line => line.split(/\s+/))
    .filter(at => at[1] === 'POSIX' && Number(at[4]) === process.pid && at[5]?.endsWith(inode))
    .map(at => `${at[3]} ${at[6]} ${at[7]}`)
}

async function until(what: () => boolean, text: string): Promise<void> {
  const end = Date.now() + 15_000
  while (!what()) {
    assert.ok(Date.now() < end, text)
    await sleep(20)
  }
}

/** Runs `body`; each time a descriptor of `path` is about to be closed, `between` runs first, as another thread might. */
function atEachClose(path: string, between: () => void, body: () => void): void {
  const { closeSync } = fs
  const patched = (fd: number): void => {
    if (fs.readlinkSync(`/proc/self/fd/${fd}`) === path) between()
    closeSync(fd)
  }
  withFs({ closeSync: patched }, body)
}

/** Opens and closes two connections, many times. */
function cycles(path: string, flags: number): void {
  for (let n = 0; n < 50; n++) {
    const [one, two] = [0, 1].map(() => RawConnection.open(sqlite, path, flags))
    assert.deepEqual(one?.all('SELECT a FROM t'), ['1'])
    assert.deepEqual(two?.all('SELECT a FROM t'), ['1'])
    one?.close()
    two?.close()
  }
}

afterEach(() => assert.equal(idleDescriptors(), 0, 'a descriptor still waits to be closed'))

function readOnce(path: string, flags: number): void {
  const db = RawConnection.open(sqlite, path, flags)
  db.all('SELECT a FROM t')
  db.close()
}

describe('native code that begins to lock while we close', { skip: skip || noPatches() }, () => {
  const ways: [name: string, run: (path: string) => void][] = [
    ['a connection', path => readOnce(path, OPEN_READWRITE)],
    ['a connection that only reads', path => readOnce(path, OPEN_READONLY)],
    ['the file after reading its header', path => assert.equal(readJournalMode(path), 'delete')],
    [
      'one of two connections',
      path => {
        const other = RawConnection.open(sqlite, path)
        readOnce(path, OPEN_READWRITE)
        other.close()
      },
    ],
  ]
  for (const [name, run] of ways)
    test(`keeps its lock, or is told to wait, when we close ${name}`, () => {
      const path = create()
      const native = openNative(path, { timeout: 0 })
      let closes = 0
      let holds = false
      const begin = (): void => {
        closes++
        if (holds) return
        try {
          native.exec('BEGIN IMMEDIATE; INSERT INTO t VALUES(2)')
          holds = true
        } catch (error) {
          assert.match(String(error), locked)
        }
      }
      atEachClose(path, begin, () => run(path))
      assert.ok(closes > 0, 'nothing was closed')
      if (holds) {
        assert.throws(() => shell(path, 'INSERT INTO t VALUES(9)'), locked)
        native.exec('COMMIT')
      }
      native.close()
      assert.deepEqual(shell(path, 'PRAGMA integrity_check; SELECT a FROM t'), [
        'ok',
        '1',
        ...(holds ? ['2'] : []),
      ])
    })
})

describe('native code that holds a lock', { skip }, () => {
  for (const [name, flags] of [
    ['write', OPEN_READWRITE],
    ['read', OPEN_READONLY],
  ] as const)
    test(`for long keeps it, while connections that ${name} come and go and leave few descriptors`, async () => {
      const path = create()
      const native = openNative(path, { timeout: 0 })
      native.exec('BEGIN; SELECT a FROM t')
      cycles(path, flags)
      // Native one, ours two, and one that can be locked for writing.
      assert.ok(descriptorsOf(path) <= 4, `${descriptorsOf(path)} descriptors`)
      assert.throws(() => shell(path, 'INSERT INTO t VALUES(9)'), locked)
      native.exec('COMMIT')
      await until(() => idleDescriptors() === 0, 'the descriptors were not closed')
      native.close()
      assert.equal(descriptorsOf(path), 0)
    })

  test('keeps it when another process locked before it', async t => {
    const path = create()
    const child = new Child('native', path, 'hold', 'BEGIN; SELECT a FROM t')
    t.after(() => child.process.kill('SIGKILL'))
    await child.line('held')
    const native = openNative(path, { timeout: 0 })
    native.exec('BEGIN; SELECT a FROM t')
    const held = posixLocks(path)
    assert.equal(held.length, 1)
    cycles(path, OPEN_READWRITE)
    assert.deepEqual(posixLocks(path), held)
    native.exec('COMMIT')
    native.close()
    await child.finish()
    await until(() => idleDescriptors() === 0, 'the descriptors were not closed')
  })

  test('keeps it on a file that this process must not write', { skip: noPatches() }, async t => {
    const path = create()
    fs.chmodSync(path, 0o444)
    fs.chmodSync(folder, 0o755)
    // Root may write everything.
    const root = process.geteuid?.() === 0
    if (root) {
      process.seteuid?.(65534)
      t.after(() => process.seteuid?.(0))
    }
    const native = openNative(path, { timeout: 0 })
    atEachClose(
      path,
      () => assert.fail('closed while native code has the file open'),
      () => cycles(path, OPEN_READWRITE),
    )
    native.exec('BEGIN; SELECT a FROM t')
    cycles(path, OPEN_READWRITE)
    assert.ok(descriptorsOf(path) <= 3, `${descriptorsOf(path)} descriptors`)
    assert.equal(posixLocks(path).length, 1)
    native.exec('COMMIT')
    native.close()
    await until(() => idleDescriptors() === 0, 'the descriptors were not closed')
    assert.equal(descriptorsOf(path), 0)
  })

  test('in WAL mode keeps those on the -shm file', async () => {
    const path = create()
    shell(path, 'PRAGMA journal_mode = WAL')
    const native = openNative(path, { timeout: 0 })
    native.exec('BEGIN; SELECT a FROM t')
    const held = posixLocks(`${path}-shm`)
    assert.ok(held.length > 0)
    const database = openLockable(path, fs.constants.O_RDWR)
    const shared = openLockable(`${path}-shm`, fs.constants.O_RDWR, 0o644, database)
    closeLockable(shared)
    assert.deepEqual(posixLocks(`${path}-shm`), held)
    closeLockable(database)
    assert.deepEqual(posixLocks(`${path}-shm`), held)
    native.exec('COMMIT')
    native.close()
    await until(() => idleDescriptors() === 0, 'the descriptors were not closed')
    assert.equal(descriptorsOf(path), 0)
  })
})

test(
  'another process that holds PENDING for long makes no descriptors pile up',
  { skip },
  async t => {
    const path = create()
    const db = RawConnection.open(sqlite, path)
    const child = new Child('native', path, 'hold', 'BEGIN EXCLUSIVE')
    t.after(() => child.process.kill('SIGKILL'))
    await child.line('held')
    db.close()
    for (let n = 0; n < 50; n++) {
      assert.equal(readJournalMode(path), 'delete')
      RawConnection.open(sqlite, path).close()
    }
    assert.ok(descriptorsOf(path) <= 2, `${descriptorsOf(path)} descriptors`)
    await child.finish()
    await until(() => idleDescriptors() === 0, 'the descriptors were not closed')
    assert.equal(descriptorsOf(path), 0)
  },
)

async function leaves(worker: Worker): Promise<void> {
  worker.postMessage('end')
  await once(worker, 'exit')
}

describe('a worker thread that ends with its connections open', { skip }, () => {
  const program = `
    const { parentPort, workerData } = require('node:worker_threads')
    import(workerData.raw).then(async ({ RawConnection, sqliteWithFiles }) => {
      const sqlite = await sqliteWithFiles()
      globalThis.open = [0, 1, 2].map(() => RawConnection.open(sqlite, workerData.path))
      for (const db of globalThis.open) db.all('SELECT a FROM t')
      parentPort.once('message', () => process.exit(0))
      parentPort.postMessage('open')
    })`
  const start = async (path: string): Promise<Worker> => {
    const raw = new URL('./vfs-raw.js', import.meta.url).href
    const worker = new Worker(program, { eval: true, workerData: { path, raw } })
    await once(worker, 'message')
    return worker
  }
  test('lets native code of another thread finish first', async () => {
    const path = create()
    const worker = await start(path)
    const native = openNative(path, { timeout: 0 })
    native.exec('BEGIN IMMEDIATE; INSERT INTO t VALUES(2)')
    const ended = leaves(worker)
    await sleep(300)
    assert.throws(() => shell(path, 'INSERT INTO t VALUES(9)'), locked)
    native.exec('COMMIT')
    await ended
    native.close()
    assert.deepEqual(shell(path, 'PRAGMA integrity_check; SELECT a FROM t'), ['ok', '1', '2'])
    assert.equal(descriptorsOf(path), 0)
  })

  test('leaves no lock behind', async () => {
    const path = create()
    const native: NativeDatabase = openNative(path, { timeout: 0 })
    await leaves(await start(path))
    native.exec('BEGIN IMMEDIATE; INSERT INTO t VALUES(2); COMMIT')
    native.close()
  })
})
