import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { after, describe, test } from 'node:test'
import { installNodeVfs } from '../../src/sqlite/platform/node/node-vfs.ts'
import {
  SQLITE_FULL,
  SQLITE_IOERR_DIR_FSYNC,
  SQLITE_IOERR_FSYNC,
  SQLITE_IOERR_READ,
  SQLITE_IOERR_WRITE,
} from '../../src/sqlite/result-codes.ts'
import { registerVfs } from '../../src/sqlite/vfs/vfs-adapter.ts'
import { VfsFailure } from '../../src/sqlite/vfs/vfs-errors.ts'
import { decoratedVfs, type Around, type VfsCall } from './decorated-vfs.ts'
import { noPatches, withFs, type Patch } from './replaced-fs.ts'
import {
  OPEN_CREATE,
  OPEN_URI,
  RawConnection,
  type RawError,
  sqliteWithFiles,
  temporaryFolder,
} from './vfs-raw.ts'

const sqlite = await sqliteWithFiles()
const folder = temporaryFolder()
let files = 0

function create(pragmas = '', layer: Layer = nodeFs): { path: string; db: RawConnection } {
  const path = join(folder, `${++files}.sqlite`)
  const db = layer.open(path)
  db.all(`${pragmas}; CREATE TABLE t(a, b); INSERT INTO t VALUES(1, randomblob(50000))`)
  return { path, db }
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: by the test`), { code })
}

/** The name of the file behind a descriptor. */
function nameOf(fd: number): string {
  if (fs.fstatSync(fd).isDirectory()) return 'folder'
  return shortName(fs.readlinkSync(`/proc/self/fd/${fd}`))
}

function shortName(path: string): string {
  return basename(path).replace(/^\d+\.sqlite/, 'db')
}

/** The syncs and removals that `sql` causes, in order. */
const syncs = (layer: Layer, db: RawConnection, sql: string): string[] =>
  layer.syncs(() => db.all(sql))

/** The functions of node:fs behind a call on the file system. */
const BEHIND = {
  read: 'readSync',
  write: 'writeSync',
  sync: 'fsyncSync',
  syncDirectory: 'fsyncSync',
} as const

interface Fault {
  readonly call: keyof typeof BEHIND
  readonly file: 'db' | 'db-journal'
  readonly error: Error
}

/** A place below SQLite where calls can be watched and made to fail. */
interface Layer {
  readonly name: string
  /** Why it cannot be had here. */
  readonly skip: string | false
  open(path: string): RawConnection
  /** Runs `body` while each such call throws. */
  failing(fault: Fault, body: () => void): void
  /** The syncs and removals during `body`, in order. */
  syncs(body: () => void): string[]
}

/** The functions that our file system calls. */
const nodeFs: Layer = {
  name: 'node:fs',
  skip: process.platform !== 'linux' ? 'needs /proc/self/fd' : noPatches(),
  open: path => RawConnection.open(sqlite, path),
  failing({ call, file, error }, body) {
    const name = BEHIND[call]
    const real = fs[name] as (fd: number, ...rest: unknown[]) => unknown
    const wanted = call === 'syncDirectory' ? 'folder' : file
    const patched = (fd: number, ...rest: unknown[]): unknown => {
      if (nameOf(fd) === wanted) throw error
      return real(fd, ...rest)
    }
    withFs({ [name]: patched }, body)
  },
  syncs(body) {
    const seen: string[] = []
    const { fsyncSync, fdatasyncSync, unlinkSync } = fs
    const patch: Patch = {
      fsyncSync: (fd: number) => (seen.push(`sync ${nameOf(fd)}`), fsyncSync(fd)),
      fdatasyncSync: (fd: number) => (seen.push(`sync ${nameOf(fd)}`), fdatasyncSync(fd)),
      unlinkSync: (path: string) => (seen.push(`remove ${shortName(path)}`), unlinkSync(path)),
    }
    withFs(patch, body)
    return seen
  },
}

let around: Around = (_call, go) => go()
registerVfs(
  sqlite,
  decoratedVfs('watched', installNodeVfs(sqlite).vfs, (call, go) => around(call, go)),
)

/** Runs `body` while `watch` is around each call on the file system. */
function withVfs(watch: Around, body: () => void): void {
  const saved = around
  around = watch
  try {
    body()
  } finally {
    around = saved
  }
}

/** Our file system itself, in every runtime. */
const ourVfs: Layer = {
  name: 'the VFS',
  skip: false,
  open: path => RawConnection.open(sqlite, `file://${path}?vfs=watched`, OPEN_CREATE | OPEN_URI),
  failing: ({ call, file, error }, body) =>
    withVfs(({ operation, path }, go) => {
      // The folder is that of a new journal.
      if (operation !== call) return go()
      // Our file system itself gives this one its own result code.
      if (call === 'syncDirectory')
        throw new VfsFailure(SQLITE_IOERR_DIR_FSYNC, path, error.message)
      if (shortName(path) === file) throw error
      return go()
    }, body),
  syncs(body) {
    const seen: string[] = []
    const texts: Partial<Record<VfsCall['operation'], (path: string) => string>> = {
      sync: path => `sync ${shortName(path)}`,
      syncDirectory: () => 'sync folder',
      delete: path => `remove ${shortName(path)}`,
    }
    withVfs(({ operation, path }, go) => {
      const text = texts[operation]?.(path)
      if (text !== undefined) seen.push(text)
      return go()
    }, body)
    return seen
  },
}

for (const layer of [nodeFs, ourVfs])
  describe(`durability, seen at ${layer.name}`, { skip: layer.skip }, () => {
    const insert = 'INSERT INTO t VALUES(2, 3)'

    test('a commit syncs the journal and its name before the file, and the removal after it', () => {
      const { db } = create('', layer)
      assert.deepEqual(syncs(layer, db, insert), [
        'sync db-journal',
        'sync folder',
        'sync db-journal',
        'sync db',
        'remove db-journal',
      ])
      assert.deepEqual(syncs(layer, db, `PRAGMA synchronous = EXTRA; ${insert}`), [
        'sync db-journal',
        'sync folder',
        'sync db-journal',
        'sync db',
        'remove db-journal',
        'sync folder',
      ])
      assert.deepEqual(syncs(layer, db, `PRAGMA synchronous = OFF; ${insert}`), [
        'remove db-journal',
      ])
      db.close()
    })

    test('a commit in WAL mode syncs the WAL', () => {
      const { db } = create('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL', layer)
      assert.deepEqual(syncs(layer, db, insert), ['sync db-wal'])
      db.close()
    })
  })

describe('partial reads and writes', { skip: nodeFs.skip }, () => {
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

const update = 'UPDATE t SET a = a + 1, b = randomblob(50000)'

for (const layer of [nodeFs, ourVfs])
  describe(`a file system that fails in ${layer.name}`, { skip: layer.skip }, () => {
    const cases: [name: string, fault: Fault, sql: string, code: number][] = [
      [
        'a full disk at the journal',
        { call: 'write', file: 'db-journal', error: systemError('ENOSPC') },
        update,
        SQLITE_FULL,
      ],
      [
        'a full disk at the file',
        { call: 'write', file: 'db', error: systemError('ENOSPC') },
        update,
        SQLITE_FULL,
      ],
      [
        'an exceeded quota',
        { call: 'write', file: 'db', error: systemError('EDQUOT') },
        update,
        SQLITE_FULL,
      ],
      [
        'a write error',
        { call: 'write', file: 'db', error: systemError('EIO') },
        update,
        SQLITE_IOERR_WRITE,
      ],
      [
        'a read error',
        { call: 'read', file: 'db', error: systemError('EIO') },
        'SELECT b FROM t',
        SQLITE_IOERR_READ,
      ],
      [
        'a read that is refused',
        { call: 'read', file: 'db', error: systemError('EBADF') },
        'SELECT b FROM t',
        SQLITE_IOERR_READ,
      ],
      [
        'an exception that is no system error',
        { call: 'read', file: 'db', error: new TypeError('odd') },
        'SELECT b FROM t',
        SQLITE_IOERR_READ,
      ],
      [
        'a journal that cannot be synced',
        { call: 'sync', file: 'db-journal', error: systemError('EIO') },
        update,
        SQLITE_IOERR_FSYNC,
      ],
      [
        'a file that cannot be synced',
        { call: 'sync', file: 'db', error: systemError('EIO') },
        update,
        SQLITE_IOERR_FSYNC,
      ],
      [
        'a folder that cannot be synced',
        { call: 'syncDirectory', file: 'db-journal', error: systemError('EIO') },
        update,
        SQLITE_IOERR_DIR_FSYNC,
      ],
    ]
    for (const [name, fault, sql, code] of cases)
      test(`${name} is told with its cause, and the file keeps what was committed`, () => {
        const { path, db } = create('', layer)
        const sum = 'SELECT a, hex(b) FROM t'
        const before = db.all(sum)
        db.close()
        const again = layer.open(path)
        layer.failing(fault, () =>
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
