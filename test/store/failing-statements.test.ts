import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'

// The columns of the shadow table are computed by a function, so that any internal statement can fail at any row.

const ROWS = 40

/** What a user may do; each gives something to compare. */
const OPERATIONS: Readonly<Record<string, (db: Connection) => unknown>> = {
  search: db =>
    rows(db, `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]' LIMIT 3`),
  'search of all': db =>
    rows(db, `SELECT doc_id, content FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]'`),
  'search by ids': db =>
    rows(
      db,
      `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]' AND doc_id IN ('d1', 'd2')`,
    ),
  'search of two datasets': db =>
    rows(
      db,
      `SELECT doc_id FROM docs WHERE dataset_id IN ('a', 'b') AND doc_id MATCH '[1, 0]' LIMIT 30`,
    ),
  scan: db => rows(db, `SELECT doc_id, embedding FROM docs WHERE dataset_id = 'a'`),
  'two scans at once': db =>
    rows(
      db,
      `SELECT x.doc_id, y.doc_id FROM docs x JOIN docs y ON y.doc_id = x.doc_id WHERE x.dataset_id = 'a' AND y.dataset_id = 'a'`,
    ),
  check: db =>
    rows(
      db,
      `SELECT topic, severity FROM vec_admin WHERE op MATCH 'check:docs:a' AND topic <> 'size'`,
    ),
  reindex: db => rows(db, `SELECT op FROM vec_admin WHERE op MATCH 'docs:a'`),
  export: db => rows(db, `SELECT op FROM vec_admin WHERE op MATCH 'export:brute:docs:a'`),
  optimize: db => rows(db, `SELECT op FROM vec_admin WHERE op MATCH 'optimize:docs:a'`),
}

for (const [name, operation] of Object.entries(OPERATIONS)) {
  test(`after an error at any row every statement works again: ${name}`, async () => {
    const expected = await withTable(db => operation(db))
    let failed = 0
    for (let at = 0; ; at = at < 8 ? at + 1 : at + 7) {
      const reached = await withTable((db, failAt) => {
        failAt(at)
        let error: unknown
        try {
          operation(db)
        } catch (thrown) {
          error = thrown
        }
        const left = failAt(Infinity)
        if (error !== undefined) assert.match((error as Error).message, /not now/)
        assert.deepEqual(operation(db), expected, `after a failure at call ${at}`)
        // Others are not disturbed.
        assert.equal(
          db.prepare(`SELECT count(*) FROM docs WHERE dataset_id = 'b'`).pluck().get(),
          10,
        )
        if (error !== undefined) failed++
        return left < 0
      })
      if (!reached) break
    }
    assert.ok(failed > 3, `${failed} failures`)
  })
}

type Body<R> = (db: Connection, failAt: (calls: number) => number) => R

/** `failAt(n)`: the n-th call from now on fails; returns how many calls were left of the order before. */
async function withTable<R>(body: Body<R>): Promise<R> {
  using db = await open(':memory:')
  let left = Infinity
  const failAt = (calls: number): number => {
    const before = left
    left = calls
    return before
  }
  db.function('computed', { deterministic: true }, value => {
    if (left-- === 0) throw new Error('not now')
    return value
  })
  db.exec(`CREATE TABLE _vec_docs(dataset_id TEXT, id TEXT, raw BLOB, hidden INTEGER DEFAULT 0, words TEXT DEFAULT 'words',
    embedding BLOB AS (computed(raw)), archived INTEGER AS (computed(hidden)), content TEXT AS (computed(words)),
    PRIMARY KEY (dataset_id, id))`)
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  const put = db.prepare('INSERT INTO _vec_docs(dataset_id, id, raw) VALUES (?, ?, ?)')
  for (let n = 0; n < ROWS; n++) {
    const vector = Float32Array.of(Math.cos(n), Math.sin(n))
    put.run(n % 4 === 0 ? 'b' : 'a', `d${n}`, new Uint8Array(vector.buffer))
  }
  return body(db, failAt)
}

function rows(db: Connection, sql: string): unknown[] {
  const statement = db.prepare(sql)
  try {
    return statement.raw().all()
  } finally {
    statement.finalize()
  }
}
