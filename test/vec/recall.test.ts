import assert from 'node:assert/strict'
import { describe } from 'node:test'
import {
  encodeEmbedding,
  insertMany,
  open,
  type Connection,
  type SqlValue,
} from '../../src/entries/main.ts'
import { Collection } from '../../src/entries/vecutil.ts'
import { refused } from '../refusal.ts'
import { seededTest } from '../seed.ts'
import { Random } from './random.ts'

const test = seededTest('VEC_SEED')

const DIM = 128
const ROWS = 17_000
/** Enough numbers that clusters answer. */
const QUERIES = 60

type Vectors = readonly Uint8Array[]

/** Rows around 150 centres. */
function grouped(r: Random, count: number): Vectors {
  const vector = (size: number): number[] =>
    Array.from({ length: DIM }, () => size * (r.next() + r.next() + r.next() - 1.5))
  const centres = Array.from({ length: 150 }, () => vector(1))
  return Array.from({ length: count }, () => {
    const centre = centres[Math.floor(150 * r.next())]
    return encodeEmbedding(vector(0.7).map((v, i) => v + centre[i]))
  })
}

async function filled(options: string, vectors: Vectors): Promise<Connection> {
  const db = await open(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, n INTEGER${options})`)
  const rows = vectors.map((vector, i) => ['a', `d${i}`, i % 10, vector])
  insertMany(db, '_vec_docs', ['dataset_id', 'id', 'n', 'embedding'], rows)
  return db
}

const SEARCH = `SELECT doc_id, match_score FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ?`
const ORDERED = 'ORDER BY match_score DESC LIMIT 10'

interface Hit {
  doc_id: string
  match_score: number
}

function hits(db: Connection, where: string, ...values: SqlValue[]): Hit[] {
  return db.prepare(`${SEARCH} ${where} ${ORDERED}`).all(...values) as Hit[]
}

function explain(db: Connection, op: string): string[] {
  const sql = 'SELECT op FROM vec_admin WHERE op MATCH ?'
  return db.prepare(sql).pluck().all(`${op}:docs:a`) as string[]
}

/** The rows are those of the exact answer but for a few; scores are exact, and fall. */
function compare(db: Connection, where: string, query: Uint8Array, recall: string): number {
  const exact = hits(db, `${where} AND recall = 1`, query)
  const found = hits(db, `${where} ${recall}`, query)
  const score = db.prepare(
    "SELECT vec_cosine(embedding, ?) FROM _vec_docs WHERE dataset_id = 'a' AND id = ?",
  )
  assert.equal(found.length, exact.length)
  assert.equal(new Set(found.map(hit => hit.doc_id)).size, found.length)
  for (const [i, { doc_id, match_score }] of found.entries()) {
    assert.equal(match_score, score.pluck().get(query, doc_id))
    assert.ok(i === 0 || match_score <= found[i - 1].match_score)
  }
  const least = exact.at(-1)?.match_score ?? 0
  return found.filter(hit => hit.match_score >= least).length / Math.max(1, exact.length)
}

interface Scene {
  readonly db: Connection
  readonly vectors: Vectors
  readonly queries: Vectors
  /** The mean share of the exact answers that is found. */
  readonly mean: (where: string, recall: string) => number
}

let made: Promise<Scene> | undefined

async function makeScene(): Promise<Scene> {
  const all = grouped(new Random(5), ROWS + QUERIES)
  const queries = all.slice(ROWS)
  const vectors = all.slice(0, ROWS)
  const db = await filled(', recall=0.95', vectors)
  // Searches are exact until the clusters are ready.
  assert.equal(compare(db, '', queries[0], ''), 1)
  explain(db, 'optimize')
  const mean: Scene['mean'] = (where, recall) =>
    queries.reduce((sum, query) => sum + compare(db, where, query, recall), 0) / queries.length
  return { db, vectors, queries, mean }
}

/** The table is made once, for all tests. */
const scene = async (): Promise<Scene> => (made ??= makeScene())

describe('a table with recall=0.95', () => {
  test('most of the nearest rows are found, with exact scores', async () => {
    const { db, queries, mean } = await scene()
    assert.ok(mean('', '') >= 0.91)
    assert.ok(mean('', 'AND recall = 0.99') >= 0.96)
    const [exact, near] = ['AND recall = 1', 'AND recall = 0.95'].map(recall =>
      hits(db, recall, queries[0]),
    )
    assert.equal(exact.length, near.length)
  })

  test('explain and stats tell what was promised and measured', async () => {
    const { db } = await scene()
    for (const word of ['explain', 'stats']) {
      const said = explain(db, word).join('\n')
      assert.match(said, /clusters: \d+ of 17000 rows/)
      assert.match(
        said,
        /recall:? 0\.95 of the nearest 10 is promised: [01]\.\d+ measured on \d+ stored/,
      )
    }
  })

  test('vec_admin measures recall', async () => {
    const { db } = await scene()
    const [said, ...others] = explain(db, 'recall')
    assert.match(said, /^recall 0\.95: [01]\.\d+ found with 200 stored rows as queries/)
    assert.deepEqual(others, [])
  })

  test('conditions are kept: filters, scores, ids, k, OFFSET', async () => {
    const { db, queries, mean } = await scene()
    const passes = 'AND n IN (1, 2, 3, 4, 5, 6)'
    assert.ok(mean(passes, '') >= 0.91)
    for (const query of queries.slice(0, 10)) {
      compare(db, 'AND n = 3', query, '')
      compare(db, 'AND match_score > 0.6', query, '')
      compare(db, 'AND match_score < 0.5', query, '')
      const ids = hits(db, "AND doc_id IN ('d1', 'd2')", query).map(hit => hit.doc_id)
      assert.deepEqual(ids.toSorted(), ['d1', 'd2'])
      const all = hits(db, 'AND k = 4', query)
      assert.equal(all.length, 4)
      const rest = db.prepare(`${SEARCH} ${ORDERED} OFFSET 3`).all(query) as Hit[]
      assert.equal(rest.length, 10)
    }
  })

  test('a statement without LIMIT gives every row once, in order', async () => {
    const { db, queries } = await scene()
    const rows = db.prepare(`${SEARCH} ORDER BY match_score DESC`).all(queries[0]) as Hit[]
    assert.equal(rows.length, ROWS)
    assert.equal(new Set(rows.map(hit => hit.doc_id)).size, rows.length)
    assert.ok(rows.every((hit, i) => i === 0 || hit.match_score <= rows[i - 1].match_score))
  })

  test('a lower bound that few rows reach keeps the promise', async () => {
    const { db, queries } = await scene()
    let found = 0
    let nearest = 0
    for (const query of queries) {
      const [, least] = hits(db, 'AND recall = 1', query)
      const near = hits(db, `AND match_score >= ${least.match_score}`, query)
      assert.ok(near.every(hit => hit.match_score >= least.match_score))
      found += near.length
      nearest += 2
    }
    assert.ok(found / nearest >= 0.91, `${found} of ${nearest}`)
  })

  test('k and recall may come from another table, in either order of a join', async () => {
    const { db, queries } = await scene()
    db.exec('CREATE TEMP TABLE wish(k INTEGER, r REAL); INSERT INTO wish VALUES (3, 0.9), (5, 1)')
    for (const tables of ['wish w JOIN docs d', 'docs d JOIN wish w']) {
      const sql = `SELECT count(*) FROM ${tables} ON d.dataset_id = 'a' AND d.doc_id MATCH ?
        AND d.k = w.k AND d.recall = w.r GROUP BY w.k`
      assert.deepEqual(db.prepare(sql).pluck().all(queries[0]), [3, 5])
    }
  })

  test('a query unlike the rows is answered exactly', async () => {
    const { db } = await scene()
    const r = new Random(9)
    const strange = encodeEmbedding(Array.from({ length: DIM }, () => r.next() ** 8))
    assert.equal(compare(db, '', strange, ''), 1)
  })

  test('rows that a transaction changes are seen in it, and gone with it', async () => {
    const { db, vectors, queries } = await scene()
    const [query] = queries
    const write = db.prepare(
      "INSERT OR REPLACE INTO docs(dataset_id, doc_id, embedding, n) VALUES ('a', ?, ?, 1)",
    )
    const first = (): string => hits(db, '', query)[0].doc_id
    const before = first()
    db.exec('BEGIN')
    write.run('new', query)
    assert.equal(first(), 'new')
    db.exec('ROLLBACK')
    assert.equal(first(), before)
    write.run('new', query)
    assert.equal(first(), 'new')
    write.run('new', vectors[7])
    assert.notEqual(first(), 'new')
    db.exec("DELETE FROM docs WHERE dataset_id = 'a' AND doc_id = 'new'")
    assert.equal(first(), before)
    assert.ok(!hits(db, '', vectors[7]).some(hit => hit.doc_id === 'new'))
  })

  test('a collection takes the recall of its table, or of a query', async () => {
    const { db, queries } = await scene()
    const collection = new Collection(db, {
      table: 'docs',
      dataset: 'a',
      model: 'test',
      embed: async () => [],
    })
    const vector = new Float32Array(queries[1].slice().buffer)
    const found = await collection.query({ vector, k: 10 })
    const exact = await collection.query({ vector, k: 10, recall: 1 })
    assert.equal(found.hits.length, 10)
    assert.deepEqual(
      exact.hits.map(hit => hit.id),
      hits(db, 'AND recall = 1', queries[1]).map(hit => hit.doc_id),
    )
    await assert.rejects(collection.query({ vector, recall: 0 }), /recall is 0/)
    await assert.rejects(collection.query({ vector, recall: '1' as never }), TypeError)
  })
})

test('without recall all is exact, and no clusters are made', async () => {
  const all = grouped(new Random(5), ROWS + 1)
  using db = await filled('', all.slice(0, ROWS))
  assert.equal(hits(db, '', all[ROWS]).length, 10)
  assert.ok(!explain(db, 'explain').some(line => /cluster|recall/.test(line)))
  const [said] = explain(db, 'recall')
  assert.match(said, /^recall 0\.95: /)
})

test('few rows are searched exactly', async () => {
  const all = grouped(new Random(6), 2001)
  using db = await filled(', recall=0.9', all.slice(0, 2000))
  assert.equal(compare(db, '', all[2000], ''), 1)
  assert.match(explain(db, 'stats').join('\n'), /0\.9 is promised; all searches are exact/)
  assert.match(explain(db, 'recall').join('\n'), /searches are exact/)
})

test('a recall that is none is refused', async () => {
  using db = await filled('', grouped(new Random(7), 3))
  const query = encodeEmbedding(new Float32Array(DIM).fill(1))
  for (const recall of [0, -1, 1.5, null, 'much', '0.9']) {
    refused(() => hits(db, 'AND recall = ?', query, recall), 'VEC_QUERY', 'recall', '0.98')
  }
  for (const option of ['0', '2', '', 'high', '-0.5', 'NaN']) {
    refused(
      () => db.exec(`CREATE VIRTUAL TABLE other USING vec(doc_id, recall=${option})`),
      'VEC_OPTION',
      'recall',
      `'${option}'`,
    )
  }
  const insert = "INSERT INTO docs(dataset_id, doc_id, recall) VALUES ('a', 'x', 0.5)"
  refused(() => db.exec(insert), 'VEC_QUERY', 'recall')
})

test('a table may declare a column of this name', async () => {
  using db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, recall REAL)')
  const insert = db.prepare(
    "INSERT INTO docs(dataset_id, doc_id, recall, embedding) VALUES ('a', ?, ?, ?)",
  )
  for (const [i, recall] of [0.5, 7].entries()) {
    insert.run(`d${i}`, recall, encodeEmbedding([i, 1]))
  }
  const found = hits(db, 'AND recall = 7', encodeEmbedding([0, 1]))
  assert.deepEqual(
    found.map(hit => hit.doc_id),
    ['d1'],
  )
})
