import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { before, beforeEach, describe, test } from 'node:test'
import { open } from '../../src/entries/engine.ts'
import { installNodeVfs } from '../../src/sqlite/platform/node/node-vfs.ts'
import { SQLITE_FULL } from '../../src/sqlite/result-codes.ts'
import { registerVfs } from '../../src/sqlite/vfs/vfs-adapter.ts'
import { type Around, type VfsCall, decoratedVfs } from './decorated-vfs.ts'
import { sqliteWithFiles, temporaryFolder } from './vfs-raw.ts'

const sqlite = await sqliteWithFiles()
const folder = temporaryFolder()
const plain: Around = (_call, go) => go()
let around: Around = plain
const { vfs } = installNodeVfs(sqlite)
registerVfs(
  sqlite,
  decoratedVfs('decorated', vfs, (call, go) => around(call, go)),
)
const OPTIONS = { register: false } as const
let files = 0

function uri(): string {
  return `file://${join(folder, `${++files}.sqlite`)}?vfs=decorated`
}

const effects = new Set<VfsCall['operation']>([
  'write',
  'truncate',
  'sync',
  'delete',
  'syncDirectory',
])

describe('a decorated file system', () => {
  beforeEach(() => {
    around = plain
  })

  test('sees each effect on the disk in its order, also of an attached file', async () => {
    const db = await open(uri(), OPTIONS)
    db.exec('CREATE TABLE t(a)')
    db.exec(`ATTACH '${join(folder, `${++files}.sqlite`)}' AS other; CREATE TABLE other.t(a)`)
    const seen: string[] = []
    around = (call, go) => {
      const name = `${call.operation} ${basename(call.path).replace(/^\d+\.sqlite/, 'db')}`
      if (effects.has(call.operation) && seen.at(-1) !== name) seen.push(name)
      return go()
    }
    const commit = [
      'write db-journal',
      'sync db-journal',
      'syncDirectory db-journal',
      'write db-journal',
      'sync db-journal',
      'write db',
      'sync db',
      'delete db-journal',
    ]
    db.exec('INSERT INTO t VALUES(1)')
    assert.deepEqual(seen.splice(0), commit)
    db.exec('INSERT INTO other.t VALUES(1)')
    assert.deepEqual(seen, commit)
    around = plain
    db.close()
  })

  test('cuts a file only when the removal of its journal is safe', async () => {
    const db = await open(uri(), OPTIONS)
    db.exec('CREATE TABLE t(a); INSERT INTO t VALUES(zeroblob(100000)); DELETE FROM t')
    const seen: string[] = []
    around = (call, go) => {
      if (effects.has(call.operation)) seen.push(call.operation)
      return go()
    }
    db.exec('VACUUM')
    assert.deepEqual(seen.slice(-4), ['sync', 'delete', 'syncDirectory', 'truncate'])
    around = plain
    db.close()
  })

  test('may read and write less than was asked: the rest follows', async () => {
    around = (call, go) => go(call.bytes?.subarray(0, 700))
    const name = uri()
    const db = await open(name, OPTIONS)
    db.exec('CREATE TABLE t(a); INSERT INTO t VALUES(randomblob(100001))')
    db.close()
    const again = await open(name, OPTIONS)
    assert.equal(again.prepare('SELECT length(a) FROM t').pluck().get(), 100_001)
    assert.equal(again.pragma('integrity_check', { simple: true }), 'ok')
    again.close()
  })

  test('may write nothing: the disk is full', async () => {
    const db = await open(uri(), OPTIONS)
    db.exec('CREATE TABLE t(a)')
    around = (call, go) => (call.operation === 'write' ? (0 as ReturnType<typeof go>) : go())
    assert.throws(() => db.exec('INSERT INTO t VALUES(1)'), { extendedCode: SQLITE_FULL })
    around = plain
    db.exec('INSERT INTO t VALUES(1)')
    db.close()
  })

  test('is registered once under a name', () => {
    assert.throws(() => registerVfs(sqlite, vfs), /called 'node' is already registered/)
  })
})

describe('a first page that a power failure left half-written', () => {
  const damages: [name: string, damage: (page: Uint8Array) => void][] = [
    ['without its magic', page => page.fill(0, 0, 512)],
    ['that says WAL', page => page.fill(2, 18, 20)],
  ]
  for (const [name, damage] of damages)
    test(`${name} is restored from the journal`, async () => {
      const path = join(folder, `${++files}.sqlite`)
      const crashed = join(folder, `${++files}.sqlite`)
      const db = await open(`file://${path}?vfs=decorated`, OPTIONS)
      db.exec('CREATE TABLE t(a); INSERT INTO t VALUES(1)')
      around = (call, go) => {
        if (call.operation === 'sync' && call.path === path) {
          const bytes = readFileSync(path)
          damage(bytes)
          writeFileSync(crashed, bytes)
          copyFileSync(`${path}-journal`, `${crashed}-journal`)
        }
        return go()
      }
      db.exec('UPDATE t SET a = 2')
      around = plain
      db.close()
      const again = await open(crashed, OPTIONS)
      assert.equal(again.prepare('SELECT a FROM t').pluck().get(), 1)
      again.close()
    })
})

const ROWS = 4000

/** Numbers of rows and the failure that a scan ended with, after one transient error on the n-th read. */
async function scanWithOneFailure(
  name: string,
  n: number,
  exclusive: boolean,
): Promise<{ failed: boolean; rows: unknown[] }> {
  const db = await open(name, { ...OPTIONS, exclusive, cacheSize: 20 * 8192 })
  const scan = (from: number, to: number): number[] =>
    db.prepare('SELECT n FROM t WHERE n BETWEEN ? AND ?').pluck().all(from, to) as number[]
  db.exec('BEGIN')
  scan(2000, 2100)
  let reads = 0
  let failed = false
  around = (call, go) => {
    if (call.operation === 'read' && ++reads === n) {
      failed = true
      // As a disk does: part of the data is there already.
      go(call.bytes?.subarray(0, 100_000))
      throw Object.assign(new Error('EIO: once'), { code: 'EIO' })
    }
    return go()
  }
  let code = ''
  try {
    scan(1950, 2600)
  } catch (error) {
    code = (error as { code: string }).code
  }
  around = plain
  assert.equal(code, failed ? 'SQLITE_IOERR' : '')
  if (!db.inTransaction) db.exec('BEGIN')
  const rows = [scan(1985, 2090).length, scan(1, ROWS).length]
  db.exec(`UPDATE t SET v = v || 'x' WHERE n BETWEEN 2120 AND 2200; COMMIT`)
  rows.push(...scan(1, ROWS).slice(-1))
  const check = db.pragma('integrity_check', { simple: true })
  db.close()
  return { failed, rows: [...rows, check] }
}

describe('after a transient error on any read, the next ones give the right pages', () => {
  let name: string

  before(async () => {
    around = plain
    name = uri()
    const made = await open(name, OPTIONS)
    made.exec(
      `CREATE TABLE t(n INTEGER PRIMARY KEY, v TEXT);
       WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < ${ROWS})
       INSERT INTO t SELECT x, printf('%.1000c', '.') FROM i`,
    )
    made.close()
  })

  for (const exclusive of [false, true])
    test(exclusive ? 'under a lock that is never given back' : 'under a new lock', async () => {
      let failures = 0
      for (let n = 1; ; n++) {
        const { failed, rows } = await scanWithOneFailure(name, n, exclusive)
        assert.deepEqual(rows, [106, ROWS, ROWS, 'ok'], `an error on read ${n}`)
        if (!failed) break
        failures++
      }
      assert.ok(failures > 5, `only ${failures} reads`)
    })
})
