import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { encodeEmbedding, insertMany, open, type Connection } from '../../src/entries/main.ts'
import { cosine } from '../../src/entries/vector.ts'
import {
  NOWHERE,
  type Field,
  type MethodName,
  type Methods,
  type Place,
  type PointMap,
} from '../../src/ui/contract.ts'
import { answered, type SourceError } from '../../src/ui/source-error.ts'
import { ASK, defineUiFunction } from '../../src/ui/ui-function.ts'

const COUNT = 300
const DIM = 12
const place: Place = { table: 'docs', dataset: 'd' }
const vectors = Array.from({ length: COUNT }, (_, i) =>
  Float32Array.from(
    { length: DIM },
    (__, j) => Math.sin(1 + i * 7.3 + j * 2.1) + (j === 0 ? (i % 3) * 2 : 0),
  ),
)
const metaOf = (i: number): object => ({
  lang: ['en', 'de', 'fr'][i % 3],
  year: 1900 + i / 4,
  ...(i % 2 === 0 ? { draft: i % 4 === 0 } : {}),
  tags: ['x'],
})

let db: Connection

/** Asks as a page does. */
function ask<N extends MethodName>(
  method: N,
  ...values: Parameters<Methods[N]>
): ReturnType<Methods[N]> {
  using statement = db.prepare(ASK)
  return answered(
    statement.pluck().get(method, JSON.stringify(values)) as Uint8Array,
  ) as ReturnType<Methods[N]>
}

const refused = (method: string, values: string): SourceError => {
  using statement = db.prepare(ASK)
  const bytes = statement.pluck().get(method, values) as Uint8Array
  try {
    answered(bytes)
  } catch (error) {
    return error as SourceError
  }
  return assert.fail(`${method} ${values} was answered`)
}

/** The nearest by brute force in double precision. */
function nearest(
  query: Float32Array,
  k: number,
  wanted: (i: number) => boolean = () => true,
): string[] {
  return Array.from(vectors, (vector, i) => ({ i, score: cosine(vector, query) }))
    .filter(({ i }) => wanted(i))
    .toSorted((a, b) => b.score - a.score)
    .slice(0, k)
    .map(({ i }) => `d${i}`)
}

before(async () => {
  db = await open(':memory:')
  defineUiFunction(db)
  db.exec("CREATE VIRTUAL TABLE docs USING vec(doc_id, size INTEGER, text='content')")
  const insert = db.prepare(
    'INSERT INTO _vec_docs(dataset_id, id, content, meta, embedding, size) VALUES (?, ?, ?, ?, ?, ?)',
  )
  for (const [i, vector] of vectors.entries())
    insert.run(
      'd',
      `d${i}`,
      `word${i % 5} number ${i}`,
      JSON.stringify(metaOf(i)),
      new Uint8Array(vector.buffer),
      i % 7,
    )
  insert.run('d', 'bare', 'no vector', 'not json', null, null)
  db.exec('CREATE VIRTUAL TABLE plain USING vec(doc_id)')
  db.exec(
    `INSERT INTO plain(dataset_id, doc_id, content, embedding) VALUES ('p', 'a', 'Über <b>bold</b>', '[1, 0]'), ('p', 'b', 'other', '[0, 1]')`,
  )
})
after(() => db.close())

describe('what a page asks', () => {
  test('the tables of the file, with rows and dimensions', () => {
    const { tables } = ask('describe')
    assert.deepEqual(
      tables.map(({ name, datasets }) => [name, datasets]),
      [
        ['docs', [{ name: 'd', rows: COUNT + 1, dim: DIM }]],
        ['plain', [{ name: 'p', rows: 2, dim: 2 }]],
      ],
    )
  })

  test('a map has each row with a vector once, in order, and keeps distances along its axes', () => {
    const { rows, points, shown, dim } = ask('map', place)
    assert.equal(dim, DIM)
    assert.deepEqual(
      Array.from(rows),
      Array.from({ length: COUNT }, (_, i) => i + 1),
    )
    assert.equal(points.length, COUNT * 2)
    assert.ok(points.every(x => Number.isFinite(x)))
    assert.ok(shown[0] >= shown[1] && shown[1] > 0 && shown[0] + shown[1] <= 1)
    // A projection makes no distance larger.
    const unit = vectors.map(vector => vector.map(x => x / Math.hypot(...vector)))
    for (let i = 1; i < COUNT; i += 7) {
      const apart = Math.hypot(...unit[i].map((x, j) => x - unit[0][j]))
      const shownApart = Math.hypot(points[2 * i] - points[0], points[2 * i + 1] - points[1])
      assert.ok(shownApart <= apart + 1e-5)
    }
  })

  test('a map of 100,000 rows has each once, and travels as 16 bytes a row', () => {
    const count = 100_000
    db.exec('CREATE VIRTUAL TABLE many USING vec(doc_id)')
    const rows = Array.from({ length: count }, (_, i) => [
      'd',
      String(i),
      encodeEmbedding(Float32Array.of(Math.sin(i), Math.cos(i), Math.sin(3 * i))),
    ])
    insertMany(db, '_vec_many', ['dataset_id', 'id', 'embedding'], rows)
    using statement = db.prepare(ASK)
    const given = JSON.stringify([{ table: 'many', dataset: 'd' }])
    const bytes = statement.pluck().get('map', given) as Uint8Array
    assert.ok(bytes.length >= count * 16 && bytes.length < count * 16 + 1000, `${bytes.length}`)
    const map = answered(bytes) as PointMap
    assert.equal(map.points.length, 2 * count)
    assert.ok(map.rows.every((row, i) => row === i + 1))
    assert.ok(map.shown[0] + map.shown[1] > 0.6, String(map.shown))
    db.exec('DROP TABLE many')
  })

  test('fields are declared columns and members of meta that hold one value', () => {
    assert.deepEqual(
      ask('fields', place).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      [
        { name: 'draft', from: 'meta' },
        { name: 'lang', from: 'meta' },
        { name: 'size', from: 'column' },
        { name: 'year', from: 'meta' },
      ],
    )
    assert.deepEqual(ask('fields', { table: 'plain', dataset: 'p' }), [])
  })

  test('the values of a field are those of each row of the map', () => {
    const lang = ask('values', place, { name: 'lang', from: 'meta' })
    assert.deepEqual(
      lang.values.map(({ value, count }) => [value, count]),
      [
        ['de', 100],
        ['en', 100],
        ['fr', 100],
      ],
    )
    for (let i = 0; i < COUNT; i++)
      assert.equal(lang.values[lang.codes[i]].value, ['en', 'de', 'fr'][i % 3])
    const draft = ask('values', place, { name: 'draft', from: 'meta' })
    assert.deepEqual(
      draft.values.map(({ value }) => value),
      [false, true],
    )
    for (let i = 0; i < COUNT; i++)
      assert.equal(draft.values[draft.codes[i]]?.value, i % 2 === 0 ? i % 4 === 0 : undefined)
    const year = ask('values', place, { name: 'year', from: 'meta' })
    assert.deepEqual(year.range, [1900, 1900 + (COUNT - 1) / 4])
    assert.deepEqual(
      Array.from(year.numbers!),
      Array.from({ length: COUNT }, (_, i) => 1900 + i / 4),
    )
    const size = ask('values', place, { name: 'size', from: 'column' })
    for (let i = 0; i < COUNT; i++) assert.equal(size.values[size.codes[i]].value, i % 7)
  })

  test('searches by vector, by a row, with a filter and with recall find what brute force finds', () => {
    for (let q = 0; q < 12; q++) {
      const query = Float32Array.from({ length: DIM }, (_, j) => Math.cos(q * 3.7 + j))
      const vector = [...query]
      const ids = (more: object): string[] =>
        ask('search', place, { mode: 'exact', vector, k: 8, ...more }).hits.map(({ id }) => id)
      assert.deepEqual(ids({}), nearest(query, 8))
      assert.deepEqual(ids({ mode: 'recall' }), nearest(query, 8))
      assert.deepEqual(
        ids({ filter: { lang: { $in: ['en'] } } }),
        nearest(query, 8, i => i % 3 === 0),
      )
      assert.deepEqual(
        ids({ filter: { size: { $gte: 3, $lte: 4 } } }),
        nearest(query, 8, i => i % 7 === 3 || i % 7 === 4),
      )
      const like = ask('search', place, { mode: 'exact', like: q + 1, k: 8 })
      assert.deepEqual(
        like.hits.map(({ id }) => id),
        nearest(vectors[q], 9).slice(1),
      )
      assert.ok(like.hits.every(({ row, id }) => id === `d${row - 1}`))
    }
  })

  test('words are searched by the text index, or found in the contents without one', () => {
    const found = ask('search', place, { mode: 'exact', text: 'word3', k: 100 })
    assert.equal(found.hits.length, COUNT / 5)
    assert.match(found.note!, /^ranked by words alone: no model/)
    const both = ask('search', place, { mode: 'hybrid', text: 'word3', like: 4, k: 5 })
    assert.equal(both.hits.length, 5)
    assert.equal(both.note, undefined)
    assert.equal(ask('search', place, { mode: 'text', text: 'word3', k: 5 }).note, undefined)
    const plain = ask(
      'search',
      { table: 'plain', dataset: 'p' },
      { mode: 'exact', text: 'über', k: 5 },
    )
    assert.deepEqual(
      plain.hits.map(({ id, score, content }) => [id, score, content]),
      [['a', undefined, 'Über <b>bold</b>']],
    )
    assert.match(plain.note!, /the table plain does not have a text index/)
    // Without a text index, the vector ranks alone, and the answer says why.
    const alone = ask(
      'search',
      { table: 'plain', dataset: 'p' },
      { mode: 'hybrid', text: 'über', vector: [2, 1], k: 5 },
    )
    assert.equal(alone.hits[0].id, 'a')
    assert.match(alone.note!, /^ranked by the vector alone: the table plain does not have/)
    const vectorAlone = ask('search', place, { mode: 'text', like: 4, k: 5 })
    assert.equal(vectorAlone.note, 'ranked by the vector alone')
    const listed = ask('search', place, { mode: 'exact', filter: { lang: { $in: ['de'] } }, k: 3 })
    assert.deepEqual(
      listed.hits.map(({ id }) => id),
      ['d1', 'd10', 'd100'],
    )
  })

  test('documents come whole and in the asked order, those that are gone do not', () => {
    const [second, bare, first] = ask('documents', place, [2, 301, 999, 1], true)
    assert.deepEqual([second.id, bare.id, first.id], ['d1', 'bare', 'd0'])
    assert.deepEqual(second.vector, vectors[1])
    assert.equal(bare.vector, undefined)
    assert.equal(bare.meta, 'not json')
    assert.deepEqual(JSON.parse(first.meta!), metaOf(0))
    assert.equal(ask('documents', place, [1], false)[0].vector, undefined)
  })

  test('the neighbour of a row is the nearest other row', () => {
    const { rows, nearest: others, scores } = ask('neighbors', place, [1, 2, 3, 301])
    assert.deepEqual(Array.from(rows), [1, 2, 3])
    for (const [i, other] of others.entries()) {
      assert.equal(`d${other - 1}`, nearest(vectors[i], 2)[1])
      assert.ok(Math.abs(scores[i] - cosine(vectors[i], vectors[other - 1])) < 1e-9)
    }
  })

  test('the neighbours of all rows are found in turns, which other questions may come between', () => {
    const search = ask('beginNeighbors', place)
    const steps = new Set<string>()
    let answer = ask('continueNeighbors', search)
    for (; answer.found === undefined; answer = ask('continueNeighbors', search)) {
      steps.add(answer.step)
      assert.equal(ask('search', place, { mode: 'exact', like: 1, k: 1 }).hits.length, 1)
    }
    const { found, share, trials } = answer
    assert.deepEqual([share, trials], [1, 100])
    // A row without a vector does not have a neighbour.
    assert.deepEqual(
      Array.from(found.rows),
      Array.from({ length: COUNT }, (_, i) => i + 1),
    )
    for (const [i, other] of found.nearest.entries())
      assert.equal(`d${other - 1}`, nearest(vectors[i], 2)[1])
    assert.equal(refused('continueNeighbors', JSON.stringify([search])).code, 'UI_GONE')
  })

  test('a search for neighbours that was ended, or that newer ones replaced, is gone', () => {
    const [first, second, third] = [0, 1, 2].map(() => ask('beginNeighbors', place))
    assert.equal(refused('continueNeighbors', JSON.stringify([first])).code, 'UI_GONE')
    ask('endNeighbors', second)
    assert.equal(refused('continueNeighbors', JSON.stringify([second])).code, 'UI_GONE')
    assert.ok(ask('continueNeighbors', third).done <= 1)
    ask('endNeighbors', third)
  })

  test('the nearest of a sample are those of brute force, by the metric of the table', () => {
    const rows = Array.from({ length: 100 }, (_, i) => 3 * i + 1)
    const sample = ask('sample', place, [...rows, COUNT + 1, 9999])
    assert.deepEqual(Array.from(sample.rows), rows)
    const asked = [2, COUNT + 1, 7, 9999]
    const { k, neighbors: found, distances } = ask('nearest', place, sample.id, asked, 5)
    assert.equal(k, 5)
    for (const [at, row] of asked.entries()) {
      const own: number[] = Array.from(found.subarray(at * k, (at + 1) * k))
      if (row > COUNT) {
        assert.deepEqual(own, [NOWHERE, NOWHERE, NOWHERE, NOWHERE, NOWHERE])
        continue
      }
      const wanted = nearest(vectors[row - 1], k, i => i % 3 === 0)
      assert.deepEqual(
        own.map(member => `d${rows[member] - 1}`),
        wanted,
      )
      // Directions that differ by an angle are 2 sin(angle / 2) apart.
      const score = cosine(vectors[row - 1], vectors[Number(wanted[4].slice(1))])
      assert.ok(Math.abs(distances[at * k + 4] - Math.sqrt(2 - 2 * score)) < 1e-6)
    }
  })

  test('samples are kept for some pages at a time, and one that is gone is named', () => {
    const first = ask('sample', place, [1, 2, 3])
    for (let i = 0; i < 4; i++) ask('sample', place, [1, 2, 3])
    const gone = refused('nearest', JSON.stringify([place, first.id, [1], 2]))
    assert.equal(gone.code, 'UI_SAMPLE')
    assert.equal(ask('nearest', place, first.id + 4, [1], 9).k, 3)
  })

  test('a check names problems, and a repair ends those that it can', () => {
    db.exec(
      `INSERT INTO vector_storage(shadow_table_name, dataset_id, "index") VALUES ('main._vec_gone', 'd', x'00')`,
    )
    const problems = ask('check', 'docs').filter(
      ({ severity }) => severity === 'error' || severity === 'warning',
    )
    assert.ok(problems.length > 0)
    ask('repair', 'docs')
    const left = ask('check', 'docs').filter(
      ({ severity }) => severity === 'error' || severity === 'warning',
    )
    assert.ok(left.length < problems.length)
    assert.ok(ask('stats', place).some(({ topic }) => topic === 'rows'))
  })
})

describe('questions that make no sense', () => {
  test('are answered by an error with its code, and change nothing', () => {
    assert.match(refused('drop', '[]').message, /no method 'drop'/)
    assert.match(refused('constructor', '[]').message, /no method/)
    assert.match(refused('map', '{').message, /JSON/)
    assert.match(refused('map', '{}').message, /JSON array/)
    assert.match(refused('map', '[{ "table": "none", "dataset": "d" }]').message, /none/)
    const field: Field = { name: 'size"; DROP TABLE _vec_docs; --', from: 'column' }
    assert.match(refused('values', JSON.stringify([place, field])).message, /does not declare/)
    const wrong = refused(
      'search',
      JSON.stringify([place, { mode: 'exact', vector: [1, 2], k: 3 }]),
    )
    assert.equal(wrong.code, 'VEC_DIMENSION')
    assert.equal(ask('describe').tables.length, 2)
  })

  test('a view or trigger of the file cannot ask', () => {
    db.exec(`CREATE VIEW asking AS SELECT svec_ui('describe', '[]') AS answer`)
    assert.throws(() => db.prepare('SELECT * FROM asking').all(), /unsafe use of svec_ui/)
  })
})
