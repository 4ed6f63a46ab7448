import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import type { Connection } from '../../src/sqlite/connection.ts'
import { loadEngine } from '../../src/sqlite/load-engine.ts'

const MIB = 2 ** 20

let folder: string
let db: Connection
let heap: () => number

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'temp-store-'))
  const { memory } = await loadEngine()
  heap = () => memory.buffer.byteLength
  db = await open(join(folder, 'a.db'), { register: false, cacheSize: 2 * MIB })
})

after(() => {
  db.close()
  rmSync(folder, { recursive: true })
})

/** By how much `run` makes SQLite's heap grow, which never shrinks. */
function growth(run: () => void): number {
  const earlier = heap()
  run()
  return heap() - earlier
}

test('ORDER BY over 96 MiB takes a few of them: the rest is in a temporary file', () => {
  const sorted = db
    .prepare(
      `WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 24576)
       SELECT count(*) FROM (SELECT zeroblob(4096) || x AS k FROM c ORDER BY 1 LIMIT -1 OFFSET 1)`,
    )
    .pluck()
  const grown = growth(() => assert.equal(sorted.get(), 24_575))
  assert.ok(grown < 32 * MIB, `the heap grew by ${grown / MIB} MiB`)
})

test('VACUUM of 64 MiB takes a few of them', () => {
  db.exec(
    `CREATE TABLE t(x);
     WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 16384)
     INSERT INTO t SELECT randomblob(4000) FROM c;
     DELETE FROM t WHERE rowid % 8 = 0`,
  )
  const grown = growth(() => db.exec('VACUUM'))
  assert.ok(grown < 32 * MIB, `the heap grew by ${grown / MIB} MiB`)
  assert.equal(db.prepare('SELECT count(*) FROM t').pluck().get(), 14_336)
  assert.equal(db.pragma('integrity_check', { simple: true }), 'ok')
})

test('a sort in a database in memory spills as well', async () => {
  using memory = await open(':memory:', { register: false, cacheSize: 2 * MIB })
  assert.equal(memory.pragma('temp_store', { simple: true }), 1)
})

test(
  'what undoes a statement of many rows stays in memory up to 16 MiB: no temporary file is opened',
  { skip: process.platform !== 'linux' && 'open files are counted in /proc' },
  () => {
    const counts: number[] = []
    db.function('look', () => counts.push(readdirSync('/proc/self/fd').length))
    // A page that the transaction has changed before is kept once more, as the statement found it.
    db.exec(
      `CREATE TABLE s(id INTEGER PRIMARY KEY, x UNIQUE, y);
       WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 20000)
       INSERT INTO s SELECT n, n, 0 FROM c;
       BEGIN;
       UPDATE s SET y = 1, x = -x;
       CREATE TRIGGER r AFTER UPDATE ON s WHEN NEW.id = 1 OR NEW.id % 5000 = 0 BEGIN SELECT look(); END`,
    )
    assert.throws(() => db.exec('UPDATE s SET x = CASE id WHEN 20000 THEN 1 ELSE -x END'), /UNIQUE/)
    db.exec('COMMIT')
    assert.equal(db.prepare('SELECT count(*) FROM s WHERE x < 0').pluck().get(), 20_000)
    assert.ok(counts.length > 2)
    assert.equal(counts.at(-1), counts[0])
  },
)
