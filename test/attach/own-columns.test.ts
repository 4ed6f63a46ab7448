import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { addVectorFunctions, attach, type AttachOptions } from '../../src/entries/attach.ts'
import { blob, DRIVERS, type Driver, type Handle } from './handles.ts'

// Tables of an application with names and keys of its own, in every driver that can be had here.

const folder = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-own-columns-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let files = 0

const NOTES = `CREATE TABLE notes(note_id INTEGER PRIMARY KEY, tenant TEXT, title TEXT, lang TEXT, year INTEGER,
  "my vector" BLOB, views INTEGER DEFAULT 0)`
const OPTIONS: AttachOptions = {
  table: 'notes',
  id: 'note_id',
  embedding: 'my vector',
  metadata: ['lang', 'year'],
}
const query = [1, 0]

/** Rows of a query, by our own statements: each driver has another form for values. */
function insert(db: Handle, id: number | string, vector: number[], title = `t${id}`): void {
  const name = typeof id === 'string' ? `'${id}'` : String(id)
  db.exec(
    `INSERT INTO notes(note_id, tenant, title, lang, year, "my vector") VALUES (${name}, 'a', '${title}', 'en', 2020, ${blob(...vector)})`,
  )
}

type Body = (db: Handle, path: string, driver: Driver) => void

for (const driver of DRIVERS) {
  describe(`tables of an application in ${driver.name}`, () => {
    const fact = (name: string, body: Body): void => {
      test(name, { skip: driver.skip }, () => {
        const path = join(folder, `${files++}.sqlite`)
        const db = driver.connect(path)
        try {
          body(db, path, driver)
        } finally {
          db.close()
        }
      })
    }
    const refused = (db: Handle, options: AttachOptions, message: RegExp, hint: RegExp): void => {
      assert.throws(
        () => attach(db, options),
        (error: { code?: string; message: string; hint?: string }) => {
          assert.equal(error.code, 'VEC_SHADOW')
          assert.match(error.message, message)
          assert.match(error.hint ?? '', hint)
          return true
        },
      )
    }

    fact('integer keys and names of the application come back as they are', db => {
      db.exec(NOTES)
      insert(db, 7, [1, 0], 'seven')
      insert(db, 1234567890123, [0, 1])
      using vectors = attach(db, OPTIONS)
      const hits = vectors.search({ vector: query, k: 5, columns: ['title', 'YEAR'] })
      assert.deepEqual(hits[0], {
        id: 7,
        score: 1,
        distance: 0,
        columns: { title: 'seven', YEAR: 2020 },
      })
      assert.equal(hits[1].id, 1234567890123)
      assert.equal(vectors.get(7)?.['title'], 'seven')
      assert.equal(vectors.count(), 2)
      assert.deepEqual(
        vectors.search({ vector: query, k: 5, ids: [1234567890123, 3] }).map(({ id }) => id),
        [1234567890123],
      )
      assert.equal(vectors.delete([7, 8]), 1)
      assert.deepEqual(
        vectors.search({ vector: query, k: 5 }).map(({ id }) => id),
        [1234567890123],
      )
    })

    fact('an id beyond 2^53 is exact', db => {
      db.exec(NOTES)
      db.exec(
        `INSERT INTO notes(note_id, "my vector") VALUES (9007199254740993, ${blob(1, 0)}), (-9223372036854775808, ${blob(0, 1)})`,
      )
      using vectors = attach(db, OPTIONS)
      const ids = vectors.search({ vector: query, k: 2 }).map(({ id }) => id)
      assert.deepEqual(ids, [9007199254740993n, -9223372036854775808n])
      assert.equal(vectors.get(9007199254740993n)?.['note_id'], 9007199254740993n)
    })

    fact('every write is in the next answer, by whatever statement', db => {
      db.exec(NOTES)
      using vectors = attach(db, OPTIONS)
      const nearest = (): unknown => vectors.search({ vector: query, k: 1 })[0]?.id
      assert.equal(nearest(), undefined)
      insert(db, 1, [0, 1])
      assert.equal(nearest(), 1)
      insert(db, 2, [1, 0])
      assert.equal(nearest(), 2)
      db.exec(`UPDATE notes SET note_id = 3 WHERE note_id = 2`)
      assert.equal(nearest(), 3)
      db.exec(`BEGIN; DELETE FROM notes WHERE note_id = 3`)
      assert.equal(nearest(), 1)
      db.exec('ROLLBACK')
      assert.equal(nearest(), 3)
      db.exec('UPDATE notes SET views = views + 1')
      db.exec(`UPDATE notes SET "my vector" = NULL WHERE note_id = 3`)
      assert.equal(nearest(), 1)
    })

    fact(
      'rows of a dataset are searched together, whether it is named by text or by number',
      db => {
        db.exec(`CREATE TABLE notes(note_id TEXT PRIMARY KEY, tenant TEXT, tenant_id INT, "my vector" BLOB);
        INSERT INTO notes VALUES ('x', 'a', 1, ${blob(1, 0)}), ('y', 'b', 2, ${blob(1, 0)}), ('z', 'a', 1, ${blob(0, 1)})`)
        const columns = { table: 'notes', id: 'note_id', embedding: 'my vector' }
        using byText = attach(db, { ...columns, dataset: 'tenant' })
        using byNumber = attach(db, { ...columns, dataset: 'tenant_id' })
        using all = attach(db, columns)
        const ids = (hits: readonly { id: unknown }[]): unknown[] => hits.map(({ id }) => id)
        for (let round = 0; round < 2; round++) {
          assert.deepEqual(ids(byText.search({ dataset: 'a', vector: query, k: 9 })), ['x', 'z'])
          assert.deepEqual(ids(byNumber.search({ dataset: 1, vector: query, k: 9 })), ['x', 'z'])
          assert.deepEqual(ids(all.search({ vector: query, k: 9 })), ['x', 'y', 'z'])
          assert.equal(byNumber.count({ dataset: 2 }), 1)
          assert.equal(byText.count({ dataset: 'c' }), 0)
        }
        db.exec(`UPDATE notes SET tenant = 'b', tenant_id = 2 WHERE note_id = 'z'`)
        assert.deepEqual(ids(byText.search({ dataset: 'b', vector: query, k: 9 })), ['y', 'z'])
        assert.deepEqual(ids(byNumber.search({ dataset: 2n, vector: query, k: 9 })), ['y', 'z'])
        for (const vectors of [byText, byNumber, all]) {
          assert.deepEqual(
            vectors
              .check()
              .filter(({ severity }) => severity === 'error' || severity === 'warning'),
            [],
          )
        }
        assert.throws(() => byText.search({ vector: query, k: 1 }), /dataset is undefined/)
        assert.throws(() => byNumber.search({ dataset: '1', vector: query, k: 1 }), TypeError)
        assert.throws(() => all.search({ dataset: 'a', vector: query, k: 1 }), TypeError)
      },
    )

    fact('filters read the columns or the JSON that attach() was told of', db => {
      db.exec(`CREATE TABLE notes(note_id INTEGER PRIMARY KEY, lang TEXT, year INTEGER, facts TEXT, "my vector" BLOB);
        INSERT INTO notes VALUES (1, 'en', 2020, '{"kind":{"of":"a"}}', ${blob(1, 0)}), (2, 'de', 2021, '{"kind":{"of":"b"}}', ${blob(0, 1)})`)
      using byColumns = attach(db, OPTIONS)
      using byJson = attach(db, { ...OPTIONS, metadata: 'facts' })
      const found = (
        vectors: typeof byJson,
        filter: NonNullable<Parameters<typeof byJson.search>[0]['filter']>,
      ): unknown[] => vectors.search({ vector: query, k: 9, filter }).map(({ id }) => id)
      assert.deepEqual(found(byColumns, { lang: 'de', year: { $gt: 2020 } }), [2])
      assert.deepEqual(found(byJson, { 'kind.of': 'a' }), [1])
      db.exec(
        `UPDATE notes SET lang = 'de', year = 2022, facts = '{"kind":{"of":"b"}}' WHERE note_id = 1`,
      )
      assert.deepEqual(found(byColumns, { lang: 'de', year: { $gt: 2020 } }), [1, 2])
      assert.deepEqual(found(byJson, { 'kind.of': 'a' }), [])
      assert.throws(() => found(byColumns, { title: 'x' }), {
        code: 'VEC_SHADOW',
        message: /lang, year/,
      })
      // The one that came last watches what the first one needs.
      assert.deepEqual(found(byColumns, { year: 2022 }), [1])
    })

    fact('rows are written field by field, and other columns with them', db => {
      db.exec(
        `CREATE TABLE notes(note_id INTEGER PRIMARY KEY, title TEXT NOT NULL, body TEXT, facts TEXT, "my vector" BLOB)`,
      )
      using vectors = attach(db, { ...OPTIONS, metadata: 'facts', content: 'body' })
      vectors.upsert([{ id: 1, content: 'text', embedding: query, columns: { title: 'one' } }])
      vectors.upsert([{ id: 1, meta: '{"a":1}' }])
      assert.deepEqual(vectors.get(1, { columns: ['title', 'body', 'facts'] }), {
        title: 'one',
        body: 'text',
        facts: '{"a":1}',
      })
      assert.throws(
        () => vectors.upsert([{ id: 2, embedding: [1, 2, 3], columns: { title: 'x' } }]),
        {
          code: 'VEC_DIMENSION',
        },
      )
      assert.throws(() => vectors.upsert([{ id: 'x' }]), TypeError)
      assert.throws(() => vectors.upsert([{ id: 1, columns: { nothing: 1 } }]), TypeError)
      assert.throws(() => vectors.upsert([{ id: 1, columns: { note_id: 1 } }]), TypeError)
      // All or none.
      assert.throws(
        () => vectors.upsert([{ id: 2, columns: { title: 'x' } }, { id: 3 }]),
        /NOT NULL|constraint/,
      )
      assert.equal(vectors.count(), 1)
    })

    fact('a search is joined to the tables of the application', db => {
      db.exec(NOTES)
      insert(db, 1, [1, 0], 'near')
      insert(db, 2, [0, 1], 'far')
      using vectors = attach(db, OPTIONS)
      const near = vectors.join({ vector: query, k: 1 })
      const sql = `SELECT n.title, near.score FROM ${near.sql} AS near JOIN notes AS n ON n.note_id = near.id ORDER BY rank`
      const statement = db.prepare(sql) as unknown as { all(...values: unknown[]): object[] }
      const rows =
        driver.name === 'our engine'
          ? (statement as unknown as { all(value: string): object[] }).all(near.parameter)
          : statement.all(near.parameter)
      assert.deepEqual(
        rows.map(row => ({ ...row })),
        [{ title: 'near', score: 1 }],
      )
    })

    fact('SQL functions compare embeddings, where the driver takes functions', db => {
      db.exec(NOTES)
      insert(db, 1, [3, 4])
      using vectors = attach(db, OPTIONS)
      if (driver.name === 'libsql' || driver.name === 'our engine') return
      if ('Deno' in globalThis) {
        assert.throws(() => addVectorFunctions(db), /Deno/)
        return
      }
      const names = addVectorFunctions(db, { notes: vectors })
      const one = (sql: string): unknown =>
        Object.values((db.prepare(sql) as unknown as { all(): object[] }).all()[0])[0]
      assert.equal(one(`SELECT vec_l2("my vector", ${blob(0, 0)}) FROM notes`), 5)
      assert.equal(one(`SELECT vec_cosine("my vector", NULL) FROM notes`), null)
      assert.equal(names.includes('vec_search'), driver.name === 'node:sqlite')
      if (driver.name !== 'node:sqlite') return
      const search = `SELECT title FROM json_each(vec_search('notes', '[3, 4]', 1)) JOIN notes ON note_id = value ->> 0`
      assert.equal(one(search), 't1')
      assert.throws(() => one(`SELECT vec_search('other', '[1]', 1)`), /expected one of notes/)
    })

    fact('two ways to search one table leave each other alone', db => {
      db.exec(`CREATE TABLE notes(note_id INTEGER PRIMARY KEY, "my vector" BLOB, other BLOB);
        INSERT INTO notes VALUES (1, ${blob(1, 0)}, ${blob(0, 1)}), (2, ${blob(0, 1)}, ${blob(1, 0)})`)
      const columns = { table: 'notes', id: 'note_id' }
      using first = attach(db, { ...columns, embedding: 'my vector' })
      using second = attach(db, { ...columns, embedding: 'other' })
      for (let id = 3; id < 6; id++) {
        db.exec(`INSERT INTO notes VALUES (${id}, ${blob(1, id)}, ${blob(id, 1)})`)
        assert.equal(first.search({ vector: query, k: 1 })[0].id, 1)
        assert.equal(second.search({ vector: query, k: 1 })[0].id, 2)
      }
      assert.deepEqual(
        second.check().filter(({ topic, severity }) => topic === 'triggers' && severity !== 'ok'),
        [],
      )
    })

    fact('many rows are read in pages, those of small datasets too', (db, path) => {
      db.exec(`CREATE TABLE notes(note_id INTEGER PRIMARY KEY, tenant INTEGER, "my vector" BLOB);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO notes SELECT i * 3 - 10000, i % 10 = 0, unhex(printf('0000803f%08x', i % 256)) FROM n`)
      db.exec(
        `INSERT INTO notes VALUES (-9223372036854775808, 0, ${blob(-1, 0)}), (9223372036854775807, 0, ${blob(-1, 0)})`,
      )
      using all = attach(db, { table: 'notes', id: 'note_id', embedding: 'my vector' })
      using tenants = attach(db, {
        table: 'notes',
        id: 'note_id',
        embedding: 'my vector',
        dataset: 'tenant',
      })
      const found = all.search({ vector: query, k: 30000 }).map(({ id }) => id)
      assert.equal(new Set(found).size, 20002)
      assert.deepEqual(found.slice(-2), [-9223372036854775808n, 9223372036854775807n])
      assert.equal(tenants.search({ dataset: 1, vector: query, k: 30000 }).length, 2000)
      assert.equal(tenants.search({ dataset: 0, vector: query, k: 30000 }).length, 18002)
      all.optimize()
      const again = driver.connect(path)
      try {
        using other = attach(again, { table: 'notes', id: 'note_id', embedding: 'my vector' })
        assert.equal(other.search({ vector: query, k: 30000 }).length, 20002)
        assert.deepEqual(
          other.check().filter(({ severity }) => severity === 'error' || severity === 'warning'),
          [],
        )
      } finally {
        again.close()
      }
    })

    fact('tables that cannot serve are refused, with a remedy', db => {
      db.exec(`CREATE TABLE keyless(id INTEGER, embedding BLOB);
        CREATE TABLE pair(org TEXT, doc INTEGER, embedding BLOB, PRIMARY KEY (org, doc));
        CREATE TABLE three(a TEXT, b TEXT, id TEXT, embedding BLOB, PRIMARY KEY (a, b, id));
        CREATE TABLE blobs(id BLOB PRIMARY KEY, embedding BLOB);
        CREATE TABLE json(id INTEGER PRIMARY KEY, embedding TEXT);
        INSERT INTO json VALUES (1, '[0.25, 1e-3]');
        CREATE TABLE doubles(id INTEGER PRIMARY KEY, embedding BLOB);
        INSERT INTO doubles VALUES (1, x'${Buffer.from(Float64Array.from({ length: 32 }, (_, i) => Math.sin(i + 1)).buffer).toString('hex')}')`)
      refused(
        db,
        { table: 'keyless' },
        /keyless lacks a unique key on \(id\)/,
        /CREATE UNIQUE INDEX "keyless_key" ON "keyless"\("id"\)/,
      )
      refused(db, { table: 'pair', id: 'doc' }, /pair lacks a unique key/, /dataset: 'org'/)
      refused(db, { table: 'three' }, /three lacks a unique key/, /primary key of 3 columns/)
      refused(db, { table: 'blobs' }, /blobs\.id is BLOB/, /hex\("id"\)/)
      refused(db, { table: 'json' }, /JSON text/, /Float32Array/)
      refused(db, { table: 'doubles' }, /look like float64/, /4 bytes a number/)
      refused(
        db,
        { table: 'json', id: 'nothing' },
        /json lacks the column nothing: it has id, embedding/,
        /name the column for id/,
      )
      refused(db, { table: 'none' }, /there is no table none/, /CREATE TABLE/)
      // And what the remedies say helps.
      db.exec(`CREATE UNIQUE INDEX keyless_key ON keyless(id);
        ALTER TABLE blobs ADD COLUMN row_key TEXT AS (hex(id)); CREATE UNIQUE INDEX blobs_key ON blobs(row_key);
        INSERT INTO keyless VALUES (1, ${blob(1, 0)}); INSERT INTO blobs VALUES (x'0a', ${blob(1, 0)});
        INSERT INTO pair VALUES ('o', 5, ${blob(1, 0)})`)
      for (const [options, dataset, id] of [
        [{ table: 'keyless' }, undefined, 1],
        [{ table: 'blobs', id: 'row_key' }, undefined, '0A'],
        [{ table: 'pair', id: 'doc', dataset: 'org' }, 'o', 5],
      ] as const) {
        using vectors = attach(db, options)
        assert.equal(vectors.search({ dataset, vector: query, k: 1 })[0].id, id)
      }
    })

    fact('a generated column of embeddings is searched, and not written', db => {
      db.exec(`CREATE TABLE notes(note_id INTEGER PRIMARY KEY, text_form TEXT, "my vector" BLOB AS (unhex(text_form)));
        INSERT INTO notes(note_id, text_form) VALUES (1, ${blob(1, 0).slice(1)}), (2, ${blob(0, 1).slice(1)})`)
      using vectors = attach(db, { ...OPTIONS, metadata: undefined })
      assert.equal(vectors.search({ vector: query, k: 1 })[0].id, 1)
      db.exec(`UPDATE notes SET text_form = ${blob(-1, 0).slice(1)} WHERE note_id = 1`)
      assert.equal(vectors.search({ vector: query, k: 1 })[0].id, 2)
      assert.throws(() => vectors.upsert([{ id: 1, embedding: query }]), {
        code: 'VEC_SHADOW',
        message: /generated column/,
      })
    })

    fact(
      'vectors of several lengths: those of the first are searched, and check() names the others',
      db => {
        db.exec(NOTES)
        insert(db, 1, [1, 0])
        insert(db, 2, [1, 0, 0])
        insert(db, 3, [0, 1])
        using vectors = attach(db, OPTIONS)
        assert.deepEqual(
          vectors.search({ vector: query, k: 9 }).map(({ id }) => id),
          [1, 3],
        )
        assert.throws(() => vectors.search({ vector: [1, 0, 0], k: 1 }), { code: 'VEC_DIMENSION' })
        const problem = vectors.check().find(({ topic }) => topic === 'dimension')
        assert.match(
          problem?.fix ?? '',
          /SELECT "note_id", .* FROM "main"\."notes" WHERE length\("my vector"\)/,
        )
        db.exec(String(problem?.fix))
      },
    )

    fact('a closed handle is refused, and a search over one says so', (db, path) => {
      db.exec(NOTES)
      const other = driver.connect(path)
      const vectors = attach(other, OPTIONS)
      other.close()
      assert.throws(() => vectors.search({ vector: query, k: 1 }), { code: 'VEC_CLOSED' })
      vectors.close()
      assert.throws(() => attach(other, OPTIONS), { code: 'VEC_CLOSED' })
    })

    fact('a file that can only be read is searched, and a write says why it fails', (db, path) => {
      if (driver.name === 'libsql') return
      db.exec(NOTES)
      insert(db, 1, [1, 0])
      const reader = driver.connect(path, { readonly: true })
      try {
        using vectors = attach(reader, OPTIONS)
        assert.equal(vectors.search({ vector: query, k: 1 })[0].id, 1)
        assert.throws(() => vectors.upsert([{ id: 1, embedding: query }]), {
          code: 'SQLITE_READONLY',
        })
      } finally {
        reader.close()
      }
    })
  })
}

test(
  'better-sqlite3 says why it refuses writes while rows are read',
  { skip: DRIVERS[1].skip },
  () => {
    const db = DRIVERS[1].connect(':memory:')
    db.exec(NOTES)
    insert(db, 1, [1, 0])
    using vectors = attach(db, OPTIONS)
    const rows = (
      db.prepare('SELECT 1 UNION SELECT 2') as unknown as { iterate(): Iterable<unknown> }
    ).iterate()
    for (const row of rows) {
      assert.ok(row)
      const busy = { code: 'SQLITE_BUSY', hint: /iterate\(\)/ }
      assert.throws(() => vectors.upsert([{ id: 1, embedding: query }]), busy)
      assert.throws(() => vectors.delete([1]), busy)
      assert.throws(() => vectors.repair(), busy)
    }
    vectors.upsert([{ id: 1, embedding: query }])
    db.close()
  },
)

test('objects around a handle are refused, with where the handle is', () => {
  const refuses = (handle: object, message: RegExp): void => {
    assert.throws(() => attach(handle as Handle, OPTIONS), message)
  }
  const nothing = (): undefined => undefined
  refuses({ $client: {}, select: nothing }, /Drizzle.*db\.\$client/)
  refuses({ selectFrom: nothing, getExecutor: nothing }, /Kysely/)
  refuses({ $connect: nothing, $queryRawUnsafe: nothing }, /Prisma/)
  refuses(
    {
      prepare: () => ({ all: nothing, bind: nothing }),
      exec: nothing,
      batch: nothing,
      dump: nothing,
    },
    /asynchronous driver.*better-sqlite3/,
  )
  refuses({ execute: nothing, batch: nothing, transaction: nothing }, /asynchronous driver/)
})
