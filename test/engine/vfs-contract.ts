import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Connection } from '../../src/sqlite/connection.ts'
import type { OpenOptions } from '../../src/sqlite/open-options.ts'
import { openDatabase } from '../../src/sqlite/open.ts'
import type { Platform } from '../../src/sqlite/platform/platform.ts'
import { SQLITE_IOERR_SHORT_READ } from '../../src/sqlite/result-codes.ts'
import {
  EXCLUSIVE_LOCK,
  NO_LOCK,
  PENDING_LOCK,
  RESERVED_LOCK,
  SHARED_LOCK,
} from '../../src/sqlite/vfs/file-locks.ts'
import type { OpenRequest, Vfs, VfsFile } from '../../src/sqlite/vfs/vfs.ts'
import type { Sqlite } from '../../src/sqlite/wasm/wasm.ts'
import { refused } from '../refusal.ts'
import { sqliteAlone } from './sqlite-alone.ts'

/** A platform under test: where its files are, and what its connections can share. */
export interface PlatformUnderTest {
  readonly platform: Platform
  readonly vfs: Vfs
  /** The absolute path of a file of this name, which does not exist yet. */
  path(name: string): string
  /** That path as `open` takes it. */
  uri(path: string): string
  /** Connections share a WAL. */
  readonly sharesWal: boolean
  close(): void
}

const READ: OpenRequest = {
  kind: 'main-db',
  write: false,
  create: false,
  exclusive: false,
  deleteOnClose: false,
}
const CREATE: OpenRequest = { ...READ, write: true, create: true }

/** A table `n` of the numbers from 1. */
const numbers = (count: number): string =>
  `WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What SQLite relies on, of any file system: first call by call, then through SQLite. */
export function vfsContract(name: string, prepare: (sqlite: Sqlite) => PlatformUnderTest): void {
  describe(`files of the platform ${name}`, () => {
    let sqlite: Sqlite
    let under: PlatformUnderTest
    let files = 0
    const open: VfsFile[] = []
    const connections: Connection[] = []

    before(async () => {
      sqlite = await sqliteAlone()
      under = prepare(sqlite)
    })

    after(() => {
      for (const db of connections) db.close()
      for (const file of open) file.close()
      under.close()
    })

    const fresh = (): string => under.path(`${++files}.sqlite`)

    function opened(path: string | null, request: OpenRequest = CREATE): VfsFile {
      const { file } = under.vfs.open(path, request)
      open.push(file)
      return file
    }

    function closed(file: VfsFile): void {
      open.splice(open.indexOf(file), 1)
      file.close()
    }

    function connect(path: string, options: OpenOptions = {}): Connection {
      const db = openDatabase(sqlite, under.platform, under.uri(path), options)
      connections.push(db)
      return db
    }

    test('reads what was written, zeros in a gap, and nothing beyond the end', () => {
      const file = opened(fresh(), { ...CREATE, kind: 'main-journal' })
      assert.equal(file.write(bytesOf('end'), 9000), 3)
      assert.equal(file.write(bytesOf('start'), 0), 5)
      assert.equal(file.size(), 9003)
      const into = new Uint8Array(8)
      assert.equal(file.read(into, 0), 8)
      assert.deepEqual(into, new Uint8Array([...bytesOf('start'), 0, 0, 0]))
      assert.equal(file.read(into, 9001), 2)
      assert.equal(file.read(into, 9003), 0)
      assert.equal(file.read(into, 20_000), 0)
    })

    test('a file that was cut and grows again has zeros there', () => {
      const file = opened(fresh(), { ...CREATE, kind: 'main-journal' })
      file.write(bytesOf('0123456789'), 0)
      file.truncate(4)
      assert.equal(file.size(), 4)
      file.write(bytesOf('x'), 9)
      const into = new Uint8Array(10)
      file.read(into, 0)
      assert.deepEqual(into, new Uint8Array([...bytesOf('0123'), 0, 0, 0, 0, 0, 120]))
    })

    test('a name exists from its creation to its removal, and for SQLite once there is a byte', () => {
      const path = fresh()
      assert.equal(under.vfs.access(path, 'exists'), false)
      assert.throws(() => opened(path, READ))
      const file = opened(path, { ...CREATE, kind: 'main-journal' })
      assert.equal(under.vfs.access(path, 'exists'), false)
      assert.equal(under.vfs.access(path, 'readwrite'), true)
      file.write(bytesOf('x'), 0)
      assert.equal(under.vfs.access(path, 'exists'), true)
      assert.throws(() => opened(path, { ...CREATE, exclusive: true }))
      assert.equal(under.vfs.delete(path), true)
      assert.equal(under.vfs.delete(path), false)
      assert.equal(under.vfs.access(path, 'exists'), false)
      assert.equal(file.read(new Uint8Array(1), 0), 1, 'an open file outlives its name')
    })

    test('a temporary file has no name, and one that is deleted on close is gone then', () => {
      const temporary = opened(null, { ...CREATE, kind: 'transient-db', deleteOnClose: true })
      temporary.write(bytesOf('x'), 0)
      assert.equal(temporary.size(), 1)
      const path = fresh()
      const file = opened(path, { ...CREATE, kind: 'temp-journal', deleteOnClose: true })
      file.write(bytesOf('x'), 0)
      closed(file)
      assert.equal(under.vfs.access(path, 'exists'), false)
    })

    test('a full path is absolute, and its own full path', () => {
      const { path } = under.vfs.fullPath(under.path('a/../b.sqlite'))
      assert.equal(path, under.vfs.fullPath(under.path('b.sqlite')).path)
      assert.equal(under.vfs.fullPath(path).path, path)
    })

    test('random bytes differ', () => {
      const a = new Uint8Array(100_000)
      const b = new Uint8Array(100_000)
      under.vfs.randomness(a)
      under.vfs.randomness(b)
      assert.notDeepEqual(a, b)
      assert.ok(new Set(a).size > 200)
    })

    test('locks admit many readers or one writer, and a waiting writer keeps new readers out', () => {
      const path = fresh()
      opened(path).write(new Uint8Array(0), 0)
      const [a, b, c] = [opened(path), opened(path), opened(path)]
      assert.equal(a.lock(SHARED_LOCK) && b.lock(SHARED_LOCK), true)
      assert.equal(b.checkReserved(), false)
      assert.equal(a.lock(RESERVED_LOCK), true)
      assert.deepEqual([a.checkReserved(), b.checkReserved()], [true, true])
      assert.equal(b.lock(RESERVED_LOCK), false)
      assert.equal(a.lock(EXCLUSIVE_LOCK), false)
      assert.equal(a.lockLevel, PENDING_LOCK)
      assert.equal(c.lock(SHARED_LOCK), false)
      b.unlock(NO_LOCK)
      assert.equal(a.lock(EXCLUSIVE_LOCK), true)
      assert.equal(b.lock(SHARED_LOCK), false)
      a.unlock(SHARED_LOCK)
      assert.equal(b.lock(SHARED_LOCK), true)
      a.unlock(NO_LOCK)
      b.unlock(NO_LOCK)
      assert.equal(c.lock(SHARED_LOCK) && c.lock(RESERVED_LOCK) && c.lock(EXCLUSIVE_LOCK), true)
      closed(c)
      assert.equal(a.lock(SHARED_LOCK), true, 'closing gives the lock back')
    })

    test('a file knows that its name leads elsewhere', () => {
      const path = fresh()
      const file = opened(path)
      assert.equal(file.hasMoved(), false)
      under.vfs.delete(path)
      assert.equal(file.hasMoved(), true)
      opened(path)
      assert.equal(file.hasMoved(), true)
    })

    for (const mode of ['delete', 'truncate', 'persist', 'memory', 'wal'] as const) {
      test(`journal_mode ${mode}: commits stay, rollbacks go, other connections see both`, () => {
        const path = fresh()
        const writer = connect(path, { exclusive: mode === 'wal' && !under.sharesWal })
        assert.equal(writer.pragma(`journal_mode = ${mode}`, { simple: true }), mode)
        writer.exec('CREATE TABLE t(x); CREATE INDEX i ON t(x)')
        const fill = numbers(5000)
        writer.exec(`${fill} INSERT INTO t SELECT randomblob(200) FROM n`)
        writer.exec(`BEGIN; DELETE FROM t; ${fill} INSERT INTO t SELECT i FROM n; ROLLBACK`)
        writer.exec('DELETE FROM t WHERE rowid > 1000; VACUUM')
        assert.equal(writer.prepare('PRAGMA integrity_check').pluck().get(), 'ok')
        if (mode === 'wal' && !under.sharesWal) writer.close()
        const reader = connect(path)
        assert.equal(reader.prepare('SELECT count(*) FROM t').pluck().get(), 1000)
        if (writer.open) {
          writer.exec('DELETE FROM t WHERE rowid <= 10')
          assert.equal(reader.prepare('SELECT count(*) FROM t').pluck().get(), 990)
          writer.close()
        }
        reader.close()
        const again = connect(path, { readonly: true })
        assert.ok((again.prepare('SELECT count(*) FROM t').pluck().get() as number) >= 990)
        refused(() => again.exec('DELETE FROM t'), 'SQLITE_READONLY', 'readonly')
        again.close()
      })
    }

    test('a second writer is told that the file is busy', () => {
      const path = fresh()
      const [a, b] = [connect(path), connect(path, { busyTimeout: 1 })]
      a.exec('CREATE TABLE t(x); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)')
      refused(() => b.exec('BEGIN IMMEDIATE'), 'SQLITE_BUSY', 'locked')
      a.exec('COMMIT')
      b.exec('INSERT INTO t VALUES (2)')
      assert.equal(a.prepare('SELECT sum(x) FROM t').pluck().get(), 3)
    })

    test('the options of a file that was locked when it was opened are set afterwards', () => {
      const path = fresh()
      const a = connect(path)
      a.exec('CREATE TABLE t(x); BEGIN EXCLUSIVE')
      const b = connect(path, { busyTimeout: 0, cacheSize: 1000 * 1024 })
      refused(() => b.prepare('SELECT * FROM t'), 'SQLITE_BUSY', 'locked')
      a.exec('COMMIT')
      assert.equal(b.pragma('cache_size', { simple: true }), -1000)
    })

    test('readers keep their snapshot of a WAL while others commit', t => {
      if (!under.sharesWal) return t.skip('this platform does not share a WAL')
      const path = fresh()
      const [a, b] = [connect(path), connect(path)]
      a.pragma('journal_mode = WAL')
      a.exec('CREATE TABLE t(x); INSERT INTO t VALUES (1)')
      b.exec('BEGIN')
      const count = b.prepare('SELECT count(*) FROM t').pluck()
      assert.equal(count.get(), 1)
      a.exec('INSERT INTO t VALUES (2)')
      assert.equal(count.get(), 1)
      b.exec('COMMIT')
      assert.equal(count.get(), 2)
      a.close()
      b.close()
      assert.equal(under.vfs.access(`${path}-wal`, 'exists'), false)
    })

    test('a WAL that somebody cut is named', t => {
      if (!under.sharesWal) return t.skip('this platform does not share a WAL')
      const path = fresh()
      const writer = connect(path)
      writer.pragma('journal_mode = WAL')
      writer.exec(`CREATE TABLE t(x); ${numbers(2000)} INSERT INTO t SELECT randomblob(100) FROM n`)
      const wal = opened(`${path}-wal`, { ...CREATE, create: false, kind: 'super-journal' })
      wal.truncate(40_000)
      const error = refused(
        () => connect(path).prepare('SELECT sum(length(x)) FROM t').get(),
        'SQLITE_IOERR',
        `${path}-wal`,
        'truncated or replaced',
      )
      assert.equal(error.extendedCode, SQLITE_IOERR_SHORT_READ)
    })

    test('the first connection to a file with an unfinished transaction rolls it back', () => {
      const path = fresh()
      const db = connect(path)
      db.exec('PRAGMA cache_size = 2; CREATE TABLE t(x)')
      db.exec(`${numbers(500)} INSERT INTO t SELECT i || printf('%.500c', '-') FROM n`)
      db.exec("BEGIN; UPDATE t SET x = 'lost' || x")
      const copy = fresh()
      for (const suffix of ['', '-journal']) copied(`${path}${suffix}`, `${copy}${suffix}`)
      db.exec('COMMIT')
      const recovered = connect(copy)
      assert.equal(
        recovered.prepare("SELECT count(*) FROM t WHERE x LIKE 'lost%'").pluck().get(),
        0,
      )
      assert.equal(recovered.pragma('integrity_check', { simple: true }), 'ok')
      assert.equal(under.vfs.access(`${copy}-journal`, 'exists'), false)
    })

    test('a transaction over two files commits in both', () => {
      const [main, other] = [fresh(), fresh()]
      connect(other).exec('CREATE TABLE u(y)')
      const db = connect(main)
      db.exec('CREATE TABLE t(x)')
      db.prepare('ATTACH ? AS other').run(under.uri(other))
      db.exec('BEGIN; INSERT INTO t VALUES (1); INSERT INTO u VALUES (2); COMMIT')
      assert.equal(connect(other).prepare('SELECT y FROM u').pluck().get(), 2)
    })

    test('a sort larger than the cache spills and comes back in order', () => {
      const db = connect(fresh(), { cacheSize: 64 * 1024 })
      const sorted = db
        .prepare(`${numbers(60_000)} SELECT i FROM n ORDER BY (i * 7919) % 60013`)
        .pluck()
        .all() as number[]
      const keys = sorted.map(i => (i * 7919) % 60_013)
      assert.equal(keys.length, 60_000)
      assert.ok(keys.every((key, i) => i === 0 || key > keys[i - 1]))
    })

    test('the header tells the journal mode, and what is no database', () => {
      const path = fresh()
      assert.equal(under.platform.readHeader(path), 'empty')
      const db = connect(path)
      db.exec('CREATE TABLE t(x)')
      const header = under.platform.readHeader(path)
      assert.deepEqual(header, { journalMode: 'delete', encoding: 'UTF-8' })
      db.close()
      const text = fresh()
      const file = opened(text, { ...CREATE, kind: 'super-journal' })
      file.write(bytesOf('a text file\n'.repeat(20)), 0)
      assert.equal(under.platform.readHeader(text), 'not-a-database')
    })

    test('one file has one identity, and another of its name another one', () => {
      const path = fresh()
      assert.equal(under.platform.identify(path), undefined)
      const db = connect(path)
      db.exec('CREATE TABLE t(x)')
      const identity = under.platform.identify(path)
      assert.equal(db.fileKey(), `file ${identity}`)
      assert.equal(connect(path).fileKey(), db.fileKey())
      assert.notEqual(connect(fresh()).fileKey(), db.fileKey())
      assert.equal(under.platform.locate(path, ''), under.vfs.fullPath(path).path)
    })

    test('a file that must exist and does not is refused', () => {
      const path = fresh()
      for (const options of [{ readonly: true }, { create: false }])
        refused(() => connect(path, options), 'SQLITE_CANTOPEN', 'does not exist')
    })

    function copied(from: string, to: string): void {
      const source = opened(from, { ...READ, kind: 'super-journal' })
      const bytes = new Uint8Array(source.size())
      assert.equal(source.read(bytes, 0), bytes.length)
      closed(source)
      const target = opened(to, { ...CREATE, kind: 'super-journal' })
      target.write(bytes, 0)
      closed(target)
    }
  })
}
