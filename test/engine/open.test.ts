import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { lockSupport } from '../../src/entries/engine.ts'
import { open, type Connection } from '../../src/entries/main.ts'
import { moduleArguments } from '../module-arguments.ts'
import { refused, refusedLater } from '../refusal.ts'

let folder: string

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'open-'))
})
after(() => {
  rmSync(folder, { recursive: true, force: true })
})

const file = (name: string): string => join(folder, name)

async function make(
  name: string,
  sql = 'CREATE TABLE t(x); INSERT INTO t VALUES (1)',
): Promise<string> {
  const path = file(name)
  rmSync(path, { force: true })
  const db = await open(path, { register: false })
  db.exec(sql).close()
  return path
}

test('a file that is not a database is refused with its path', async () => {
  const path = file('text.db')
  writeFileSync(path, 'This is no database, but a text of some length.'.repeat(100))
  await refusedLater(open(path), 'SQLITE_NOTADB', path, 'path')
})

test('a directory is refused as one', async () => {
  mkdirSync(file('folder'))
  await refusedLater(open(file('folder')), 'SQLITE_CANTOPEN', file('folder'), 'directory', 'file')
})

test('a missing folder is refused with its name', async () => {
  await refusedLater(open(file('no/where.db')), 'SQLITE_CANTOPEN', file('no'), 'exist', 'folder')
})

test('a file without permission is refused', async () => {
  const path = await make('secret.db')
  chmodSync(path, 0)
  chmodSync(folder, 0o755)
  // Root may read everything.
  const root = process.geteuid?.() === 0
  if (root) process.seteuid?.(65534)
  try {
    await refusedLater(open(path), 'SQLITE_CANTOPEN', path, 'permission')
  } finally {
    if (root) process.seteuid?.(0)
  }
})

test('a missing file is refused when it must exist, and is not made', async () => {
  const path = file('missing.db')
  await refusedLater(open(path, { readonly: true }), 'SQLITE_CANTOPEN', path, 'exist', 'readonly')
  await refusedLater(
    open(path, { create: false }),
    'SQLITE_CANTOPEN',
    path,
    'exist',
    'allow create',
  )
  assert.equal(existsSync(path), false)
})

test('a locked file is refused after the timeout, not before, with what to do', async () => {
  const path = await make('locked.db')
  using holder = await open(path, { register: false })
  using waiter = await open(path, { register: false, busyTimeout: 300 })
  holder.exec('BEGIN IMMEDIATE')
  const start = performance.now()
  refused(() => waiter.exec('INSERT INTO t VALUES (2)'), 'SQLITE_BUSY', 'locked', 'busyTimeout')
  const waited = performance.now() - start
  assert.ok(waited >= 250 && waited < 5000, `waited ${waited} ms`)
  const again = performance.now()
  refused(
    () => waiter.waitingAtMost(0, () => waiter.exec('INSERT INTO t VALUES (2)')),
    'SQLITE_BUSY',
  )
  assert.ok(performance.now() - again < 200)
})

test('a lock that another process gives up in time is waited for', async () => {
  const path = await make('waited.db')
  const main = new URL('../../src/entries/main.js', import.meta.url).href
  const script = `
    const { open } = await import(${JSON.stringify(main)})
    const db = await open(${JSON.stringify(path)})
    db.exec('BEGIN IMMEDIATE; INSERT INTO t VALUES (2)')
    console.log('locked')
    setTimeout(() => { db.exec('COMMIT'); db.close() }, 400)`
  const child = spawn(process.execPath, moduleArguments(script), {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  using db = await open(path, { register: false, busyTimeout: 20_000 })
  db.exec('INSERT INTO t VALUES (3)')
  assert.deepEqual(db.prepare('SELECT x FROM t').pluck().all(), [1, 2, 3])
  if (child.exitCode === null) await once(child, 'exit')
})

test('a readonly connection reads, and refuses to write', async () => {
  const path = await make('readonly.db')
  using db = await open(path, { readonly: true })
  assert.equal(db.readonly, true)
  assert.equal(db.prepare('SELECT x FROM t').pluck().get(), 1)
  refused(
    () => db.exec('INSERT INTO t VALUES (2)'),
    'SQLITE_READONLY',
    'readonly',
    'without readonly',
  )
})

test('file: URIs name files with any characters, and carry options', async () => {
  const path = await make('a b%#?.db')
  using db = await open(pathToFileURL(path).href)
  assert.equal(db.filename(), path)
  assert.equal(db.prepare('SELECT x FROM t').pluck().get(), 1)
  using fixed = await open(`${pathToFileURL(path).href}?mode=ro`)
  refused(() => fixed.exec('DELETE FROM t'), 'SQLITE_READONLY')
})

test("':memory:' and '' are databases of their own", async () => {
  using a = await open(':memory:')
  using b = await open('')
  a.exec('CREATE TABLE only_here(x)')
  refused(() => b.prepare('SELECT * FROM only_here'), 'SQLITE_ERROR', 'no such table')
  assert.equal(a.filename(), '')
  assert.notEqual(a.fileKey(), b.fileKey())
})

test('an attached file is a schema of its own, and has the same key under any name', async () => {
  const path = await make('attached.db')
  using db = await open(':memory:')
  db.prepare('ATTACH ? AS other').run(path)
  assert.deepEqual(db.schemas(), ['main', 'temp', 'other'])
  assert.equal(db.prepare('SELECT x FROM other.t').pluck().get(), 1)
  assert.equal(db.filename('other'), path)
  using direct = await open(path)
  assert.equal(direct.fileKey(), db.fileKey('other'))
  db.exec('DETACH other')
})

test('a vec table over an attached file searches that file', async () => {
  const path = await make('vectors.db', 'CREATE TABLE x(y)')
  using db = await open(':memory:')
  db.prepare('ATTACH ? AS store').run(path)
  db.exec(
    'CREATE VIRTUAL TABLE store.docs USING vec(doc_id); CREATE VIRTUAL TABLE docs USING vec(doc_id)',
  )
  db.exec(
    "INSERT INTO store._vec_docs(dataset_id, id, embedding) VALUES ('d', 'stored', vec_f32('[1, 0]'))",
  )
  db.exec(
    "INSERT INTO main._vec_docs(dataset_id, id, embedding) VALUES ('d', 'in memory', vec_f32('[1, 0]'))",
  )
  const search = (schema: string): unknown =>
    db
      .prepare(`SELECT doc_id FROM ${schema}.docs WHERE dataset_id = 'd' AND doc_id MATCH '[1, 1]'`)
      .pluck()
      .all()
  assert.deepEqual([search('store'), search('main')], [['stored'], ['in memory']])
})

test('options that make no sense are refused', async () => {
  await assert.rejects(open(5 as unknown as string), TypeError)
  await assert.rejects(open('a\0b'), TypeError)
  await assert.rejects(
    open(':memory:', { readonly: true, exclusive: true }),
    /readonly or exclusive, not both/,
  )
  await assert.rejects(open(':memory:', { busyTimeout: -1 }), /busyTimeout must be .* got -1/)
  await assert.rejects(open(':memory:', { busyTimeout: 1.5 }), RangeError)
})

test('without register there is no vec module, and register adds it once', async () => {
  using db = await open(':memory:', { register: false })
  refused(
    () => db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)'),
    'SQLITE_ERROR',
    'no such module: vec',
  )
  assert.throws(() => db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)'), {
    hint: /call register\(db\)/,
  })
  const { register } = await import('../../src/entries/vec.ts')
  register(db)
  register(db)
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
})

test('an option that is misspelt or of another kind is refused, and nothing is made', async () => {
  const path = file('options.db')
  const refusedWith = async (options: unknown, says: RegExp): Promise<void> => {
    await assert.rejects(open(path, options as object), says)
    assert.equal(existsSync(path), false)
  }
  await refusedWith({ readOnly: true }, /did you mean 'readonly'/)
  await refusedWith({ timeout: 10 }, /did you mean 'busyTimeout'/)
  await refusedWith({ exclusiv: true }, /did you mean 'exclusive'/)
  await refusedWith({ readonly: 1 }, /readonly must be true or false, got/)
  await refusedWith({ exclusive: 'yes' }, /exclusive must be true or false, got/)
  await refusedWith({ create: null }, /create must be true or false, got/)
  for (const options of [5, null, 'rw', [], true])
    await refusedWith(options, /the options of open\(\) must be an object, got/)
  const db = await open(path, { readonly: undefined, create: true, register: false } as object)
  db.close()
})

test('a path that leads nowhere is refused with a reason and a remedy', async () => {
  const path = await make('plain.db')
  await refusedLater(open(join(path, 'sub')), 'SQLITE_CANTOPEN', path, 'ENOTDIR', 'folder')
  await refusedLater(open(file('x'.repeat(600))), 'SQLITE_CANTOPEN', 'ENAMETOOLONG', '512 bytes')
  symlinkSync(file('circle'), file('circle'))
  await refusedLater(open(file('circle')), 'SQLITE_CANTOPEN', 'ELOOP', 'symbolic links')
  await assert.rejects(open(`file:${file('a')}%00b`), /must not encode NUL/)
})

test('a transaction on an old snapshot is told that waiting does not help', async () => {
  const path = await make('snapshot.db')
  using db = await open(path)
  using other = await open(path)
  if ((await lockSupport()).kind !== 'ofd') return
  db.exec('PRAGMA journal_mode = WAL; BEGIN')
  db.prepare('SELECT * FROM t').all()
  other.exec('INSERT INTO t VALUES (2)')
  const write = (): unknown => db.exec('INSERT INTO t VALUES (3)')
  const error = refused(write, 'SQLITE_BUSY', 'has committed since', 'ROLLBACK', 'immediate')
  assert.equal(error.extendedCode, 517)
  assert.doesNotMatch(error.hint ?? '', /busyTimeout/)
})

test('a table that a loop of this connection reads is said to be', async () => {
  using db = await open(':memory:')
  db.exec('CREATE TABLE t(x); INSERT INTO t VALUES (1), (2)')
  for (const _ of db.prepare('SELECT x FROM t').iterate())
    refused(() => db.exec('DROP TABLE t'), 'SQLITE_LOCKED', 'iterate()')
  db.exec('DROP TABLE t')
})

test('a new file has pages of 16 KiB, unless another size is set before its first table', async () => {
  const path = await make('new-pages.sqlite')
  using db = await open(path)
  assert.equal(sizeOf(db), 16_384)
  using exclusive = await open(file('exclusive-pages.sqlite'), { exclusive: true })
  exclusive.exec('CREATE TABLE t(x)')
  assert.equal(sizeOf(exclusive), 16_384)
  const small = await make('small-pages.sqlite', 'PRAGMA page_size = 1024; CREATE TABLE t(x)')
  using other = await open(small)
  assert.equal(sizeOf(other), 1024)
  other.exec('VACUUM')
  assert.equal(sizeOf(other), 1024, 'a file keeps its size')
})

function sizeOf(db: Connection): unknown {
  return db.pragma('page_size', { simple: true })
}
