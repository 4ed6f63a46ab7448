import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { lastVfsError, lockSupport } from '../../src/sqlite/platform/node/node-vfs.ts'
import { SQLITE_CANTOPEN, SQLITE_READONLY_DIRECTORY } from '../../src/sqlite/result-codes.ts'
import { openNative } from './vfs-native.ts'
import { noShell } from './vfs-process.ts'
import {
  OPEN_READONLY,
  OPEN_READWRITE,
  RawConnection,
  type RawError,
  sqliteWithFiles,
  temporaryFolder,
} from './vfs-raw.ts'

const support = lockSupport()
const isRoot = process.geteuid?.() === 0
const skip =
  support.kind === 'ofd' ? noShell() || (!isRoot && 'root becomes nobody here') : support.reason
const NOBODY = 65534
const sqlite = await sqliteWithFiles()
const folder = temporaryFolder()
let scenes = 0
const count = 'SELECT count(*) FROM t'

/** A folder with a WAL file of two rows that another user may only read. `close` ends the native connection that has it open. */
function scene(): { path: string; native: ReturnType<typeof openNative> } {
  chmodSync(folder, 0o755)
  const own = join(folder, String(++scenes))
  mkdirSync(own)
  const path = join(own, 'a.sqlite')
  const native = openNative(path)
  native.exec('PRAGMA journal_mode = WAL; CREATE TABLE t(a); INSERT INTO t VALUES(1), (2)')
  return { path, native }
}

/** What a crash of all programs leaves. */
function crashed(): string {
  const { path, native } = scene()
  const own = join(folder, String(++scenes))
  mkdirSync(own)
  const copy = join(own, 'a.sqlite')
  for (const suffix of ['', '-wal', '-shm']) copyFileSync(path + suffix, copy + suffix)
  native.close()
  return copy
}

function closeFolder(path: string): void {
  const own = join(path, '..')
  for (const name of readdirSync(own)) chmodSync(join(own, name), 0o444)
  chmodSync(own, 0o555)
}

function asNobody<R>(body: () => R): R {
  process.seteuid?.(NOBODY)
  try {
    return body()
  } finally {
    process.seteuid?.(0)
  }
}

/** The answer or the result code of one of ours, and of the shell, both as nobody. */
function both(path: string, sql: string): { ours: string; native: string } {
  const shell = spawnSync('sqlite3', ['-batch', `file:${path}?mode=ro`, sql], {
    uid: NOBODY,
    encoding: 'utf8',
  })
  const code = / \((\d+)\)\s*$/.exec(shell.stderr)?.[1]
  const native = shell.status === 0 ? shell.stdout.trim() : `error ${Number(code) & 0xff}`
  const ours = asNobody(() => {
    const db = RawConnection.open(sqlite, path, OPEN_READONLY)
    try {
      return db.all(sql).join('\n')
    } catch (error) {
      return `error ${(error as RawError).code & 0xff}`
    } finally {
      db.close()
    }
  })
  return { ours, native }
}

describe('a WAL file that may only be read', { skip }, () => {
  test('is read beside the program that writes it', () => {
    const { path, native } = scene()
    closeFolder(path)
    assert.deepEqual(both(path, count), { ours: '2', native: '2' })
    const db = asNobody(() => RawConnection.open(sqlite, path, OPEN_READONLY))
    asNobody(() => assert.deepEqual(db.all(count), ['2']))
    for (let n = 3; n < 6; n++) {
      native.exec(`INSERT INTO t VALUES(${n})`)
      asNobody(() => assert.deepEqual(db.all(count), [String(n)]))
    }
    // A snapshot holds, too: the reader has its mark, or reads the file before anything is moved there.
    asNobody(() => db.all(`BEGIN; ${count}`))
    native.exec('INSERT INTO t VALUES(6)')
    native.all('PRAGMA wal_checkpoint')
    asNobody(() => assert.deepEqual(db.all(`${count}; COMMIT; ${count}`), ['5', '6']))
    asNobody(() => db.close())
    native.close()
  })

  test('is read after a crash, from what the WAL holds', () => {
    const path = crashed()
    closeFolder(path)
    const before = statSync(`${path}-shm`)
    assert.deepEqual(both(path, count), { ours: '2', native: '2' })
    assert.deepEqual(statSync(`${path}-shm`).mtimeMs, before.mtimeMs)
  })

  test('is waited for: a connection that found nobody reads on when a writer comes', () => {
    const path = crashed()
    closeFolder(path)
    const db = asNobody(() => RawConnection.open(sqlite, path, OPEN_READONLY))
    asNobody(() => assert.deepEqual(db.all(count), ['2']))
    const native = openNative(path)
    native.exec('INSERT INTO t VALUES(3)')
    asNobody(() => assert.deepEqual(db.all(count), ['3']))
    native.exec('INSERT INTO t VALUES(4)')
    asNobody(() => assert.deepEqual(db.all(count), ['4']))
    asNobody(() => db.close())
    native.close()
  })

  test('without its shared memory is refused with the reason', () => {
    const path = crashed()
    rmSync(`${path}-shm`)
    closeFolder(path)
    assert.deepEqual(both(path, count), {
      ours: `error ${SQLITE_CANTOPEN}`,
      native: `error ${SQLITE_CANTOPEN}`,
    })
    const known = lastVfsError(SQLITE_CANTOPEN)
    assert.match(known?.message ?? '', /a\.sqlite-shm: .* cannot be opened/)
    assert.match(known?.hint ?? '', /writable folder/)
  })

  test('that was closed is refused in a closed folder, and read in an open one', () => {
    const { path, native } = scene()
    native.close()
    closeFolder(path)
    assert.deepEqual(both(path, count), { ours: 'error 8', native: 'error 8' })
    const known = lastVfsError(SQLITE_READONLY_DIRECTORY)
    assert.match(known?.message ?? '', /a\.sqlite-wal: the folder is not writable, and a database/)
    assert.match(known?.hint ?? '', /immutable=1/)
    chmodSync(join(path, '..'), 0o777)
    assert.deepEqual(both(path, count).ours, '2')
    assert.ok(!existsSync(`${path}-wal`) || statSync(`${path}-wal`).size === 0)
  })

  test('is not written to', () => {
    const { path, native } = scene()
    closeFolder(path)
    const db = asNobody(() => RawConnection.open(sqlite, path, OPEN_READWRITE))
    asNobody(() => assert.throws(() => db.all('INSERT INTO t VALUES(9)'), /readonly/))
    asNobody(() => db.close())
    assert.deepEqual(native.all(count), ['2'])
    native.close()
  })
})

test('shared memory made by root belongs to the owner of the database', { skip }, () => {
  const { path, native } = scene()
  native.close()
  spawnSync('chown', [`${NOBODY}:${NOBODY}`, path])
  chmodSync(path, 0o640)
  const db = RawConnection.open(sqlite, path)
  assert.deepEqual(db.all(count), ['2'])
  const { uid, gid, mode } = statSync(`${path}-shm`)
  assert.deepEqual([uid, gid, mode & 0o777], [NOBODY, NOBODY, 0o640])
  db.close()
})
