import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { inspect } from 'node:util'
// oxlint-disable-next-line import/no-named-as-default -- the types of better-sqlite3 are read as `Database.Statement`
import Database, { SqliteError } from '../../src/entries/better-sqlite3.ts'
import { open } from '../../src/entries/main.ts'
import { moduleArguments } from '../module-arguments.ts'

// What better-sqlite3 has since its version 13, and what is this package's own: there is nothing to compare with.

const folder = mkdtempSync(join(tmpdir(), 'drop-in-'))
after(() => rmSync(folder, { recursive: true }))

test('a database is made with new and without, and by a subclass', () => {
  const without = Database(':memory:')
  class Mine extends Database {
    answer(): unknown {
      return this.prepare('SELECT 42').pluck().get()
    }
  }
  const mine: Database.Database = new Mine()
  assert.ok(without instanceof Database && mine instanceof Database && mine instanceof Mine)
  assert.equal(mine.answer(), 42)
  assert.equal(without.constructor, Database)
  assert.equal(Database.SqliteError, SqliteError)
  assert.match(inspect(without), /^Database \{\n? *name: ':memory:'/)
})

test('the types are those of @types/better-sqlite3, by their names', () => {
  const db: Database.Database = new Database(':memory:')
  const statement: Database.Statement = db.prepare('SELECT ? AS x')
  const add: Database.Transaction<(a: number, b: string) => string> = db.transaction(
    (a: number, b: string) => `${a}${b}`,
  )
  const text: string = add.immediate(1, 'b')
  assert.deepEqual([statement.get('x'), text], [{ x: 'x' }, '1b'])
})

test('vec tables are there, and a search is a statement like any other', () => {
  const db = new Database(join(folder, 'vec.db'))
  db.exec('CREATE VIRTUAL TABLE docs USING vec(id)')
  const insert = db.prepare('INSERT INTO docs(dataset_id, id, embedding) VALUES (?, ?, ?)')
  db.transaction(() => {
    insert.run('a', 'near', new Float32Array([1, 0.1]))
    insert.run('a', 'far', Buffer.from(new Float32Array([0, 1]).buffer))
  })()
  const search = db.prepare("SELECT id FROM docs WHERE dataset_id = 'a' AND id MATCH ? AND k = 1")
  assert.deepEqual(search.all(new Float32Array([1, 0])), [{ id: 'near' }])
  for (const { id } of search.iterate('[0, 1]') as Iterable<{ id: string }>) assert.equal(id, 'far')
  assert.throws(
    () => db.prepare("SELECT id FROM docs WHERE dataset_id = 'a' AND id MATCH ?").all('[1, 2, 3]'),
    (error: unknown) => error instanceof SqliteError && error.code === 'VEC_DIMENSION',
  )
  db.close()
})

test('a file goes both ways between this class and the connection of this package', async () => {
  const path = join(folder, 'both.db')
  const db = new Database(path)
  db.exec('CREATE TABLE t(x); INSERT INTO t VALUES (1)')
  using other = await open(path)
  other.exec('INSERT INTO t VALUES (2)')
  assert.equal(db.prepare('SELECT sum(x) FROM t').pluck().get(), 3)
  db.close()
})

test('verbose is told each statement with its values, and what it throws keeps the statement from running', () => {
  const told: unknown[] = []
  let fails = false
  const db = new Database(':memory:', {
    verbose: sql => {
      if (fails) throw new Error('no more')
      told.push(sql)
    },
  })
  db.exec('CREATE TABLE t(x); CREATE TABLE u(x)')
  db.prepare('INSERT INTO t VALUES (?)').run(1n)
  assert.equal(db.prepare('SELECT count(*) FROM t WHERE x = @x').pluck().get({ x: "it's" }), 0)
  assert.deepEqual(told, [
    'CREATE TABLE t(x);',
    'CREATE TABLE u(x)',
    'INSERT INTO t VALUES (1)',
    "SELECT count(*) FROM t WHERE x = 'it''s'",
  ])
  fails = true
  assert.throws(() => db.exec('DELETE FROM t'), /no more/)
  fails = false
  assert.equal(db.prepare('SELECT count(*) FROM t').pluck().get(), 1)
})

test('explain() gives the program and the plan without values', () => {
  const db = new Database()
  db.exec('CREATE TABLE t(x)')
  const program = db.explain('SELECT * FROM t WHERE x = ? AND x > @y') as { opcode: string }[]
  assert.ok(program.some(({ opcode }) => opcode === 'Halt'))
  const [plan] = db.explain('QUERY PLAN SELECT * FROM t') as { detail: string }[]
  assert.match(plan.detail, /SCAN t/)
})

test('a statement shows the values that were bound for good', () => {
  const db = new Database()
  const statement = db.prepare('SELECT ?, @b')
  assert.equal(String(statement), 'SELECT ?, @b')
  statement.bind('a', { b: 1 })
  assert.equal(String(statement), "SELECT 'a', 1.0")
  db.close()
  assert.equal(String(statement), 'SELECT ?, @b')
})

test('unsafeMode() lets rows be written while others are read, and the schema be edited', () => {
  const db = new Database()
  db.exec('CREATE TABLE t(x); INSERT INTO t VALUES (1), (2)')
  db.pragma('writable_schema = ON')
  assert.throws(() => db.exec("UPDATE sqlite_master SET name = 'u'"), SqliteError)
  db.unsafeMode()
  for (const row of db.prepare('SELECT x FROM t WHERE x < 3').iterate()) {
    db.prepare('INSERT INTO t VALUES (9)').run()
    assert.ok(row)
  }
  assert.equal(db.prepare('SELECT count(*) FROM t').pluck().get(), 4)
  db.pragma('writable_schema = ON')
  db.exec("UPDATE sqlite_master SET sql = sql WHERE name = 't'")
  db.unsafeMode(false)
  assert.throws(() => db.exec("UPDATE sqlite_master SET name = 'u'"), SqliteError)
})

test('loadExtension() of sqlite-vec does nothing and says so once; any other is refused', async () => {
  const db = new Database()
  const warned = new Promise<Error>(resolve => process.once('warning', resolve))
  assert.equal(db.loadExtension('/modules/sqlite-vec-linux-x64/vec0.so'), db)
  assert.equal(db.loadExtension('vec0'), db)
  assert.match((await warned).message, /built in/)
  assert.throws(() => db.loadExtension('/usr/lib/mod_spatialite.so'), { code: 'SQLITE_ERROR' })
  assert.throws(() => db.loadExtension(5 as never), TypeError)
  assert.equal(typeof db.prepare('SELECT vec_version()').pluck().get(), 'string')
})

test('a backup runs page by page while the database is written to', async () => {
  const db = new Database(join(folder, 'source.db'))
  db.exec('CREATE TABLE t(x)')
  const insert = db.prepare('INSERT INTO t VALUES (?)')
  db.transaction(() => {
    for (let i = 0; i < 2000; i++) insert.run('x'.repeat(500))
  })()
  const seen: number[] = []
  const target = join(folder, 'backup.db')
  const result = await db.backup(target, {
    progress({ remainingPages }) {
      seen.push(remainingPages)
      if (seen.length === 2) insert.run('late')
      return 50
    },
  })
  assert.equal(result.remainingPages, 0)
  assert.ok(seen.length > 3)
  const copy = new Database(target, { readonly: true })
  assert.equal(copy.prepare("SELECT count(*) FROM t WHERE x = 'late'").pluck().get(), 1)
  copy.close()
  await assert.rejects(db.backup(join(folder, 'no', 'folder.db')), TypeError)
  const failing = db.backup(join(folder, 'gone.db'), { progress: () => 'many' as never })
  await assert.rejects(failing, TypeError)
  assert.equal(existsSync(join(folder, 'gone.db')), false)
  db.close()
})

test('databases are closed when the process ends, so that no WAL stays', () => {
  const path = join(folder, 'left.db')
  const entry = new URL('../../src/entries/better-sqlite3.js', import.meta.url).href
  const program = `
    import Database from ${JSON.stringify(entry)}
    const db = new Database(${JSON.stringify(path)})
    console.log(db.pragma('journal_mode = WAL', { simple: true }))
    db.exec('CREATE TABLE t(x); INSERT INTO t VALUES (1)')`
  const { stdout, stderr } = spawnSync(process.execPath, moduleArguments(program), {
    encoding: 'utf8',
  })
  assert.match(stdout, /^(wal|delete)\n$/, stderr)
  assert.equal(existsSync(`${path}-wal`), false)
  const db = new Database(path)
  assert.equal(db.prepare('SELECT x FROM t').pluck().get(), 1)
  db.close()
})

test('a parameter that closes the database as it is read finds it closed', () => {
  for (const method of ['get', 'all', 'iterate', 'run', 'bind'] as const) {
    const db = new Database(':memory:')
    db.exec('CREATE TABLE t(x)')
    const statement = db.prepare(method === 'run' ? 'INSERT INTO t VALUES (@x)' : 'SELECT @x')
    const closing = {
      get x() {
        return Number(db.close().open)
      },
    }
    const expected = new TypeError('The database connection is not open')
    assert.throws(() => statement[method](closing), expected, method)
    assert.equal(db.unsafeMode(), db)
  }
})

test('no bytes are a new database with the pages of one', () => {
  const db = new Database(Buffer.alloc(0))
  db.exec('CREATE TABLE t(x)')
  assert.equal(db.pragma('page_size', { simple: true }), 4096)
  db.close()
})
