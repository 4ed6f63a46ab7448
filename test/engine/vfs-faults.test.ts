import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { after, describe, test } from 'node:test'
import {
  SQLITE_FULL,
  SQLITE_IOERR_DIR_FSYNC,
  SQLITE_IOERR_FSYNC,
  SQLITE_IOERR_READ,
  SQLITE_IOERR_WRITE,
} from '../../src/sqlite/result-codes.ts'
import { RawConnection, type RawError, sqliteWithFiles, temporaryFolder } from './vfs-raw.ts'

const sqlite = await sqliteWithFiles()
const folder = temporaryFolder()
let files = 0

type Patch = Partial<Record<keyof typeof fs, unknown>>

/** Runs `body` while functions of node:fs are others. */
function withFs(patch: Patch, body: () => void): void {
  const saved = Object.fromEntries(Object.keys(patch).map(key => [key, fs[key as keyof typeof fs]]))
  Object.assign(fs, patch)
  syncBuiltinESMExports()
  try {
    body()
  } finally {
    Object.assign(fs, saved)
    syncBuiltinESMExports()
  }
}

function create(pragmas = ''): { path: string; db: RawConnection } {
  const path = join(folder, `${++files}.sqlite`)
  const db = RawConnection.open(sqlite, path)
  db.all(`${pragmas}; CREATE TABLE t(a, b); INSERT INTO t VALUES(1, randomblob(50000))`)
  return { path, db }
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: by the test`), { code })
}

/** The name of the file behind a descriptor. */
function nameOf(fd: number): string {
  if (fs.fstatSync(fd).isDirectory()) return 'folder'
  return basename(fs.readlinkSync(`/proc/self/fd/${fd}`)).replace(/^\d+\.sqlite/, 'db')
}

/** Throws `errno` out of `operation` on the file called `file`. */
function failing(
  operation: 'readSync' | 'writeSync' | 'fsyncSync' | 'fdatasyncSync' | 'ftruncateSync',
  file: string,
  error: Error,
): Patch {
  const real = fs[operation] as (fd: number, ...rest: unknown[]) => unknown
  return {
    [operation]: (fd: number, ...rest: unknown[]) => {
      if (nameOf(fd) === file) throw error
      return real(fd, ...rest)
    },
  }
}

/** The syncs and removals that `sql` causes, in order. */
function syncs(db: RawConnection, sql: string): string[] {
  const seen: string[] = []
  const { fsyncSync, fdatasyncSync, unlinkSync } = fs
  const patch: Patch = {
    fsyncSync: (fd: number) => (seen.push(`sync ${nameOf(fd)}`), fsyncSync(fd)),
    fdatasyncSync: (fd: number) => (seen.push(`sync ${nameOf(fd)}`), fdatasyncSync(fd)),
    unlinkSync: (path: string) => (
      seen.push(`remove ${basename(path).replace(/^\d+\.sqlite/, 'db')}`),
      unlinkSync(path)
    ),
  }
  withFs(patch, () => db.all(sql))
  return seen
}
const linuxOnly = process.platform === 'linux' ? false : 'needs /proc/self/fd'

describe('durability', { skip: linuxOnly }, () => {
  const insert = 'INSERT INTO t VALUES(2, 3)'

  test('a commit syncs the journal and its name before the file, and the removal after it', () => {
    const { db } = create()
    assert.deepEqual(syncs(db, insert), [
      'sync db-journal',
      'sync folder',
      'sync db-journal',
      'sync db',
      'remove db-journal',
    ])
    assert.deepEqual(syncs(db, `PRAGMA synchronous = EXTRA; ${insert}`), [
      'sync db-journal',
      'sync folder',
      'sync db-journal',
      'sync db',
      'remove db-journal',
      'sync folder',
    ])
    assert.deepEqual(syncs(db, `PRAGMA synchronous = OFF; ${insert}`), ['remove db-journal'])
    db.close()
  })

  test('a commit in WAL mode syncs the WAL', () => {
    const { db } = create('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL')
    assert.deepEqual(syncs(db, insert), ['sync db-wal'])
    db.close()
  })
})

describe('partial reads and writes', () => {
  test('are completed', () => {
    const { readSync, writeSync } = fs
    const few = 700
    const patch: Patch = {
      readSync: (fd: number, heap: Uint8Array, at: number, bytes: number, from: number) =>
        readSync(fd, heap, at, Math.min(bytes, few), from),
      writeSync: (fd: number, heap: Uint8Array, at: number, bytes: number, from: number) =>
        writeSync(fd, heap, at, Math.min(bytes, few), from),
    }
    withFs(patch, () => {
      const { path, db } = create('PRAGMA cache_size = 2')
      const sql = 'PRAGMA integrity_check; SELECT a, hex(b) FROM t'
      const rows = db.all(sql)
      db.close()
      const again = RawConnection.open(sqlite, path)
      assert.deepEqual(again.all(sql), rows)
      assert.equal(rows[0], 'ok')
      again.close()
    })
  })
})

describe('a failing file system', { skip: linuxOnly }, () => {
  const update = 'UPDATE t SET a = a + 1, b = randomblob(50000)'
  const cases: [name: string, patch: () => Patch, sql: string, code: number][] = [
    [
      'a full disk at the journal',
      () => failing('writeSync', 'db-journal', systemError('ENOSPC')),
      update,
      SQLITE_FULL,
    ],
    [
      'a full disk at the file',
      () => failing('writeSync', 'db', systemError('ENOSPC')),
      update,
      SQLITE_FULL,
    ],
    [
      'an exceeded quota',
      () => failing('writeSync', 'db', systemError('EDQUOT')),
      update,
      SQLITE_FULL,
    ],
    [
      'a write error',
      () => failing('writeSync', 'db', systemError('EIO')),
      update,
      SQLITE_IOERR_WRITE,
    ],
    [
      'a read error',
      () => failing('readSync', 'db', systemError('EIO')),
      'SELECT b FROM t',
      SQLITE_IOERR_READ,
    ],
    [
      'a read that is refused',
      () => failing('readSync', 'db', systemError('EBADF')),
      'SELECT b FROM t',
      SQLITE_IOERR_READ,
    ],
    [
      'an exception that is no system error',
      () => failing('readSync', 'db', new TypeError('odd')),
      'SELECT b FROM t',
      SQLITE_IOERR_READ,
    ],
    [
      'a journal that cannot be synced',
      () => failing('fsyncSync', 'db-journal', systemError('EIO')),
      update,
      SQLITE_IOERR_FSYNC,
    ],
    [
      'a file that cannot be synced',
      () => failing('fsyncSync', 'db', systemError('EIO')),
      update,
      SQLITE_IOERR_FSYNC,
    ],
    [
      'a folder that cannot be synced',
      () => failing('fsyncSync', 'folder', systemError('EIO')),
      update,
      SQLITE_IOERR_DIR_FSYNC,
    ],
  ]
  for (const [name, patch, sql, code] of cases)
    test(`${name} is told with its cause, and the file keeps what was committed`, () => {
      const { path, db } = create()
      const sum = 'SELECT a, hex(b) FROM t'
      const before = db.all(sum)
      db.close()
      const again = RawConnection.open(sqlite, path)
      withFs(patch(), () =>
        assert.throws(
          () => again.all(sql),
          (error: RawError) => {
            assert.equal(error.code, code)
            assert.match(error.below?.message ?? '', /by the test|odd|cannot sync/)
            return true
          },
        ),
      )
      again.close()
      const last = RawConnection.open(sqlite, path)
      assert.deepEqual(last.all(`PRAGMA integrity_check; ${sum}`), ['ok', ...before])
      last.close()
    })

  test('a name that was moved away is not written to', () => {
    const READONLY_DBMOVED = 1032
    const { path, db } = create()
    fs.renameSync(path, `${path}.moved`)
    assert.throws(() => db.all(update), { code: READONLY_DBMOVED })
    fs.renameSync(`${path}.moved`, path)
    db.all(update)
    db.close()
  })
})

describe('a disk that is really full', () => {
  const disk = join(folder, 'disk')
  fs.mkdirSync(disk)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', disk]).status === 0
  after(() => mounted && spawnSync('umount', [disk]))

  test(
    'refuses a transaction and keeps the rows before it',
    { skip: !mounted && 'a small disk cannot be mounted' },
    () => {
      const path = join(disk, 'full.sqlite')
      const db = RawConnection.open(sqlite, path)
      db.all('CREATE TABLE t(a); INSERT INTO t VALUES(randomblob(50000))')
      assert.throws(() => db.all('INSERT INTO t VALUES(randomblob(600000))'), { code: SQLITE_FULL })
      db.all('INSERT INTO t VALUES(randomblob(30000))')
      assert.deepEqual(db.all('PRAGMA integrity_check; SELECT length(a) FROM t'), [
        'ok',
        '50000',
        '30000',
      ])
      db.close()
      assert.deepEqual(fs.readdirSync(dirname(path)), ['full.sqlite'])
    },
  )
})
