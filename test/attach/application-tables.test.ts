import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { attach, type BetterSqlite3Handle, type SqliteHandle } from '../../src/entries/attach.ts'
import { open } from '../../src/entries/main.ts'
import { loadDriver } from '../load-driver.ts'

// Tables and programs as applications have them, which were not made for vectors.

const folder = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-application-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let files = 0

interface Handle {
  exec(sql: string): unknown
  prepare(sql: string): {
    run(...values: unknown[]): unknown
    iterate(...values: unknown[]): Iterable<unknown>
  }
  close(): unknown
}
type Native = BetterSqlite3Handle & Handle

const NativeDatabase = loadDriver<Native>('better-sqlite3')
const skipped = NativeDatabase ? false : 'better-sqlite3 cannot be loaded'
type Connect = (path?: string) => Promise<Handle & SqliteHandle>
const native: Connect = (path = ':memory:') =>
  Promise.resolve(new NativeDatabase!(path, { timeout: 50 }))
const engine: Connect = (path = ':memory:') => open(path, { register: false, busyTimeout: 50 })

const DOCS = `CREATE TABLE docs(dataset_id TEXT, id TEXT, content TEXT, meta TEXT, embedding BLOB,
  PRIMARY KEY (dataset_id, id))`
const vector = [1, 0]

function insert(db: Handle, id: unknown, ...numbers: number[]): void {
  db.prepare("INSERT INTO docs(dataset_id, id, embedding) VALUES ('a', ?, ?)").run(
    id,
    new Uint8Array(new Float32Array(numbers).buffer),
  )
}

for (const [name, connect, skip] of [
  ['better-sqlite3', native, skipped],
  ['our engine', engine, false],
] as const) {
  describe(`a table of an application, ${name}`, () => {
    const fact = (title: string, body: (db: Handle & SqliteHandle) => void): void => {
      test(title, { skip }, async () => {
        const db = await connect()
        try {
          body(db)
        } finally {
          db.close()
        }
      })
    }

    fact('a filter finds a row again whose replacement through another key was rolled back', db => {
      db.exec('CREATE TABLE docs(id TEXT PRIMARY KEY, dataset_id TEXT, meta TEXT, embedding BLOB)')
      using vectors = attach(db, { table: 'docs' })
      insert(db, 'x', 1, 0)
      insert(db, 'y', 0, 1)
      db.exec(`UPDATE docs SET meta = '{"kept":true}'`)
      const found = (): unknown[] =>
        vectors.search({ dataset: 'a', vector, k: 5, filter: { kept: true } }).map(({ id }) => id)
      assert.equal(vectors.search({ dataset: 'a', vector, k: 5 }).length, 2)
      db.exec("BEGIN; INSERT OR REPLACE INTO docs(id, dataset_id) VALUES ('x', 'b')")
      assert.deepEqual(found(), ['y'])
      db.exec('ROLLBACK')
      assert.deepEqual(found(), ['x', 'y'])
      // The same with a filter that is known already, and a change that it has not seen.
      db.exec(`UPDATE docs SET embedding = x'000080bf00000000' WHERE id = 'y'`)
      assert.equal(vectors.search({ dataset: 'a', vector, k: 5 }).length, 2)
      db.exec("BEGIN; INSERT OR REPLACE INTO docs(id, dataset_id) VALUES ('y', 'b')")
      assert.deepEqual(found(), ['x'])
      db.exec('ROLLBACK')
      assert.deepEqual(found(), ['x', 'y'])
    })

    fact('searches answer while rows of another statement are read', db => {
      db.exec(DOCS)
      using vectors = attach(db, { table: 'docs' })
      for (let i = 0; i < 4; i++) insert(db, `d${i}`, i, 1)
      const counts: number[] = []
      for (const row of db.prepare('SELECT id FROM docs').iterate()) {
        assert.ok(row)
        counts.push(vectors.search({ dataset: 'a', vector, k: 9 }).length)
        vectors.optimize()
      }
      assert.deepEqual(counts, [4, 4, 4, 4])
      insert(db, 'd4', 5, 1)
      assert.equal(vectors.search({ dataset: 'a', vector, k: 1 })[0].id, 'd4')
    })

    fact('names are given as the table declares them, and found in any case', db => {
      db.exec(`CREATE TABLE Docs(dataset_id TEXT, id TEXT, createdAt TEXT, "Ärger" TEXT, embedding BLOB,
        PRIMARY KEY (dataset_id, id))`)
      using vectors = attach(db, { table: 'dOCS' })
      insert(db, 'x', 1, 0)
      assert.deepEqual(Object.keys(vectors.get('x', { dataset: 'a' })!), [
        'dataset_id',
        'id',
        'createdAt',
        'Ärger',
        'embedding',
      ])
      const [hit] = vectors.search({ dataset: 'a', vector, k: 1, columns: ['CREATEDAT', 'Ärger'] })
      assert.deepEqual(hit.columns, { CREATEDAT: null, Ärger: null })
    })

    fact('an id that begins with a byte order mark comes back whole', db => {
      db.exec(DOCS)
      using vectors = attach(db, { table: 'docs' })
      insert(db, '\uFEFFx', 1, 0)
      assert.equal(vectors.search({ dataset: 'a', vector, k: 1 })[0].id, '\uFEFFx')
    })

    fact('many ids that are not UTF-8, or look like that, are found by their bytes', db => {
      db.exec(DOCS)
      db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO docs(dataset_id, id, embedding)
        SELECT 'a', CAST(iif(i % 2, x'ff', x'efbfbd') || CAST(i AS BLOB) AS TEXT), x'0000803f00000000' FROM n;
        UPDATE docs SET embedding = x'0000803f0000803f' WHERE id <> CAST(x'ff' || x'37' AS TEXT)`)
      using vectors = attach(db, { table: 'docs' })
      const [first, second] = vectors.search({ dataset: 'a', vector, k: 2 })
      assert.deepEqual([first.id, first.score], ['\uFFFD7', 1])
      assert.ok(second.score < 0.8)
      db.exec(
        `UPDATE docs SET embedding = x'0000803f0000803f' WHERE id = CAST(x'ff' || x'37' AS TEXT)`,
      )
      assert.ok(vectors.search({ dataset: 'a', vector, k: 1 })[0].score < 0.8)
    })

    fact('delete() spares what differs in case, whatever the columns compare', db => {
      db.exec(`CREATE TABLE docs(dataset_id TEXT COLLATE NOCASE, id TEXT COLLATE NOCASE, embedding BLOB,
        PRIMARY KEY (dataset_id, id))`)
      using vectors = attach(db, { table: 'docs' })
      insert(db, 'x', 1, 0)
      assert.equal(vectors.get('X', { dataset: 'a' }), undefined)
      assert.equal(
        vectors.delete(['X'], { dataset: 'a' }) + vectors.delete(['x'], { dataset: 'A' }),
        0,
      )
      assert.equal(vectors.count(), 1)
      assert.equal(vectors.delete(['x'], { dataset: 'a' }), 1)
    })

    fact('an id that is given twice is found once', db => {
      db.exec(DOCS)
      using vectors = attach(db, { table: 'docs' })
      insert(db, 'x', 1, 0)
      const hits = vectors.search({ dataset: 'a', vector, k: 5, ids: ['x', 'none', 'x'] })
      assert.deepEqual(
        hits.map(({ id }) => id),
        ['x'],
      )
    })

    fact('upsert() changes rows whose other columns cannot be NULL, whatever the key is', db => {
      db.exec(`CREATE TABLE docs(dataset_id TEXT, id TEXT, title TEXT NOT NULL, embedding BLOB,
        PRIMARY KEY (dataset_id, id));
        INSERT INTO docs VALUES ('a', 'x', 'kept', NULL);
        CREATE TABLE keyed(id TEXT PRIMARY KEY, dataset_id TEXT, embedding BLOB)`)
      for (const table of ['docs', 'keyed']) {
        using vectors = attach(db, { table })
        if (table === 'keyed') vectors.upsert([{ id: 'x', embedding: [0, 1] }], { dataset: 'a' })
        vectors.upsert([{ id: 'x', embedding: vector }], { dataset: 'a' })
        assert.equal(vectors.search({ dataset: 'a', vector, k: 1 })[0].score, 1)
        assert.equal(vectors.count(), 1)
      }
    })

    fact('what no search could answer is refused, with a remedy', db => {
      db.exec(`CREATE TABLE blobs(dataset_id TEXT, id BLOB PRIMARY KEY, embedding BLOB);
        CREATE TABLE prices(dataset_id REAL, id TEXT PRIMARY KEY, embedding BLOB);
        CREATE TABLE json(dataset_id TEXT, id TEXT PRIMARY KEY, embedding TEXT);
        INSERT INTO json VALUES ('a', 'x', '[0.25, 1e-3]');
        CREATE TABLE bare(dataset_id TEXT, id TEXT PRIMARY KEY, embedding BLOB)`)
      const refused = (table: string, message: RegExp): void => {
        assert.throws(() => attach(db, { table }), { code: 'VEC_SHADOW', message })
      }
      refused('blobs', /blobs\.id is BLOB/)
      refused('prices', /prices\.dataset_id is REAL/)
      refused('json', /embeddings of json are JSON text/)
      using vectors = attach(db, { table: 'bare' })
      assert.throws(() => vectors.search({ dataset: 'a', vector, k: 1, filter: { a: 1 } }), {
        code: 'VEC_SHADOW',
        message: /the filter needs the column meta/,
      })
    })

    test(
      'a file that another connection has locked is searched without the journal',
      { skip },
      async () => {
        const path = join(folder, `${files++}.sqlite`)
        const db = await connect(path)
        const other = await connect(path)
        try {
          db.exec(DOCS)
          insert(db, 'x', 1, 0)
          other.exec('BEGIN IMMEDIATE')
          using vectors = attach(db, { table: 'docs' })
          assert.equal(vectors.search({ dataset: 'a', vector, k: 1 })[0].id, 'x')
          other.exec('COMMIT')
          insert(db, 'y', 1, 0)
          assert.equal(vectors.search({ dataset: 'a', vector, k: 9 }).length, 2)
        } finally {
          other.close()
          db.close()
        }
      },
    )
  })
}

test('handles that only look like a driver of rows are refused as such', () => {
  const members = {
    exec: () => 0,
    pragma: () => 0,
    transaction: () => 0,
    inTransaction: false,
    open: true,
  }
  for (const prepare of [
    () => Promise.resolve({}),
    () => undefined,
    () => ({ raw: () => 0, safeIntegers: () => 0, get: () => Promise.resolve() }),
  ]) {
    const handle = { ...members, prepare } as unknown as SqliteHandle
    assert.throws(() => attach(handle, { table: 'docs' }), /an asynchronous driver/)
  }
  assert.throws(
    () => attach('app.db' as unknown as SqliteHandle, { table: 'docs' }),
    /db is the string "app\.db"/,
  )
})
