import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type Connection, type OpenOptions, open } from '../../src/entries/main.ts'
import { loadEngine } from '../../src/sqlite/load-engine.ts'
import { installNodeVfs } from '../../src/sqlite/platform/node/node-vfs.ts'
import { registerVfs } from '../../src/sqlite/vfs/vfs-adapter.ts'
import { moduleArguments } from '../module-arguments.ts'
import { refused, refusedLater } from '../refusal.ts'
import { decoratedVfs } from './decorated-vfs.ts'
import { openNative } from './vfs-native.ts'
import { Child, noShell, shell } from './vfs-process.ts'
import { temporaryFolder } from './vfs-raw.ts'

const folder = temporaryFolder()
const noProc = process.platform === 'linux' ? false : 'needs /proc/self/fd'
let files = 0

function create(sql = 'CREATE TABLE t(x); INSERT INTO t VALUES (1)'): string {
  const path = join(folder, `${++files}.sqlite`)
  const db = openNative(path)
  db.exec(sql)
  db.close()
  return path
}

/** A database with some bytes of its header changed. */
function damaged(at: number, ...bytes: number[]): string {
  const path = create()
  const fd = fs.openSync(path, 'r+')
  fs.writeSync(fd, Buffer.from(bytes), 0, bytes.length, at)
  fs.closeSync(fd)
  return path
}

/** Descriptors of this process that lead into the test's folder. */
function openFiles(): string[] {
  return fs.readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      const path = fs.readlinkSync(`/proc/self/fd/${fd}`)
      return path.startsWith(`${folder}/`) ? [path] : []
    } catch {
      return []
    }
  })
}

describe('an open that fails leaves no descriptor and no lock', { skip: noProc }, () => {
  const kinds: readonly (readonly [name: string, make: () => string])[] = [
    [
      'text',
      () => (fs.writeFileSync(join(folder, 'text'), 'x'.repeat(5000)), join(folder, 'text')),
    ],
    ['a folder', () => folder],
    ['a page size that cannot be', () => damaged(16, 0, 3)],
    ['a newer file format', () => damaged(18, 3, 3)],
    ['a newer schema format', () => damaged(44, 0, 0, 0, 9)],
    ['a first page that is none', () => damaged(100, 99)],
    ['text as UTF-16', () => create("PRAGMA encoding = 'UTF-16le'; CREATE TABLE t(x)")],
  ]
  const ways: OpenOptions[] = [{}, { readonly: true }, { exclusive: true }]
  for (const [name, make] of kinds)
    for (const options of ways)
      test(`${name}, opened with ${JSON.stringify(options)}`, async () => {
        const path = make()
        await assert.rejects(open(path, options), { name: 'VecError' })
        assert.deepEqual(openFiles(), [])
      })

  test('whichever operation of the file system fails', async () => {
    const { vfs } = installNodeVfs(await loadEngine())
    let left = Infinity
    registerVfs(
      await loadEngine(),
      decoratedVfs('failing', vfs, ({ operation, path }, go) => {
        if (operation === 'close' || path === '' || --left !== 0) return go()
        throw Object.assign(new Error('EIO: by the test'), { code: 'EIO' })
      }),
    )
    for (const options of [{}, { exclusive: true }]) {
      let failed = 0
      for (let n = 1; ; n++) {
        const path = create()
        left = n
        let db: Connection | undefined
        try {
          db = await open(`file:${path}?vfs=failing`, options)
        } catch {
          failed++
        }
        const done = left > 0
        left = Infinity
        db?.close()
        assert.deepEqual(openFiles(), [], `after a failure of operation ${n}`)
        using again = await open(path, { exclusive: true })
        again.exec('INSERT INTO t VALUES (2)')
        if (done) break
      }
      assert.ok(failed > 5, `${failed} failures`)
    }
  })

  test('exclusive, while another process is using the file in WAL mode', async t => {
    const path = create('PRAGMA journal_mode = WAL; CREATE TABLE t(x)')
    const child = new Child('native', path, 'hold', 'BEGIN; SELECT x FROM t')
    t.after(() => child.process.kill('SIGKILL'))
    await child.line('held')
    for (let n = 0; n < 3; n++) {
      await refusedLater(
        open(path, { exclusive: true, busyTimeout: 50 }),
        'SQLITE_BUSY',
        path,
        'another connection',
      )
      assert.deepEqual(openFiles(), [])
    }
    await child.finish()
    using db = await open(path, { exclusive: true })
    db.exec('INSERT INTO t VALUES (1)')
  })
})

describe('a database with text as UTF-16', { skip: noShell() }, () => {
  for (const encoding of ['UTF-16le', 'UTF-16be'])
    test(`is refused by ${encoding}, and the recipe in the message converts it`, async () => {
      const path = create(
        `PRAGMA encoding = '${encoding}'; CREATE TABLE t(x UNIQUE, y); ` +
          "INSERT INTO t(rowid, x, y) VALUES (7, 'a\u20ac\u{1f600}', x'00ff'), (9, NULL, 1.5)",
      )
      const error = await refusedLater(open(path), 'SQLITE_CANTOPEN', path, encoding, 'UTF-8')
      const [recipe = ''] = /sqlite3 \S+ '\.dump.*$/.exec(error.hint ?? '') ?? []
      const { status, stderr } = spawnSync('sh', ['-c', recipe], { encoding: 'utf8' })
      assert.equal(status, 0, stderr)
      using db = await open(`${path}-utf8`)
      assert.deepEqual(db.prepare('SELECT rowid, x, hex(y) AS y FROM t').all(), [
        { rowid: 7, x: 'a\u20ac\u{1f600}', y: '00FF' },
        { rowid: 9, x: null, y: '312E35' },
      ])
    })

  test('cannot be attached, by the same message', async () => {
    const path = create("PRAGMA encoding = 'UTF-16le'; CREATE TABLE t(x)")
    using db = await open(':memory:')
    refused(
      () => db.exec(`ATTACH '${path}' AS other`),
      'SQLITE_CANTOPEN',
      path,
      'UTF-16le',
      '.dump',
    )
  })
})

describe('a failed ATTACH says why', () => {
  test('for text and for a folder', async () => {
    const text = join(folder, 'no database')
    fs.writeFileSync(text, 'x'.repeat(5000))
    using db = await open(':memory:')
    const attach = (path: string) => () => db.prepare('ATTACH ? AS other').run(path)
    refused(attach(text), 'SQLITE_NOTADB', text)
    refused(attach(folder), 'SQLITE_CANTOPEN', folder, 'directory')
    refused(attach(join(folder, 'no', 'folder')), 'SQLITE_CANTOPEN', join(folder, 'no'))
  })

  test('for a file in WAL mode that has no shared memory', async () => {
    const path = create('PRAGMA journal_mode = WAL; CREATE TABLE t(x)')
    const script = `
      import { installNodeVfs } from ${JSON.stringify(new URL('../../src/sqlite/platform/node/node-vfs.js', import.meta.url).href)}
      import { sqliteAlone } from ${JSON.stringify(new URL('./sqlite-alone.js', import.meta.url).href)}
      import { open } from ${JSON.stringify(new URL('../../src/entries/main.js', import.meta.url).href)}
      installNodeVfs(await sqliteAlone(), { locks: 'directory' })
      const db = await open(${JSON.stringify(join(folder, 'other.sqlite'))})
      try { db.prepare('ATTACH ? AS other').run(${JSON.stringify(path)}) } catch (e) { console.log(e.code, e.message) }`
    const { stdout } = spawnSync(process.execPath, moduleArguments(script), {
      encoding: 'utf8',
    })
    assert.match(stdout, /^SQLITE_CANTOPEN .*is in WAL mode.*PRAGMA journal_mode ?= ?DELETE/)
    assert.ok(stdout.includes(path), stdout)
  })
})

describe('a file that is not where it was opened', () => {
  const insert = 'INSERT INTO t VALUES (2)'
  const cases: readonly (readonly [what: string, change: (path: string) => void, says: string])[] =
    [
      ['moved', path => fs.renameSync(path, `${path}.moved`), 'moved'],
      ['deleted', path => fs.rmSync(path), 'moved'],
      [
        'replaced',
        path => {
          fs.rmSync(path)
          fs.copyFileSync(create(), path)
        },
        'another file is now at',
      ],
    ]
  for (const [what, change, says] of cases)
    test(`because it was ${what} is named, and still read`, async () => {
      const path = create()
      using db = await open(path)
      db.exec(insert)
      change(path)
      refused(() => db.exec(insert), 'SQLITE_READONLY', path, says, 'open')
      assert.deepEqual(db.prepare('SELECT x FROM t').pluck().all(), [1, 2])
    })

  for (const [what, change] of cases)
    for (const exclusive of [false, true])
      test(`takes no commit in WAL mode${exclusive ? ', used alone' : ''}, once it was ${what}`, async () => {
        const path = create()
        using db = await open(path, { exclusive })
        using other = exclusive ? undefined : await open(path)
        db.exec('PRAGMA journal_mode = WAL')
        db.exec(insert)
        assert.equal(other?.prepare('SELECT count(*) FROM t').pluck().get() ?? 2, 2)
        change(path)
        refused(() => db.exec(insert), 'SQLITE_READONLY', path, 'open')
        assert.equal(db.inTransaction, false)
        if (other !== undefined) refused(() => other.exec(insert), 'SQLITE_READONLY', path)
        assert.deepEqual(db.prepare('SELECT x FROM t').pluck().all(), [1, 2])
      })

  test('is not read through the WAL of the file that took its name', async () => {
    const path = create()
    const moved = `${path}.moved`
    using early = await open(path)
    const native = openNative(path)
    native.exec('PRAGMA journal_mode = WAL')
    native.close()
    fs.renameSync(path, moved)
    const next = openNative(path)
    try {
      next.exec('PRAGMA journal_mode = WAL; CREATE TABLE t(x); INSERT INTO t VALUES (7)')
      const read = () => early.prepare('SELECT x FROM t').all()
      refused(read, 'SQLITE_CANTOPEN', path, 'moved')
    } finally {
      next.close()
    }
  })
})

test('a disk that fails to read is named by its errno, not called damage', async () => {
  const { vfs } = installNodeVfs(await loadEngine())
  let fails = false
  const read = decoratedVfs('unreadable', vfs, ({ operation }, go) => {
    if (!fails || operation !== 'read') return go()
    throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })
  })
  registerVfs(await loadEngine(), read)
  const path = create()
  using db = await open(`file:${path}?vfs=unreadable`)
  db.exec('BEGIN; INSERT INTO t SELECT randomblob(5000) FROM t; COMMIT')
  fails = true
  using other = await open(path)
  other.exec('INSERT INTO t VALUES (2)')
  refused(() => db.prepare('SELECT * FROM t').all(), 'SQLITE_IOERR', path, 'EIO', 'system log')
  fails = false
  assert.equal(db.prepare('SELECT count(*) FROM t').pluck().get(), 3)
  assert.deepEqual(shell(path, 'PRAGMA integrity_check'), ['ok'])
})
