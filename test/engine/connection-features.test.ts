import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { backup } from '../../src/entries/engine.ts'
import { open } from '../../src/entries/main.ts'
import { refused, refusedLater } from '../refusal.ts'

const folder = mkdtempSync(join(tmpdir(), 'engine-'))
after(() => rmSync(folder, { recursive: true }))

const numbers = (count: number): string =>
  `WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`

const ENDLESS = 'WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)'

test('an aggregate takes rows in, groups apart, and gives its start for none', async () => {
  using db = await open(':memory:')
  db.exec("CREATE TABLE t(g, x); INSERT INTO t VALUES ('a', 2), ('b', 3), ('a', 5)")
  db.aggregate('product', { start: 1, step: (product: number, x) => product * Number(x) })
  const groups = db.prepare('SELECT g, product(x) FROM t GROUP BY g ORDER BY g').raw().all()
  assert.deepEqual(groups, [
    ['a', 10],
    ['b', 3],
  ])
  assert.equal(db.prepare('SELECT product(x) FROM t WHERE 0').pluck().get(), 1)
  db.aggregate('texts', {
    start: () => [] as unknown[],
    step: (list, ...values) => void list.push(...values),
    result: list => JSON.stringify(list),
    varargs: true,
  })
  assert.equal(db.prepare('SELECT texts(g, x) FROM t').pluck().get(), '["a",2,"b",3,"a",5]')
  assert.equal(db.prepare('SELECT texts(x), texts(g) FROM t').raw().all().length, 1)
})

test('an aggregate with inverse is a window function', async () => {
  using db = await open(':memory:')
  db.aggregate('total', {
    start: 0,
    step: (total: number, x) => total + Number(x),
    inverse: (total: number, x) => total - Number(x),
  })
  const frame = 'OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)'
  const sql = `${numbers(6)} SELECT total(i) ${frame} = sum(i) ${frame} FROM n`
  assert.deepEqual(db.prepare(sql).pluck().all(), [1, 1, 1, 1, 1, 1])
  db.aggregate('plain', { step: () => 1 })
  refused(() => db.prepare(`${numbers(2)} SELECT plain(i) ${frame} FROM n`), 'SQLITE_ERROR')
})

test('what an aggregate throws ends the statement, and the next group is a fresh one', async () => {
  using db = await open(':memory:')
  let fails = true
  const failure = new Error('not today')
  db.aggregate('fragile', {
    start: 0,
    step: (count: number) => {
      if (fails && count === 2) throw failure
      return count + 1
    },
  })
  const statement = db.prepare(`${numbers(5)} SELECT fragile() FROM n`).pluck()
  const error = refused(() => statement.get(), 'SQLITE_ERROR', 'not today')
  assert.equal(error.cause, failure)
  fails = false
  assert.equal(statement.get(), 5)
  assert.throws(() => db.aggregate('bad', { step: 1 as never }), /step of the aggregate bad/)
  assert.throws(() => db.aggregate('bad', { step: () => 1, inverse: 1 as never }), TypeError)
  assert.throws(() => db.aggregate('bad', undefined as never), TypeError)
})

test('bound parameters stay, and expandedSQL shows them', async () => {
  using db = await open(':memory:')
  const statement = db.prepare('SELECT ? + @b').pluck().bind([40, 2])
  assert.equal(statement.get(), 42)
  assert.equal(statement.get(), 42)
  assert.equal(statement.expandedSQL, 'SELECT 40 + 2')
  assert.throws(() => statement.get(1, 2), /already bound/)
  assert.throws(() => statement.bind([1, 2]), /already bound/)
  assert.throws(() => db.prepare('SELECT ?').bind(), RangeError)
  const large = new Uint8Array(200_000).fill(7)
  const bytes = db.prepare('SELECT length(?1), ?1').raw().bind(large)
  large.fill(8)
  for (let i = 0; i < 3; i++) {
    const [length, kept] = bytes.get() as [number, Uint8Array]
    assert.deepEqual([length, kept[0], kept.at(-1)], [200_000, 7, 7])
  }
})

test('expand() gives a row by tables', async () => {
  using db = await open(':memory:')
  db.exec(
    'CREATE TABLE a(id, x); CREATE TABLE b(id, y); INSERT INTO a VALUES (1, 2); INSERT INTO b VALUES (1, 3)',
  )
  const row = db.prepare('SELECT *, x + y AS sum FROM a JOIN b USING (id)').expand().get()
  assert.deepEqual(row, { a: { id: 1, x: 2 }, b: { y: 3 }, $: { sum: 5 } })
})

test('integers of a whole connection come as bigint', async () => {
  using db = await open(':memory:')
  const before = db.prepare('SELECT 1').pluck()
  db.defaultSafeIntegers()
  assert.equal(db.prepare('SELECT 1').pluck().get(), 1n)
  assert.equal(before.get(), 1)
  assert.equal(db.defaultSafeIntegers(false).prepare('SELECT 1').pluck().get(), 1)
})

test('an error names its extended code', async () => {
  using db = await open(':memory:')
  db.exec('CREATE TABLE t(x UNIQUE NOT NULL, y CHECK (y > 0)); INSERT INTO t VALUES (1, 1)')
  const name = (sql: string): string =>
    refused(() => db.exec(sql), 'SQLITE_CONSTRAINT').extendedName
  assert.equal(name('INSERT INTO t VALUES (1, 1)'), 'SQLITE_CONSTRAINT_UNIQUE')
  assert.equal(name('INSERT INTO t VALUES (NULL, 1)'), 'SQLITE_CONSTRAINT_NOTNULL')
  assert.equal(name('INSERT INTO t VALUES (2, 0)'), 'SQLITE_CONSTRAINT_CHECK')
  assert.equal(refused(() => db.exec('nonsense'), 'SQLITE_ERROR').extendedName, 'SQLITE_ERROR')
})

test('bytes of a database open in memory, WAL or not, and serialize() gives them back', async () => {
  const path = join(folder, 'serialized.sqlite')
  using file = await open(path)
  file.pragma('journal_mode = WAL')
  file.exec('CREATE TABLE t(x); INSERT INTO t VALUES (1), (2)')
  const bytes = file.serialize()
  using copy = await open(bytes)
  copy.exec('INSERT INTO t VALUES (3)')
  assert.equal(copy.prepare('SELECT sum(x) FROM t').pluck().get(), 6)
  assert.equal(file.prepare('SELECT sum(x) FROM t').pluck().get(), 3)
  using readonly = await open(bytes, { readonly: true })
  refused(() => readonly.exec('INSERT INTO t VALUES (3)'), 'SQLITE_READONLY')
  assert.equal(readonly.prepare('SELECT count(*) FROM t').pluck().get(), 2)
  assert.throws(() => file.serialize('nowhere'), RangeError)
  await refusedLater(open(new TextEncoder().encode('no database'.repeat(100))), 'SQLITE_NOTADB')
})

test('a backup copies page by page, takes in what is written on the way, and other code runs between', async () => {
  const path = join(folder, 'source.sqlite')
  const target = join(folder, 'target.sqlite')
  using db = await open(path)
  db.exec('PRAGMA page_size = 4096; CREATE TABLE t(x)')
  db.exec(`${numbers(2000)} INSERT INTO t SELECT randomblob(300) FROM n`)
  const seen: number[] = []
  const result = await backup(db, target, {
    pages: 10,
    progress: ({ remainingPages }) => {
      seen.push(remainingPages)
      if (seen.length === 3) db.exec("INSERT INTO t VALUES ('late')")
      return 20
    },
  })
  assert.equal(result.remainingPages, 0)
  assert.ok(seen.length > 3, String(seen))
  assert.ok(seen.every((left, i) => i === 0 || left <= seen[i - 1] + 2))
  using copy = await open(target)
  assert.equal(copy.prepare("SELECT count(*) FROM t WHERE x = 'late'").pluck().get(), 1)
  assert.equal(copy.pragma('integrity_check', { simple: true }), 'ok')
})

test('a backup that fails leaves no new file, and an older one as it was', async () => {
  using db = await open(join(folder, 'failing.sqlite'))
  db.exec(`CREATE TABLE t(x); ${numbers(2000)} INSERT INTO t SELECT randomblob(300) FROM n`)
  const fails = {
    pages: 1,
    progress: (): never => {
      throw new Error('enough')
    },
  }
  const fresh = join(folder, 'fresh.sqlite')
  await assert.rejects(backup(db, fresh, fails), /enough/)
  assert.equal(existsSync(fresh), false)
  const older = join(folder, 'older.sqlite')
  using old = await open(older)
  old.exec('CREATE TABLE kept(x); INSERT INTO kept VALUES (1)')
  await assert.rejects(backup(db, older, fails), /enough/)
  assert.equal(old.prepare('SELECT x FROM kept').pluck().get(), 1)
  const text = join(folder, 'text.txt')
  writeFileSync(text, 'not a database file')
  await refusedLater(backup(db, text), 'SQLITE_NOTADB')
  assert.equal(readFileSync(text, 'utf8'), 'not a database file')
  for (const wrong of ['', ':memory:', 5])
    await assert.rejects(backup(db, wrong as string), TypeError)
  await assert.rejects(backup(db, fresh, { progress: () => 'x' as never, pages: 1 }), TypeError)
  const closing = backup(db, fresh, { pages: 1, progress: () => void db.close() })
  await refusedLater(closing, 'VEC_CLOSED')
})

test('a statement ends at its deadline, or with its signal', async () => {
  using db = await open(':memory:')
  const endless = db.prepare(`${ENDLESS} SELECT sum(i) FROM n`)
  const start = performance.now()
  refused(() => db.interruptible({ deadline: 30 }, () => endless.get()), 'SQLITE_INTERRUPT')
  assert.ok(performance.now() - start < 5000)
  const abort = new AbortController()
  db.function('stop', () => abort.abort())
  const stopping = db.prepare(
    `SELECT stop() UNION ALL SELECT sum(i) FROM (${ENDLESS} SELECT i FROM n)`,
  )
  refused(
    () => db.interruptible({ signal: abort.signal }, () => stopping.all()),
    'SQLITE_INTERRUPT',
  )
  const nested = (): unknown =>
    db.interruptible({ deadline: 20 }, () =>
      db.interruptible({ deadline: 1e9 }, () => endless.get()),
    )
  refused(nested, 'SQLITE_INTERRUPT')
  assert.equal(db.prepare('SELECT 1').pluck().get(), 1)
  assert.throws(() => db.interruptible({ deadline: -1 }, () => 1), RangeError)
  assert.throws(() => db.interruptible({ signal: {} as never }, () => 1), TypeError)
})

test('interruptible() refuses what would run without an end', async () => {
  using db = await open(':memory:')
  for (const wrong of [undefined, null, 5, Promise.resolve({}), { signal: null }])
    assert.throws(() => db.interruptible(wrong as never, () => 1), TypeError)
  refused(() => db.interruptible({ deadlin: 5 } as never, () => 1), 'VEC_OPTION')
  assert.throws(() => db.interruptible({ deadline: 5 }, async () => 1), /synchronous function/)
  const hostile = {
    get aborted(): boolean {
      if (db.running !== undefined) throw new Error('hostile')
      return false
    },
  } as AbortSignal
  const endless = db.prepare(`${ENDLESS} SELECT sum(i) FROM n`)
  refused(() => db.interruptible({ signal: hostile }, () => endless.get()), 'SQLITE_INTERRUPT')
  assert.equal(db.prepare('SELECT 1').pluck().get(), 1)
})
