import assert from 'node:assert/strict'
import { addVectorFunctions, attach } from '../../src/entries/attach.ts'
import { blob, inEveryDriver } from './handles.ts'
import { insert, NOTES, OPTIONS } from './notes.ts'

// Tables of an application with names and keys of its own, in every driver that can be had here.

const query = [1, 0]
const idsOf = (hits: readonly { id: unknown }[]): unknown[] => hits.map(({ id }) => id)

inEveryDriver('tables of an application', fact => {
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

  for (const writes of [1, 2]) {
    fact(`what is rolled back is not taken for the next ${writes} writes`, db => {
      db.exec(NOTES)
      insert(db, 1, [0, 1])
      using vectors = attach(db, OPTIONS)
      db.exec('BEGIN')
      insert(db, 2, [1, 0])
      // An index of the transaction alone.
      assert.equal(vectors.search({ vector: query, k: 1 })[0].id, 2)
      db.exec('ROLLBACK')
      // The journal gives these the numbers that were rolled back.
      for (let n = 0; n < writes; n++) insert(db, 3 + n, [1, n + 1])
      const ids = [3, 4].slice(0, writes)
      assert.deepEqual(idsOf(vectors.search({ vector: query, k: 5 })), [...ids, 1])
    })
  }

  fact('rows of a dataset are searched together, whether it is named by text or by number', db => {
    db.exec(`CREATE TABLE notes(note_id TEXT PRIMARY KEY, tenant TEXT, tenant_id INT, "my vector" BLOB);
        INSERT INTO notes VALUES ('x', 'a', 1, ${blob(1, 0)}), ('y', 'b', 2, ${blob(1, 0)}), ('z', 'a', 1, ${blob(0, 1)})`)
    const columns = { table: 'notes', id: 'note_id', embedding: 'my vector' }
    using byText = attach(db, { ...columns, dataset: 'tenant' })
    using byNumber = attach(db, { ...columns, dataset: 'tenant_id' })
    using all = attach(db, columns)
    for (let round = 0; round < 2; round++) {
      assert.deepEqual(idsOf(byText.search({ dataset: 'a', vector: query, k: 9 })), ['x', 'z'])
      assert.deepEqual(idsOf(byNumber.search({ dataset: 1, vector: query, k: 9 })), ['x', 'z'])
      assert.deepEqual(idsOf(all.search({ vector: query, k: 9 })), ['x', 'y', 'z'])
      assert.equal(byNumber.count({ dataset: 2 }), 1)
      assert.equal(byText.count({ dataset: 'c' }), 0)
    }
    db.exec(`UPDATE notes SET tenant = 'b', tenant_id = 2 WHERE note_id = 'z'`)
    assert.deepEqual(idsOf(byText.search({ dataset: 'b', vector: query, k: 9 })), ['y', 'z'])
    assert.deepEqual(idsOf(byNumber.search({ dataset: 2n, vector: query, k: 9 })), ['y', 'z'])
    for (const vectors of [byText, byNumber, all]) {
      assert.deepEqual(
        vectors.check().filter(({ severity }) => severity === 'error' || severity === 'warning'),
        [],
      )
    }
    assert.throws(() => byText.search({ vector: query, k: 1 }), /dataset is undefined/)
    assert.throws(() => byNumber.search({ dataset: '1', vector: query, k: 1 }), TypeError)
    assert.throws(() => all.search({ dataset: 'a', vector: query, k: 1 }), TypeError)
  })

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
    const rows = statement.all(near.parameter)
    assert.deepEqual(
      rows.map(row => Object.values(row)),
      [['near', 1]],
    )
  })

  fact(
    'SQL functions compare embeddings, where the driver takes functions',
    (db, _path, driver) => {
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
    },
  )

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

  fact('many rows are read in pages, those of small datasets too', (db, path, driver) => {
    db.exec(`CREATE TABLE notes(note_id INTEGER PRIMARY KEY, tenant INTEGER, "my vector" BLOB);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO notes SELECT i - 10000, i % 10 = 0, unhex(printf('0000803f%08x', i % 256)) FROM n`)
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
})
