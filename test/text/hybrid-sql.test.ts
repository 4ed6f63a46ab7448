import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeEmbedding, open, type Connection } from '../../src/entries/main.ts'
import { seededTest } from '../seed.ts'
import { Random } from '../vec/random.ts'

const seeded = seededTest('VEC_SEED')

const DOCUMENTS: readonly (readonly [id: string, content: string, vector: readonly number[]])[] = [
  ['east', 'the sun rises in the east', [1, 0]],
  ['north', 'the compass points north', [0, 1]],
  ['both', 'north and east meet each other', [1, 1]],
]

async function scene(options = 'text=content'): Promise<Connection> {
  const db = await open(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, ${options})`)
  const insert = db.prepare(
    'INSERT INTO docs(dataset_id, doc_id, content, meta, embedding) VALUES (?, ?, ?, ?, ?)',
  )
  for (const [id, content, vector] of DOCUMENTS) {
    insert.run('a', id, content, JSON.stringify({ id }), encodeEmbedding(vector))
  }
  return db
}

function ids(db: Connection, where: string, ...values: unknown[]): unknown[] {
  const sql = `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND docs MATCH ${where}`
  return db
    .prepare(sql)
    .pluck()
    .all(...(values as string[]))
}

test('a hybrid search shows both ranks, both scores and the fused one', async () => {
  using db = await scene()
  const rows = db
    .prepare(
      `SELECT doc_id AS id, match_score, vector_rank, round(vector_score, 1) AS vector_score, text_rank, text_score > 0 AS found
       FROM docs WHERE dataset_id = 'a' AND docs MATCH vec_hybrid('[1, 0]', 'north') AND k = 3`,
    )
    .all()
  assert.deepEqual(rows, [
    {
      id: 'north',
      match_score: 1 / 63 + 1 / 61,
      vector_rank: 3,
      vector_score: 0,
      text_rank: 1,
      found: 1,
    },
    {
      id: 'both',
      match_score: 1 / 62 + 1 / 62,
      vector_rank: 2,
      vector_score: 0.7,
      text_rank: 2,
      found: 1,
    },
    {
      id: 'east',
      match_score: 1 / 61,
      vector_rank: 1,
      vector_score: 1,
      text_rank: null,
      found: null,
    },
  ])
})

test('a search by text ranks by BM25, and doc_id MATCH does the same', async () => {
  using db = await scene()
  assert.deepEqual(ids(db, "vec_text('north') AND k = 10"), ['north', 'both'])
  const byId = db.prepare(
    "SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH vec_text('north')",
  )
  assert.deepEqual(byId.pluck().all(), ['north', 'both'])
})

test('a search by vector alone has a vector rank, also behind an offset', async () => {
  using db = await scene()
  const rows = db
    .prepare(
      `SELECT doc_id, vector_rank, text_rank FROM docs WHERE dataset_id = 'a' AND docs MATCH '[1, 0]'
       ORDER BY match_score DESC LIMIT 2 OFFSET 1`,
    )
    .raw()
    .all()
  assert.deepEqual(rows, [
    ['both', 2, null],
    ['north', 3, null],
  ])
})

test('options choose syntax, weights, fusion and window', async () => {
  using db = await scene()
  const hybrid = (options: object): unknown[] =>
    ids(db, "vec_hybrid('[1, 0]', 'north', ?) AND k = 1", JSON.stringify(options))
  assert.deepEqual(hybrid({ weights: { text: 0 } }), ['east'])
  assert.deepEqual(hybrid({ weights: { vector: 0 } }), ['north'])
  assert.deepEqual(hybrid({ fusion: 'sum' }), ['east'])
  assert.deepEqual(hybrid({ rrfK: 0, weights: { text: 2 } }), ['north'])
  assert.deepEqual(ids(db, `vec_text('north east', '{"syntax": "all"}')`), ['both'])
  assert.deepEqual(ids(db, `vec_text('north NOT east', '{"syntax": "fts5"}')`), ['north'])
  assert.deepEqual(ids(db, `vec_text('compas*', '{"syntax": "fts5"}')`), ['north'])
})

test('options that cannot be are refused with their names', async () => {
  using db = await scene()
  const refused = (options: string, message: RegExp): void => {
    assert.throws(() => ids(db, 'vec_text(?, ?)', 'north', options), { code: 'VEC_QUERY', message })
  }
  refused('{"sintax": "all"}', /vec_text\(\): unknown option 'sintax': did you mean 'syntax'/)
  refused('{"syntax": "some"}', /syntax is "some", expected one of any, all, fts5/)
  refused('{"rrfK": -1}', /rrfK is -1, expected a number from 0/)
  refused('{"weights": {"words": 1}}', /unknown weight 'words'/)
  refused('{"window": 0}', /window is 0, expected an integer from 1/)
  refused('[', /the options are not JSON/)
  assert.throws(() => ids(db, "vec_hybrid(NULL, 'x')"), { message: /the vector is NULL/ })
  assert.throws(() => ids(db, 'vec_text(NULL)'), { message: /the text is NULL/ })
  assert.throws(() => ids(db, `vec_text('a AND (', '{"syntax": "fts5"}')`), {
    code: 'VEC_QUERY',
    message: /the text query "a AND \(" is not in FTS5's language: fts5: syntax error/,
  })
})

test('a table without a text index says how to get one', async () => {
  using db = await scene('metric=cosine')
  assert.throws(() => ids(db, "vec_text('north')"), {
    code: 'VEC_QUERY',
    message: /the vec table was created without a text index/,
    hint: /text=content/,
  })
  const names = db.prepare("SELECT name FROM pragma_table_xinfo('docs')").pluck().all()
  assert.ok(!names.includes('text_rank'))
})

test('filters, ids and bounds apply to both rankings', async () => {
  using db = await scene()
  assert.deepEqual(ids(db, `vec_text('north') AND filter = '{"id": "both"}'`), ['both'])
  assert.deepEqual(
    ids(db, `vec_hybrid('[1, 0]', 'north') AND k = 5 AND filter = '{"id": "both"}'`),
    ['both'],
  )
  assert.deepEqual(ids(db, "vec_text('north') AND doc_id IN ('both', 'east')"), ['both'])
  assert.deepEqual(ids(db, "vec_hybrid('[1, 0]', 'north') AND distance < 0.5 AND k = 5"), [
    'both',
    'east',
  ])
  assert.deepEqual(ids(db, "vec_hybrid('[1, 0]', 'north') AND match_score > 0.032 AND k = 5"), [
    'north',
    'both',
  ])
})

test('rows come by distance when the statement says so', async () => {
  using db = await scene()
  const by = (order: string): unknown[] =>
    ids(db, `vec_hybrid('[0, 1]', 'east') ORDER BY ${order} LIMIT 2`)
  assert.deepEqual(by('distance'), ['north', 'both'])
  assert.deepEqual(by('match_score DESC'), ['both', 'east'])
})

test('a small dataset among many finds its own rows', async () => {
  using db = await scene()
  db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    INSERT INTO _vec_docs(dataset_id, id, content) SELECT 'big', i, 'north north' FROM n`)
  assert.deepEqual(ids(db, "vec_text('north') AND k = 2"), ['north', 'both'])
  assert.deepEqual(ids(db, "vec_hybrid('[1, 0]', 'north') AND k = 3").length, 3)
})

test('a frequent word is left out when a rarer one remains, and counts again when it is not', async () => {
  using db = await scene()
  db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    INSERT INTO _vec_docs(dataset_id, id, content) SELECT 'a', i, 'north' FROM n`)
  assert.deepEqual(ids(db, "vec_text('north compass')"), ['north'])
  assert.equal(ids(db, "vec_text('north')").length, 3002)
  db.exec("DELETE FROM _vec_docs WHERE id GLOB '[0-9]*' AND id <> '1'")
  assert.deepEqual(ids(db, "vec_text('north compass')"), ['north', '1', 'both'])
})

test('options of the text index are checked when the table is made', async () => {
  using db = await open(':memory:')
  const refused = (options: string, message: RegExp): void => {
    assert.throws(() => db.exec(`CREATE VIRTUAL TABLE t USING vec(doc_id, ${options})`), {
      code: 'VEC_OPTION',
      message,
    })
  }
  refused('text=contents', /text cannot be 'contents': did you mean 'content'/)
  refused('n INTEGER, text=n', /text cannot be 'n'/)
  refused('text="content,content"', /names the column content twice/)
  refused('text=content, tokenize=stemmer', /tokenize cannot be 'stemmer'/)
  refused('tokenize=porter', /the table is without a text index/)
})

test('a renamed table keeps its text index, a dropped one leaves nothing of it', async () => {
  using db = await scene()
  assert.equal(ids(db, "vec_text('north')").length, 2)
  db.exec('ALTER TABLE docs RENAME TO papers')
  const found = db.prepare(
    "SELECT doc_id FROM papers WHERE dataset_id = 'a' AND papers MATCH vec_text('north')",
  )
  assert.deepEqual(found.pluck().all(), ['north', 'both'])
  db.exec('DROP TABLE papers')
  const left = db.prepare("SELECT name FROM sqlite_schema WHERE name LIKE 'vec_text__vec%'").pluck()
  assert.deepEqual(left.all(), [])
})

seeded('no text is an error, whatever it holds: 10,000 hostile ones', async () => {
  const r = new Random(77)
  using db = await scene()
  const parts = [
    '"',
    "'",
    '*',
    '(',
    ')',
    'NEAR(',
    ' AND ',
    ' OR ',
    ' NOT ',
    ':',
    '^',
    '-',
    '+',
    '{',
    '}',
    '\\',
    ';',
    '--',
    '\u0000',
    '\ud800',
    '\udc00',
    '\u{1f600}',
    '東京',
    'ß',
    'İ',
    'north',
    'east',
    'content:',
    ' ',
    '\n',
    ',',
    'ﬁ',
    '\u0301',
    '%',
  ]
  for (const tokenizer of ['unicode61', 'porter', 'trigram']) {
    using other = await scene(`text=content, tokenize=${tokenizer}`)
    const text = other.prepare(
      "SELECT doc_id FROM docs WHERE dataset_id = 'a' AND docs MATCH vec_text(?) AND k = 3",
    )
    const hybrid = other.prepare(
      "SELECT doc_id FROM docs WHERE dataset_id = 'a' AND docs MATCH vec_hybrid('[1, 0]', ?) AND k = 3",
    )
    for (let i = 0; i < 10_000 / 3; i++) {
      // A lone surrogate has no UTF-8 form: every statement refuses to bind it.
      const hostile = Array.from({ length: r.below(9) }, () => r.pick(parts))
        .join('')
        .toWellFormed()
      text.all(hostile)
      assert.equal(hybrid.all(hostile).length, 3, JSON.stringify(hostile))
    }
  }
  assert.deepEqual(ids(db, "vec_hybrid('[1, 0]', '?!') AND k = 1"), ['east'])
})

test('documents of two datasets are never taken for one, whatever characters their names have', async () => {
  using db = await scene()
  const insert = db.prepare(
    'INSERT INTO docs(dataset_id, doc_id, content, embedding) VALUES (?, ?, ?, ?)',
  )
  insert.run('c', 'a\0b', 'only words', encodeEmbedding([-1, 0]))
  insert.run('b\0c', 'a', 'nothing else', encodeEmbedding([1, 0]))
  const rows = db
    .prepare(
      `SELECT dataset_id AS dataset, doc_id AS id, vector_rank, text_rank FROM docs
       WHERE dataset_id IN (?, ?) AND docs MATCH vec_hybrid('[1, 0]', 'words') AND k = 2 ORDER BY id`,
    )
    .all('c', 'b\0c')
  assert.deepEqual(rows, [
    { dataset: 'b\0c', id: 'a', vector_rank: 1, text_rank: null },
    { dataset: 'c', id: 'a\0b', vector_rank: 2, text_rank: 1 },
  ])
})
