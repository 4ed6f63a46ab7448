import assert from 'node:assert/strict'
import { attach } from '../../src/entries/attach.ts'
import { blob, inEveryDriver, type Handle } from './handles.ts'

// What happens to indexes in memory, and in the file, when the journal that they rest on becomes shorter.

const vector = [1, 0]
/** More changes than are kept. */
const MANY = 25_000

function table(db: Handle, name: string, rows: number): void {
  db.exec(`CREATE TABLE ${name}(id INTEGER PRIMARY KEY, embedding BLOB);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
    INSERT INTO ${name} SELECT i, ${blob(0, 1)} FROM n`)
}

function entries(db: Handle): number {
  const rows = (db as unknown as { prepare(sql: string): { all(): { n: number }[] } })
    .prepare('SELECT count(*) AS n FROM vec_journal')
    .all()
  return rows[0].n
}

inEveryDriver('a journal that was pruned', fact => {
  for (const before of [0, 3]) {
    fact(`hides no change from an index of another table (after ${before} changes)`, db => {
      table(db, 'quiet', 50)
      table(db, 'busy', MANY)
      using quiet = attach(db, { table: 'quiet' })
      using busy = attach(db, { table: 'busy' })
      for (let id = 0; id < before; id++) db.exec(`REPLACE INTO quiet VALUES (50, ${blob(0, 1)})`)
      assert.equal(quiet.search({ vector, k: 1 })[0].id, 1)
      db.exec(`INSERT INTO quiet VALUES (51, ${blob(1, 0)})`)
      db.exec(`UPDATE busy SET embedding = ${blob(0, 2)}`)
      assert.ok(entries(db) > MANY)
      assert.equal(busy.optimize(), true)
      assert.ok(entries(db) < MANY, `${entries(db)} entries are left`)
      assert.equal(quiet.search({ vector, k: 1 })[0].id, 51)
      assert.deepEqual(
        quiet.check().filter(({ severity }) => severity === 'error'),
        [],
      )
    })
  }

  fact('hides no change from an index that is saved', (db, path, driver) => {
    db.exec(`CREATE TABLE saved(id INTEGER PRIMARY KEY, embedding BLOB);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
      INSERT INTO saved SELECT i, zeroblob(400) FROM n`)
    db.exec(`UPDATE saved SET embedding = CAST(x'0000803f' || substr(embedding, 5) AS BLOB)`)
    const query = { vector: Float32Array.from({ length: 100 }, (_, i) => (i === 1 ? 1 : 0)), k: 1 }
    const first = attach(db, { table: 'saved' })
    first.search(query)
    assert.equal(first.optimize(), true)
    first.close()
    table(db, 'busy', MANY)
    const other = driver.connect(path)
    try {
      using busy = attach(other, { table: 'busy' })
      other.exec(
        `UPDATE saved SET embedding = CAST(x'000000000000803f' || substr(embedding, 9) AS BLOB) WHERE id = 77`,
      )
      other.exec(`UPDATE busy SET embedding = ${blob(0, 2)}`)
      busy.optimize()
      using again = attach(other, { table: 'saved' })
      assert.equal(again.search(query)[0].id, 77)
    } finally {
      other.close()
    }
  })
})
