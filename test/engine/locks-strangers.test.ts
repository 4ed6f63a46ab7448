import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { installNodeVfs } from '../../src/sqlite/platform/node/node-vfs.ts'
import { registerVfs } from '../../src/sqlite/vfs/vfs-adapter.ts'
import { decoratedVfs, type Around, type VfsCall } from './decorated-vfs.ts'
import { noShell, shell } from './vfs-process.ts'
import {
  OPEN_CREATE,
  OPEN_READONLY,
  OPEN_URI,
  RawConnection,
  type RawError,
  sqliteWithFiles,
  temporaryFolder,
} from './vfs-raw.ts'

// This process locks by directories, as one without koffi does, and native programs do not see that.
const sqlite = await sqliteWithFiles('directory')
const plain: Around = (_call, go) => go()
let around = plain
registerVfs(
  sqlite,
  decoratedVfs('watched', installNodeVfs(sqlite).vfs, (call, go) => around(call, go)),
)
const folder = temporaryFolder()
const skip = process.platform === 'linux' ? noShell() : 'only Linux shows who holds locks'
let files = 0

/** 24 rows on many pages, all of value 1. */
function create(at = folder): { path: string; db: RawConnection } {
  const path = join(at, `${++files}.sqlite`)
  const db = RawConnection.open(sqlite, `file://${path}?vfs=watched`, OPEN_CREATE | OPEN_URI)
  db.all(
    'PRAGMA page_size = 1024; CREATE TABLE t(id INTEGER PRIMARY KEY, a, filler); ' +
      'WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 24) INSERT INTO t SELECT i, 1, zeroblob(500) FROM s',
  )
  return { path, db }
}

const refused = (error: RawError): boolean =>
  error.below?.hint?.includes('npm install koffi') === true

const CHANGES: ReadonlySet<VfsCall['operation']> = new Set([
  'write',
  'sync',
  'syncDirectory',
  'truncate',
  'delete',
])

/** Runs `body`; `between` runs before each call that changes a file, as if the process had been stopped there. */
function beforeEachChange(between: () => void, body: () => void): void {
  around = ({ operation }, go) => {
    if (CHANGES.has(operation)) between()
    return go()
  }
  try {
    body()
  } finally {
    around = plain
  }
}

describe('a native program that comes while we commit', { skip }, () => {
  for (const mode of ['DELETE', 'TRUNCATE', 'PERSIST'])
    test(`at whichever moment: the file is whole, and says what we said (${mode})`, () => {
      const refusals: string[] = []
      for (let n = 1, more = true; more; n++) {
        const { path, db } = create()
        db.all(`PRAGMA journal_mode = ${mode}; BEGIN IMMEDIATE; UPDATE t SET a = 2`)
        let changes = 0
        let came = false
        let committed = false
        const come = (): void => {
          if (++changes !== n) return
          came = true
          shell(path, 'SELECT count(*) FROM t')
        }
        beforeEachChange(come, () => {
          try {
            db.all('COMMIT')
            committed = true
          } catch (error) {
            refusals.push((error as Error).message)
          }
        })
        more = came
        assert.deepEqual(
          shell(path, 'PRAGMA integrity_check; SELECT DISTINCT a FROM t'),
          ['ok', committed ? '2' : '1'],
          `it came before change ${n}`,
        )
        try {
          db.all('ROLLBACK')
        } catch {
          // Rolled back already.
        }
        db.all('UPDATE t SET a = 3')
        assert.deepEqual(shell(path, 'SELECT DISTINCT a FROM t'), ['3'])
        db.close()
      }
      assert.ok(refusals.length > 10, `${refusals.length} commits were refused`)
    })
})

describe('a native program that writes while we read', { skip }, () => {
  test('makes the read fail: no answer is of two states of the file', () => {
    const { path, db } = create()
    db.all('PRAGMA cache_size = 1; BEGIN')
    assert.deepEqual(db.all('SELECT a FROM t WHERE id = 1'), ['1'])
    shell(path, 'UPDATE t SET a = 2')
    assert.throws(() => db.all('SELECT sum(a) FROM t'), refused)
    assert.deepEqual(db.all('SELECT sum(a) FROM t'), ['48'])
    db.close()
  })

  test('and our own commit does not', () => {
    const { db } = create()
    db.all('PRAGMA cache_size = 1; BEGIN; UPDATE t SET a = 2; COMMIT')
    assert.deepEqual(db.all('SELECT sum(a) FROM t'), ['48'])
    db.close()
  })
})

const mounts = fs.mkdtempSync(join(tmpdir(), 'svec-mount-'))
const writable = join(mounts, 'writable')
const readonly = join(mounts, 'readonly')
fs.mkdirSync(writable)
fs.mkdirSync(readonly)
const bound = spawnSync('mount', ['--bind', writable, readonly]).status === 0
const mounted = bound && spawnSync('mount', ['-o', 'remount,bind,ro', readonly]).status === 0
after(() => {
  if (bound) spawnSync('umount', [readonly])
  fs.rmSync(mounts, { recursive: true })
})

/** One file under both names. */
function twice(): { path: string; here: string } {
  const { path, db } = create(writable)
  db.close()
  return { path, here: path.replace(writable, readonly) }
}

describe(
  'a file system that is read-only to us',
  { skip: skip || (!mounted && 'a folder cannot be mounted read-only') },
  () => {
    test('can be read, and is not written to', () => {
      const { here } = twice()
      const before = fs.readdirSync(readonly)
      for (const flags of [OPEN_READONLY, undefined]) {
        const db = RawConnection.open(sqlite, here, flags)
        assert.deepEqual(db.all('SELECT sum(a) FROM t'), ['24'])
        assert.throws(() => db.all('UPDATE t SET a = 2'), /readonly/)
        db.close()
      }
      assert.deepEqual(fs.readdirSync(readonly), before)
    })

    test('while somebody else writes: each answer is of one state, or SQLITE_BUSY', () => {
      const { path, here } = twice()
      const db = RawConnection.open(sqlite, here, OPEN_READONLY)
      db.all('PRAGMA cache_size = 1; BEGIN')
      assert.deepEqual(db.all('SELECT a FROM t WHERE id = 1'), ['1'])
      shell(path, 'UPDATE t SET a = 2')
      assert.throws(() => db.all('SELECT sum(a) FROM t'), { code: 5 })
      db.all('ROLLBACK')
      assert.deepEqual(db.all('SELECT sum(a) FROM t'), ['48'])
      const writer = RawConnection.open(sqlite, path)
      writer.all('PRAGMA cache_size = 1; BEGIN; UPDATE t SET a = 3')
      // Pages have left the writer's small cache: they are in the file, and not committed.
      assert.throws(() => db.all('SELECT sum(a) FROM t'), { code: 5 })
      writer.all('ROLLBACK')
      assert.deepEqual(db.all('SELECT sum(a) FROM t'), ['48'])
      writer.close()
      db.close()
    })

    test('with the journal of a crash is refused, not read half-way', () => {
      const { path, here } = twice()
      const script = `PRAGMA cache_size = 1; BEGIN; UPDATE t SET a = 4; SELECT 1;\n.system kill -9 $PPID\n`
      spawnSync('sqlite3', ['-batch', path], { input: script })
      assert.ok(fs.existsSync(`${path}-journal`))
      const db = RawConnection.open(sqlite, here, OPEN_READONLY)
      assert.throws(() => db.all('SELECT sum(a) FROM t'), /readonly|unable to open/)
      db.close()
      assert.deepEqual(shell(path, 'SELECT sum(a) FROM t'), ['24'])
    })
  },
)

test('a folder that may only be read can be read from', { skip }, t => {
  const { path, db } = create()
  db.close()
  const root = process.geteuid?.() === 0
  fs.chmodSync(folder, 0o755)
  if (root) process.seteuid?.(65534)
  else fs.chmodSync(folder, 0o555)
  t.after(() => (root ? process.seteuid?.(0) : fs.chmodSync(folder, 0o755)))
  const reader = RawConnection.open(sqlite, path, OPEN_READONLY)
  assert.deepEqual(reader.all('SELECT sum(a) FROM t'), ['24'])
  reader.close()
})
