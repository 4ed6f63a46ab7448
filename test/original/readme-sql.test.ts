import assert from 'node:assert/strict'
import { loadEngine, openConnection } from '../../src/entries/engine.ts'
import { open } from '../../src/entries/main.ts'
import { register } from '../../src/entries/vec.ts'
import { encodeEmbedding } from '../../src/entries/vector.ts'
import { refused } from '../refusal.ts'
import { claim, endOfClaims } from './claims.ts'
import { east, north, quickStart, rows, SEARCH, SHADOW } from './quick-start.ts'

claim(
  'Local quick start',
  'a file is opened, the module registered, and a table with dbpath of that file finds its documents by score',
  async () => {
    using db = await quickStart(", dbpath='./vec_demo.sqlite'")
    assert.deepEqual(rows(db, SEARCH, east), [
      ['a', 1],
      ['b', 0],
    ])
  },
  'never-locked-out',
  'any-journal-mode',
)

claim('Local quick start', 'the module is registered on a connection by a call', async () => {
  await loadEngine()
  using db = openConnection('./vec_demo.sqlite')
  refused(
    () => db.exec('CREATE VIRTUAL TABLE v USING vec(doc_id)'),
    'SQLITE_ERROR',
    'no such module',
  )
  register(db)
  db.exec('CREATE VIRTUAL TABLE v USING vec(doc_id)')
})

claim(
  'Local quick start',
  'the shadow table is made by hand, with IF NOT EXISTS, after the vec table or before it',
  async () => {
    using db = await quickStart()
    refused(() => db.exec(`CREATE TABLE _vec_vec_docs ${SHADOW}`), 'SQLITE_ERROR', 'already exists')
    db.exec(`CREATE TABLE _vec_first ${SHADOW}; CREATE VIRTUAL TABLE first USING vec(doc_id)`)
    db.prepare("INSERT INTO _vec_first(dataset_id, id, embedding) VALUES ('demo', 'a', ?)").run(
      east,
    )
    assert.deepEqual(
      rows(db, "SELECT doc_id FROM first WHERE dataset_id = 'demo' AND doc_id MATCH ?", east),
      [['a']],
    )
  },
  'shadow-made',
)

claim(
  'Querying with vec',
  'the example: a dataset, MATCH, a bound of match_score, LIMIT',
  async () => {
    using db = await quickStart()
    db.prepare(
      "INSERT INTO _vec_vec_docs(dataset_id, id, embedding) VALUES ('demo', 'c', ?), ('demo', 'd', ?)",
    ).run(encodeEmbedding([2, 1]), encodeEmbedding([85, 52.678269]))
    const sql =
      'SELECT doc_id, match_score FROM vec_docs WHERE dataset_id = ? AND doc_id MATCH ? AND match_score >= 0.85 LIMIT 20'
    assert.deepEqual(
      rows(db, sql, 'demo', east).map(row => (row as unknown[])[0]),
      ['a', 'c', 'd'],
    )
    assert.deepEqual(rows(db, sql.replace('LIMIT 20', 'LIMIT 1'), 'demo', east), [['a', 1]])
  },
)

claim(
  'Querying with vec',
  'a bound counts as it is written',
  async () => {
    using db = await quickStart()
    assert.deepEqual(rows(db, `${SEARCH} AND match_score > 1`, east), [])
    assert.deepEqual(rows(db, `${SEARCH} AND match_score >= 1`, east), [['a', 1]])
  },
  'exact-greater',
  'pushed-down',
)

claim(
  'Querying with vec',
  'dataset_id and the document column are visible, match_score is hidden',
  async () => {
    using db = await quickStart()
    assert.deepEqual(
      db
        .prepare("SELECT * FROM vec_docs WHERE dataset_id = 'demo'")
        .columns()
        .map(column => column.name),
      ['dataset_id', 'doc_id'],
    )
    assert.deepEqual(
      rows(db, "SELECT name FROM pragma_table_xinfo('vec_docs') WHERE hidden = 1")
        .flat()
        .slice(0, 1),
      ['match_score'],
    )
  },
  'hidden-columns',
)

claim(
  'Querying with vec',
  'ids are joined back to their documents for content and meta',
  async () => {
    using db = await quickStart()
    db.exec("UPDATE _vec_vec_docs SET content = 'text of ' || id, meta = '{}'")
    assert.deepEqual(
      rows(
        db,
        "SELECT d.id, d.content, d.meta FROM vec_docs v JOIN _vec_vec_docs d ON d.dataset_id = v.dataset_id AND d.id = v.doc_id WHERE v.dataset_id = 'demo' AND v.doc_id MATCH ?",
        north,
      ),
      [
        ['b', 'text of b', '{}'],
        ['a', 'text of a', '{}'],
      ],
    )
  },
)

claim(
  'Querying with vec',
  'vec_cosine and vec_l2 order and filter outside the vec table',
  async () => {
    using db = await quickStart()
    assert.deepEqual(
      rows(
        db,
        'SELECT id, vec_cosine(embedding, ?1), vec_l2(embedding, ?1) FROM _vec_vec_docs WHERE vec_l2(embedding, ?1) < 2 ORDER BY vec_l2(embedding, ?1)',
        north,
      ),
      [
        ['b', 1, 0],
        ['a', 0, Math.SQRT2],
      ],
    )
    assert.deepEqual(rows(db, 'SELECT vec_cosine(NULL, ?1), vec_l2(?1, NULL)', north), [
      [null, null],
    ])
  },
)

claim(
  'Administration',
  'a table of vec_admin rebuilds the index of a dataset, and answers reindexed:<count>',
  async () => {
    using db = await quickStart()
    db.exec('CREATE VIRTUAL TABLE vec_admin USING vec_admin(op)')
    assert.deepEqual(
      rows(db, "SELECT op FROM vec_admin WHERE op MATCH 'main._vec_vec_docs:demo'"),
      [['reindexed:2']],
    )
  },
  'vec-admin',
)

claim('Administration', 'rows of vector_storage may be deleted by hand', async () => {
  using db = await quickStart()
  rows(db, SEARCH, east)
  db.exec("INSERT INTO vec_docs(vec_docs) VALUES ('rebuild'); DELETE FROM vector_storage")
  assert.deepEqual(rows(db, SEARCH, east), [
    ['a', 1],
    ['b', 0],
  ])
})

claim(
  'Administration',
  'vec_invalidate(shadow, dataset) can be called, and is not needed',
  async () => {
    using db = await quickStart()
    rows(db, SEARCH, east)
    assert.deepEqual(rows(db, "SELECT vec_invalidate('main._vec_vec_docs', 'demo')"), [[1]])
    assert.deepEqual(rows(db, SEARCH, east), [
      ['a', 1],
      ['b', 0],
    ])
  },
)

claim('Troubleshooting', 'no such module: vec, where it was not registered', async () => {
  ;(await quickStart()).close()
  using db = await open('./vec_demo.sqlite', { register: false })
  refused(() => rows(db, SEARCH, east), 'SQLITE_ERROR', 'no such module: vec')
})

claim(
  'Troubleshooting',
  'vec: dataset_id constraint required, where a query names none',
  async () => {
    using db = await quickStart()
    refused(
      () => rows(db, 'SELECT doc_id FROM vec_docs LIMIT 1'),
      'VEC_QUERY',
      /^vec: dataset_id constraint required/,
    )
  },
)

claim(
  'Troubleshooting',
  'MATCH without rows: the dataset is another, the vector has length zero, or its dimension is named in an error',
  async () => {
    using db = await quickStart()
    assert.deepEqual(rows(db, SEARCH.replace('demo', 'Demo'), east), [])
    assert.deepEqual(rows(db, SEARCH, encodeEmbedding([0, 0])), [])
    refused(
      () => rows(db, SEARCH, encodeEmbedding([1, 0, 0])),
      'VEC_DIMENSION',
      'query dim 3 != index dim 2',
    )
    db.exec("UPDATE _vec_vec_docs SET embedding = x'00' WHERE id = 'b'")
    assert.deepEqual(rows(db, SEARCH, east), [['a', 1]])
  },
  'dimension-text',
  'bad-rows-skipped',
)

claim(
  'Troubleshooting',
  'an index that is not rebuilt after writes: triggers that were dropped come back, and answers stay right',
  async () => {
    using db = await quickStart()
    rows(db, SEARCH, east)
    for (const [name] of rows(
      db,
      "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '_vec_vec_docs'",
    ) as string[][])
      db.exec(`DROP TRIGGER "${name}"`)
    db.exec("DELETE FROM _vec_vec_docs WHERE id = 'a'")
    assert.deepEqual(rows(db, SEARCH, east), [['b', 0]])
    assert.equal(
      rows(
        db,
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '_vec_vec_docs'",
      ).length,
      3,
    )
  },
  'always-fresh',
)

endOfClaims('Local quick start', 'Querying with vec', 'Administration', 'Troubleshooting')
