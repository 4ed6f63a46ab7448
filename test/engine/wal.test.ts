import assert from 'node:assert/strict'
import { readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { lockSupport } from '../../src/sqlite/platform/node/node-vfs.ts'
import { SQLITE_BUSY } from '../../src/sqlite/result-codes.ts'
import { type NativeDatabase, openNative } from './vfs-native.ts'
import { noShell, shell } from './vfs-process.ts'
import { RawConnection, type RawError, sqliteWithFiles, temporaryFolder } from './vfs-raw.ts'

const support = lockSupport()
const skip = support.kind === 'ofd' ? noShell() : support.reason
const sqlite = await sqliteWithFiles()
const folder = temporaryFolder()
let files = 0
const busy = (error: RawError): boolean => error.code === SQLITE_BUSY
const count = 'SELECT count(*) FROM t'

/** A new file in WAL mode with one row. */
function create(pragmas = ''): { path: string; db: RawConnection } {
  const path = join(folder, `${++files}.sqlite`)
  const db = RawConnection.open(sqlite, path)
  assert.deepEqual(
    db.all(`${pragmas}; PRAGMA journal_mode = WAL; CREATE TABLE t(a); INSERT INTO t VALUES(1)`),
    ['wal'],
  )
  return { path, db }
}

function filesOf(path: string): string[] {
  return readdirSync(folder)
    .filter(name => join(folder, name).startsWith(path))
    .map(name => join(folder, name).slice(path.length))
    .toSorted()
}

function fill(who: RawConnection | NativeDatabase): void {
  for (let n = 0; n < 50; n++) who.all('INSERT INTO t VALUES(randomblob(4000)) RETURNING 1')
}

function insertMany(from: number): string {
  return `WITH RECURSIVE i(x) AS (SELECT ${from} UNION ALL SELECT x + 1 FROM i WHERE x < ${from} + 4999)
    INSERT INTO t SELECT x || printf('%.400c', 'x') FROM i`
}

/** What this process has locked of a file by POSIX locks: first and last byte. */
function nativeLocks(path: string): string[] {
  const inode = String(statSync(path).ino)
  return readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .map(line => line.split(/\s+/))
    .filter(fields => fields[1] === 'POSIX' && Number(fields[4]) === process.pid)
    .filter(fields => fields[5]?.endsWith(`:${inode}`))
    .map(([, , , , , , first, last]) => `${first} ${last}`)
    .toSorted()
}

describe('a file in WAL mode', { skip }, () => {
  test('is made by us and read and written by native programs, and the other way round', () => {
    const { path, db } = create()
    assert.deepEqual(shell(path, 'PRAGMA journal_mode; INSERT INTO t VALUES(2); SELECT a FROM t'), [
      'wal',
      '1',
      '2',
    ])
    assert.deepEqual(db.all('SELECT a FROM t'), ['1', '2'])
    const native = openNative(path)
    native.exec('INSERT INTO t VALUES(3)')
    assert.deepEqual(db.all('SELECT a FROM t'), ['1', '2', '3'])
    db.all('INSERT INTO t VALUES(4)')
    assert.deepEqual(native.all('SELECT a FROM t'), ['1', '2', '3', '4'])
    assert.deepEqual(native.all('PRAGMA integrity_check'), ['ok'])
    db.close()
    native.exec('INSERT INTO t VALUES(5)')
    native.close()
    assert.deepEqual(filesOf(path), [''])
    const again = RawConnection.open(sqlite, path)
    assert.deepEqual(again.all(count), ['5'])
    again.close()
  })

  test('is left without WAL and shared memory by whoever is last', () => {
    for (const last of ['ours', 'native']) {
      const { path, db } = create()
      const native = openNative(path)
      native.exec('INSERT INTO t VALUES(2)')
      assert.deepEqual(filesOf(path), ['', '-shm', '-wal'])
      const order: { close(): void }[] = last === 'ours' ? [native, db] : [db, native]
      order[0].close()
      assert.deepEqual(filesOf(path), ['', '-shm', '-wal'], `before ${last}`)
      order[1].close()
      assert.deepEqual(filesOf(path), [''], last)
    }
  })

  test('is left for a rollback journal, and comes back', () => {
    const { path, db } = create()
    assert.deepEqual(db.all('PRAGMA journal_mode = DELETE'), ['delete'])
    assert.deepEqual(filesOf(path), [''])
    assert.deepEqual(shell(path, 'INSERT INTO t VALUES(2); PRAGMA journal_mode'), ['delete'])
    assert.deepEqual(db.all(`PRAGMA journal_mode = WAL; INSERT INTO t VALUES(3); ${count}`), [
      'wal',
      '3',
    ])
    const native = openNative(path)
    native.all(count)
    assert.throws(() => db.all('PRAGMA journal_mode = DELETE'), busy)
    native.close()
    assert.deepEqual(db.all('PRAGMA journal_mode = DELETE'), ['delete'])
    db.close()
  })

  test('shows an open transaction of each its own snapshot', () => {
    const { path, db } = create()
    const two = RawConnection.open(sqlite, path)
    const native = openNative(path)
    for (const reader of [two, native]) {
      const before = reader.all(`${reader === native ? '' : 'BEGIN; '}${count}`)
      if (reader === native) native.exec('BEGIN')
      reader.all(count)
      db.all('INSERT INTO t VALUES(2)')
      assert.deepEqual(reader.all(count), before)
      assert.deepEqual(db.all(count), [String(Number(before[0]) + 1)])
      if (reader === native) native.exec('COMMIT')
      else two.all('COMMIT')
      assert.deepEqual(reader.all(count), db.all(count))
    }
    for (const each of [two, native, db]) each.close()
  })

  test('has one writer at a time, of whichever kind', () => {
    const { path, db } = create()
    const two = RawConnection.open(sqlite, path)
    const native = openNative(path, { timeout: 0 })
    db.all('BEGIN IMMEDIATE')
    assert.throws(() => two.all('BEGIN IMMEDIATE'), busy)
    assert.throws(() => native.exec('BEGIN IMMEDIATE'), /locked/)
    assert.throws(() => shell(path, 'INSERT INTO t VALUES(9)'), /locked/)
    assert.deepEqual(two.all(count), native.all(count))
    db.all('COMMIT')
    native.exec('BEGIN IMMEDIATE')
    assert.throws(() => two.all('BEGIN IMMEDIATE'), busy)
    assert.throws(() => db.all('INSERT INTO t VALUES(9)'), busy)
    native.exec('COMMIT')
    two.all('BEGIN IMMEDIATE; INSERT INTO t VALUES(2); COMMIT')
    assert.deepEqual(db.all(count), ['2'])
    for (const each of [two, native, db]) each.close()
  })

  test('refuses to build a write on a snapshot that is not the newest', () => {
    const BUSY_SNAPSHOT = 517
    const { path, db } = create()
    const native = openNative(path)
    db.all(`BEGIN; ${count}`)
    native.exec('INSERT INTO t VALUES(2)')
    assert.throws(() => db.all('INSERT INTO t VALUES(3)'), { code: BUSY_SNAPSHOT })
    db.all('ROLLBACK; INSERT INTO t VALUES(3)')
    assert.deepEqual(native.all(count), ['3'])
    for (const each of [native, db]) each.close()
  })

  test('is not emptied under a reader, and is when nobody reads any more', () => {
    const { path, db } = create()
    const native = openNative(path)
    db.all(`BEGIN; ${count}`)
    fill(native)
    const size = statSync(`${path}-wal`).size
    // The reader is not in the way of a checkpoint, but of the WAL's beginning anew.
    const [state = ''] = native.all('PRAGMA wal_checkpoint(PASSIVE)')
    const [, frames, moved] = state.split('|').map(Number)
    assert.ok(moved < frames, state)
    fill(native)
    assert.ok(statSync(`${path}-wal`).size > size)
    assert.deepEqual(db.all(count), ['1'])
    db.all('COMMIT')
    assert.deepEqual(db.all(count), ['101'])
    assert.deepEqual(native.all('PRAGMA wal_checkpoint(TRUNCATE)'), ['0|0|0'])
    assert.equal(statSync(`${path}-wal`).size, 0)
    // And the other way round.
    native.exec('BEGIN')
    native.all(count)
    fill(db)
    const BUSY_ROW = /^1\|/
    assert.match(db.all('PRAGMA wal_checkpoint(TRUNCATE)').join(), BUSY_ROW)
    assert.deepEqual(native.all(count), ['101'])
    native.exec('COMMIT')
    assert.deepEqual(db.all('PRAGMA wal_checkpoint(TRUNCATE)'), ['0|0|0'])
    assert.deepEqual(native.all(`PRAGMA integrity_check`), ['ok'])
    for (const each of [native, db]) each.close()
  })

  test('grows by many regions of shared memory on either side', () => {
    const { path, db } = create('PRAGMA page_size = 512')
    const native = openNative(path)
    for (const each of [db, native]) {
      each.all('PRAGMA wal_autocheckpoint = 0')
      each.all('PRAGMA synchronous')
    }
    const sum = 'SELECT count(*), sum(CAST(a AS INTEGER)) FROM t'
    for (let n = 0; n < 8; n++) {
      if (n % 2 === 0) db.all(insertMany(n * 5000))
      else native.exec(insertMany(n * 5000))
      assert.deepEqual(db.all(sum), native.all(sum))
    }
    // Each region indexes 4,096 pages of the WAL.
    assert.ok(statSync(`${path}-shm`).size >= 9 * 32768, String(statSync(`${path}-shm`).size))
    const late = RawConnection.open(sqlite, path)
    assert.deepEqual(late.all(`PRAGMA integrity_check; ${sum}`), ['ok', ...native.all(sum)])
    late.close()
    native.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    assert.deepEqual(db.all(sum), native.all(sum))
    for (const each of [native, db]) each.close()
  })

  test('stays shared when the memory of SQLite grows', () => {
    const { path, db } = create()
    const native = openNative(path)
    const before = sqlite.memory.buffer.byteLength
    const hoard: number[] = []
    while (sqlite.memory.buffer.byteLength < before + 2 ** 27) hoard.push(sqlite.alloc(2 ** 24))
    for (let n = 2; n < 20; n++) {
      if (n % 2 === 0) native.exec(`INSERT INTO t VALUES(${n})`)
      else db.all(`INSERT INTO t VALUES(${n})`)
      assert.deepEqual(db.all(count), [String(n)])
      assert.deepEqual(native.all(count), [String(n)])
    }
    for (const p of hoard) sqlite.free(p)
    for (const each of [native, db]) each.close()
  })

  test('gives its part of the memory back as ordinary memory', () => {
    const { path, db } = create()
    const native = openNative(path)
    native.exec('INSERT INTO t VALUES(2)')
    db.all(count)
    db.close()
    const shared = readFileSync(`${path}-shm`)
    // Everything that is free is written to: a block that was still the file's would show it there.
    const hoard: number[] = []
    for (let n = 0; n < 200; n++) {
      const p = sqlite.alloc(40_000)
      sqlite.u8.fill(0xa5, p, p + 40_000)
      hoard.push(p)
    }
    assert.deepEqual(readFileSync(`${path}-shm`), shared)
    for (const p of hoard) sqlite.free(p)
    const again = RawConnection.open(sqlite, path)
    assert.deepEqual(again.all(`PRAGMA integrity_check; ${count}`), ['ok', '2'])
    for (const each of [again, native]) each.close()
  })

  test('is recovered whatever a crash has left of the shared memory', () => {
    for (const left of ['nothing', 'less', 'garbage', 'more', 'stale'])
      for (const first of ['ours', 'native']) {
        const { path, db } = create()
        db.all('INSERT INTO t VALUES(2)')
        // A copy is what a crash of all programs leaves.
        const crashed = join(folder, `${++files}.sqlite`)
        for (const suffix of ['', '-wal', '-shm'])
          writeFileSync(crashed + suffix, readFileSync(path + suffix))
        const shm = `${crashed}-shm`
        if (left === 'nothing') truncateSync(shm, 0)
        else if (left === 'less') truncateSync(shm, 5000)
        else if (left === 'garbage') writeFileSync(shm, Buffer.alloc(32768, 0x5a))
        else if (left === 'more') writeFileSync(shm, Buffer.alloc(200_000, 0xff))
        const connect = {
          ours: () => RawConnection.open(sqlite, crashed),
          native: () => openNative(crashed),
        }
        const one = connect[first as 'ours' | 'native']()
        assert.deepEqual(one.all(count), ['2'], `${left}, ${first} first`)
        const two = connect[first === 'ours' ? 'native' : 'ours']()
        two.all('INSERT INTO t VALUES(3) RETURNING 1')
        assert.deepEqual(one.all(count), ['3'])
        assert.deepEqual(one.all('PRAGMA integrity_check'), ['ok'])
        for (const each of [one, two, db]) each.close()
      }
  })
})

describe('native connections in this process', { skip }, () => {
  test('keep their locks when ours are closed', () => {
    const { path, db } = create()
    const native = openNative(path)
    native.exec('BEGIN')
    native.all(count)
    const held = { file: nativeLocks(path), shm: nativeLocks(`${path}-shm`) }
    assert.ok(held.file.length > 0 && held.shm.length >= 2, JSON.stringify(held))
    const two = RawConnection.open(sqlite, path)
    assert.deepEqual(two.all(count), ['1'])
    for (const each of [two, db]) each.close()
    assert.deepEqual({ file: nativeLocks(path), shm: nativeLocks(`${path}-shm`) }, held)
    // The snapshot of the native reader is respected by others.
    shell(path, 'INSERT INTO t VALUES(2); PRAGMA wal_checkpoint')
    assert.match(shell(path, 'PRAGMA wal_checkpoint(TRUNCATE)').join(), /^1\|/)
    assert.deepEqual(native.all(count), ['1'])
    native.exec('COMMIT')
    assert.deepEqual(native.all(count), ['2'])
    native.close()
    assert.deepEqual(filesOf(path), [''])
  })

  test('keep their WAL even when other code has made them lose the lock on the database', () => {
    const { path, db } = create()
    const native = openNative(path)
    assert.deepEqual(native.all(count), ['1'])
    // Anything that opens and closes the file does this to native code.
    readFileSync(path)
    assert.deepEqual(nativeLocks(path), [])
    db.close()
    assert.deepEqual(filesOf(path), ['', '-shm', '-wal'])
    native.exec('INSERT INTO t VALUES(2)')
    native.close()
    assert.deepEqual(shell(path, `PRAGMA integrity_check; ${count}`), ['ok', '2'])
  })
})
