import assert from 'node:assert/strict'
import { open } from '../../src/entries/main.ts'
import { encodeEmbedding } from '../../src/entries/vector.ts'
import { refused } from '../refusal.ts'
import { claim, endOfClaims } from './claims.ts'
import { east, north, quickStart, rows, SEARCH } from './quick-start.ts'

claim(
  'Virtual table options',
  'the example with every option at once',
  async folder => {
    ;(await open(`${folder}/vec_shadow.sqlite`)).exec('CREATE TABLE t(a)').close()
    using db = await open('./main.sqlite', { allowDbpath: folder })
    db.exec(`CREATE VIRTUAL TABLE vec_docs USING vec(
    doc_id,
    dbpath='${folder}/vec_shadow.sqlite',
    index=cover,
    cover_base=1.4,
    cover_bound=level,
    cover_distance=euclidean,
    cover_parallel=auto
  )`)
    using store = await open(`${folder}/vec_shadow.sqlite`)
    store
      .prepare(
        "INSERT INTO _vec_vec_docs(dataset_id, id, embedding) VALUES ('demo', 'a', ?), ('demo', 'b', ?)",
      )
      .run(east, north)
    assert.deepEqual(rows(db, SEARCH, east), [
      ['a', 1],
      ['b', 1 - Math.SQRT2],
    ])
  },
  'dbpath-allowed',
)

claim(
  'Virtual table options',
  'dbpath takes a plain path and, in quotes, a file: URI; one that cannot be opened is an error',
  async folder => {
    ;(await open(`${folder}/other.sqlite`)).close()
    using db = await open('./main.sqlite', { allowDbpath: folder })
    for (const [name, path] of [
      ['plain', './other.sqlite'],
      ['uri', `file:${folder}/other.sqlite`],
    ]) {
      db.exec(`CREATE VIRTUAL TABLE ${name} USING vec(doc_id, dbpath='${path}')`)
      using other = await open(`${folder}/other.sqlite`)
      other
        .prepare(`INSERT INTO _vec_${name}(dataset_id, id, embedding) VALUES ('d', 'x', ?)`)
        .run(east)
      assert.deepEqual(
        rows(db, `SELECT doc_id FROM ${name} WHERE dataset_id = 'd' AND doc_id MATCH ?`, east),
        [['x']],
      )
    }
    refused(
      () => db.exec('CREATE VIRTUAL TABLE v USING vec(doc_id, dbpath=/nonexistent/x.sqlite)'),
      'VEC_OPTION',
      'does not exist',
    )
  },
  'dbpath-checked',
)

claim('Virtual table options', 'dbpath names one of several attached databases', async folder => {
  using db = await open('./main.sqlite')
  db.exec(`ATTACH '${folder}/docs.sqlite' AS store; CREATE TABLE store.t(a);
    CREATE VIRTUAL TABLE vec_docs USING vec(doc_id, dbpath='${folder}/docs.sqlite')`)
  db.prepare(
    "INSERT INTO store._vec_vec_docs(dataset_id, id, embedding) VALUES ('demo', 'a', ?)",
  ).run(east)
  assert.deepEqual(rows(db, SEARCH, east), [['a', 1]])
})

for (const [option, right, wrong] of [
  ['index', ['auto', 'cover', 'brute'], 'hnsw'],
  ['cover_base', ['1.1', '1.4', '2'], '1'],
  ['cover_bound', ['per_node', 'level'], 'both'],
  ['cover_distance', ['cosine', 'euclidean'], 'manhattan'],
  ['cover_parallel', ['auto', '4', 'off', '0'], 'many'],
] as const) {
  claim(
    'Virtual table options',
    `${option} is ${right.join(', ')}; optional, and the answers are exact with each`,
    async () => {
      for (const value of right) {
        using db = await open(':memory:')
        db.exec(`CREATE VIRTUAL TABLE vec_docs USING vec(doc_id, ${option}=${value})`)
        db.prepare(
          "INSERT INTO _vec_vec_docs(dataset_id, id, embedding) VALUES ('demo', 'a', ?), ('demo', 'b', ?)",
        ).run(east, encodeEmbedding([3, 4]))
        const score = value === 'euclidean' ? 1 - Math.sqrt(20) : 0.6
        assert.deepEqual(rows(db, SEARCH, east), [
          ['a', 1],
          ['b', score],
        ])
        refused(
          () => db.exec(`CREATE VIRTUAL TABLE v USING vec(doc_id, ${option}=${wrong})`),
          'VEC_OPTION',
          option,
          wrong,
        )
      }
    },
    'checked-options',
    'euclidean-not-clamped',
  )
}

claim(
  'Virtual table options',
  'cover_distance sets the metric of MATCH, whatever index answers',
  async () => {
    using db = await quickStart(', index=brute, cover_distance=euclidean')
    assert.deepEqual(rows(db, SEARCH, encodeEmbedding([2, 0]))[0], ['a', 0])
  },
  'metric-obeyed',
)

claim(
  'Virtual table options',
  'after a change of settings the stored indexes need not be dropped by hand',
  async () => {
    using db = await quickStart()
    rows(db, SEARCH, east)
    db.exec("INSERT INTO vec_docs(vec_docs) VALUES ('rebuild')")
    db.exec(
      'DROP TABLE vec_docs; CREATE VIRTUAL TABLE vec_docs USING vec(doc_id, cover_distance=euclidean)',
    )
    assert.deepEqual(rows(db, SEARCH, encodeEmbedding([2, 0]))[0], ['a', 0])
  },
  'storage',
)

claim(
  'Shadow tables & datasets',
  'the table is called _vec_ and the name of the vec table, and has the columns of the list',
  async () => {
    using db = await open(':memory:')
    db.exec('CREATE VIRTUAL TABLE vec_docs USING vec(doc_id)')
    const columns = rows(
      db,
      'SELECT name, type, "notnull", pk FROM pragma_table_info(\'_vec_vec_docs\')',
    )
    assert.deepEqual(columns, [
      ['dataset_id', 'TEXT', 1, 1],
      ['id', 'TEXT', 1, 2],
      ['content', 'TEXT', 0, 0],
      ['meta', 'TEXT', 0, 0],
      ['embedding', 'BLOB', 0, 0],
      ['embedding_model', 'TEXT', 0, 0],
      ['scn', 'INTEGER', 1, 0],
      ['archived', 'INTEGER', 1, 0],
    ])
    db.exec(`CREATE TABLE _vec_own (dataset_id TEXT NOT NULL, id TEXT NOT NULL, content TEXT, meta TEXT, embedding BLOB,
    embedding_model TEXT, scn INTEGER NOT NULL, archived INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(dataset_id, id));
    CREATE VIRTUAL TABLE own USING vec(doc_id)`)
  },
)

claim(
  'Shadow tables & datasets',
  'a table that lacks its columns is refused by name',
  async () => {
    using db = await open(':memory:')
    db.exec('CREATE TABLE _vec_odd(id TEXT PRIMARY KEY)')
    refused(
      () => db.exec('CREATE VIRTUAL TABLE odd USING vec(doc_id)'),
      'VEC_SHADOW',
      'no such column: dataset_id',
    )
  },
  'shadow-validated',
)

claim(
  'Shadow tables & datasets',
  'dataset_id is required on every row and every query; MATCH without it is refused',
  async () => {
    using db = await quickStart()
    refused(
      () => rows(db, 'SELECT doc_id FROM vec_docs'),
      'VEC_QUERY',
      'vec: dataset_id constraint required',
    )
    refused(
      () => rows(db, 'SELECT doc_id FROM vec_docs WHERE doc_id MATCH ?', east),
      'VEC_QUERY',
      'dataset_id constraint is required with MATCH',
    )
    refused(
      () => db.exec("INSERT INTO _vec_vec_docs(id) VALUES ('x')"),
      'SQLITE_CONSTRAINT',
      'NOT NULL',
    )
  },
)

claim('Shadow tables & datasets', 'datasets stay apart', async () => {
  using db = await quickStart()
  db.prepare("INSERT INTO _vec_vec_docs(dataset_id, id, embedding) VALUES ('other', 'a', ?)").run(
    north,
  )
  assert.deepEqual(rows(db, SEARCH, east), [
    ['a', 1],
    ['b', 0],
  ])
})

claim(
  'Shadow tables & datasets',
  'an embedding is replaced, and the next query has it',
  async () => {
    using db = await quickStart()
    assert.deepEqual(rows(db, SEARCH, east)[0], ['a', 1])
    db.prepare("UPDATE _vec_vec_docs SET embedding = ? WHERE id = 'b'").run(east)
    db.prepare("UPDATE _vec_vec_docs SET embedding = ? WHERE id = 'a'").run(north)
    assert.deepEqual(rows(db, SEARCH, east)[0], ['b', 1])
  },
)

claim(
  'Shadow tables & datasets',
  'archived = 1 hides a row without deleting it, 0 brings it back',
  async () => {
    using db = await quickStart()
    db.exec("UPDATE _vec_vec_docs SET archived = 1 WHERE id = 'a'")
    assert.deepEqual(rows(db, SEARCH, east), [['b', 0]])
    db.exec("UPDATE _vec_vec_docs SET archived = 0 WHERE id = 'a'")
    assert.deepEqual(rows(db, SEARCH, east), [
      ['a', 1],
      ['b', 0],
    ])
  },
  'archived-hidden',
)

claim(
  'Index persistence',
  'triggers that come by themselves let every write be seen, in plain SQL that other programs can run',
  async () => {
    using db = await quickStart()
    rows(db, SEARCH, east)
    const triggers = rows(
      db,
      "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '_vec_vec_docs'",
    ) as string[][]
    assert.equal(triggers.length, 3)
    assert.ok(triggers.every(([sql]) => !sql.includes('vec_invalidate')))
    db.exec("DELETE FROM _vec_vec_docs WHERE id = 'a'")
    assert.deepEqual(rows(db, SEARCH, east), [['b', 0]])
  },
  'plain-triggers',
  'always-fresh',
)

claim(
  'Index persistence',
  'an index is kept in vector_storage by (shadow_table_name, dataset_id); a SELECT does not write it',
  async () => {
    using db = await quickStart()
    rows(db, SEARCH, east)
    assert.deepEqual(
      rows(db, 'SELECT shadow_table_name, dataset_id, "index" FROM vector_storage'),
      [],
    )
  },
  'storage',
)

claim(
  'Index persistence',
  'blobs of the old brute-force format and COV1 trees that are there already do no harm',
  async () => {
    // Whole files of the original: test/vec/original-files.test.ts, their formats: test/original.
    using db = await quickStart()
    const put = db.prepare(
      "INSERT OR REPLACE INTO vector_storage(shadow_table_name, dataset_id, \"index\") VALUES ('main._vec_vec_docs', 'demo', ?)",
    )
    for (const blob of [
      Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0),
      new TextEncoder().encode('COV1 and what no tree is'),
    ]) {
      put.run(blob)
      assert.deepEqual(rows(db, SEARCH, east), [
        ['a', 1],
        ['b', 0],
      ])
    }
  },
)

endOfClaims('Virtual table options', 'Shadow tables & datasets', 'Index persistence')
