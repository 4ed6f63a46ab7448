import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { insertMany, open, type Connection } from '../../src/entries/main.ts'

/** What a connection was told by its user must still hold after work that nobody asked for. */
let folder: string

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'unnoticed-'))
})

after(() => rmSync(folder, { recursive: true }))

const SETTINGS = [
  'busy_timeout',
  'cache_size',
  'temp_store',
  'synchronous',
  'foreign_keys',
  'trusted_schema',
  'recursive_triggers',
  'defer_foreign_keys',
  'locking_mode',
  'journal_mode',
  'writable_schema',
  'cell_size_check',
  'query_only',
  'secure_delete',
  'auto_vacuum',
  'user_version',
]

function settings(db: Connection): unknown {
  return SETTINGS.map(name => [name, db.pragma(name, { simple: true })])
}

const rowid = (db: Connection): unknown => db.prepare('SELECT last_insert_rowid()').pluck().get()

function choose(db: Connection): void {
  db.exec(
    `PRAGMA busy_timeout = 60000; PRAGMA cache_size = -3000; PRAGMA synchronous = EXTRA; PRAGMA foreign_keys = ON;
     PRAGMA trusted_schema = OFF; PRAGMA recursive_triggers = ON; PRAGMA cell_size_check = ON; PRAGMA secure_delete = ON;
     PRAGMA user_version = 9; CREATE TABLE mine(id INTEGER PRIMARY KEY); INSERT INTO mine VALUES (4321)`,
  )
}

const SEARCH = "SELECT id FROM t WHERE dataset_id = 'a' AND id MATCH ? AND k = 5"
const vector = (i: number): Float32Array =>
  Float32Array.from({ length: 64 }, (_, j) => Math.sin(i * 64 + j))

test('a search that makes the journal and its triggers changes no setting, nor the last rowid', async () => {
  using db = await open(join(folder, 'install.db'))
  db.exec('CREATE VIRTUAL TABLE t USING vec(id)')
  db.prepare("INSERT INTO t(dataset_id, id, embedding) VALUES ('a', '1', ?)").run(vector(1))
  const triggers = (): unknown =>
    db.prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'").pluck().get()
  const whole = triggers()
  for (const name of db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
    .pluck()
    .all()) {
    db.exec(`DROP TRIGGER "${String(name)}"`)
  }
  db.exec('DROP TABLE vec_journal; DROP TABLE vec_journal_state')
  choose(db)
  const chosen = settings(db)
  assert.deepEqual(db.prepare(SEARCH).pluck().all(vector(1)), ['1'])
  assert.equal(triggers(), whole, 'the search has made them')
  assert.deepEqual(settings(db), chosen)
  assert.equal(rowid(db), 4321)
})

test('an index that is saved behind a search changes no setting, nor the last rowid', async () => {
  using db = await open(join(folder, 'save.db'))
  db.exec('CREATE VIRTUAL TABLE t USING vec(id)')
  insertMany(
    db,
    '_vec_t',
    ['dataset_id', 'id', 'embedding'],
    (function* () {
      for (let i = 0; i < 40_000; i++) yield ['a', `d${i}`, vector(i)]
    })(),
  )
  choose(db)
  const chosen = settings(db)
  assert.equal(db.prepare(SEARCH).all(vector(3)).length, 5)
  const saved = db.prepare('SELECT count(*) FROM vector_storage').pluck()
  for (let wait = 0; wait < 100 && saved.get() === 0; wait++) await setTimeout(100)
  assert.equal(saved.get(), 1, 'it was saved')
  assert.deepEqual(settings(db), chosen)
  assert.equal(rowid(db), 4321)
})

test('busyTimeout is PRAGMA busy_timeout, whichever was set', async () => {
  using db = await open(join(folder, 'busy.db'), { busyTimeout: 70 })
  assert.equal(db.busyTimeout, 70)
  db.exec('PRAGMA busy_timeout = 60000')
  assert.equal(db.busyTimeout, 60_000)
  db.busyTimeout = 100
  assert.equal(db.pragma('busy_timeout', { simple: true }), 100)
  assert.equal(
    db.waitingAtMost(30, () => db.busyTimeout),
    30,
  )
  assert.equal(
    db.waitingAtMost(300, () => db.busyTimeout),
    100,
  )
  assert.throws(
    () =>
      db.waitingAtMost(0, () => {
        throw new Error('mine')
      }),
    /mine/,
  )
  assert.equal(db.busyTimeout, 100)
  for (const wrong of [-1, 1.5, NaN, '5', null, undefined, 2 ** 31]) {
    assert.throws(() => (db.busyTimeout = wrong as number), /from 0 to 2147483647, got/)
    assert.throws(() => db.waitingAtMost(wrong as number, () => 1), RangeError)
  }
  assert.throws(() => db.waitingAtMost(1, undefined as never), /a function, got undefined/)
  assert.equal(db.busyTimeout, 100)
})

test('a busyTimeout that is set counts for the next wait', async () => {
  using a = await open(join(folder, 'wait.db'))
  using b = await open(join(folder, 'wait.db'), { busyTimeout: 5000 })
  a.exec('CREATE TABLE x(y); BEGIN IMMEDIATE')
  b.busyTimeout = 20
  const start = performance.now()
  assert.throws(() => b.exec('INSERT INTO x VALUES (1)'), /locked/)
  assert.ok(performance.now() - start < 2500)
  a.exec('ROLLBACK')
})
