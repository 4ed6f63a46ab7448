import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, VecError, type SqlValue } from '../../src/entries/main.ts'
import { DimensionRule } from '../../src/entries/vec.ts'
import { seededTest } from '../seed.ts'
import { Random } from '../vec/random.ts'
import { manyRuns } from './many-runs.ts'
import { scratch } from './scratch.ts'
import { svec, svecJson } from './svec.ts'

const { folder, path, write, freshTable } = scratch()

async function rowsOf(file: string, columns: string): Promise<SqlValue[][]> {
  const db = await open(file, { readonly: true })
  try {
    return db
      .prepare(`SELECT ${columns} FROM _vec_docs ORDER BY dataset_id, id`)
      .raw()
      .all() as SqlValue[][]
  } finally {
    db.close()
  }
}

/** Ids of all that a search finds. */
async function found(file: string): Promise<string[]> {
  const db = await open(file, { readonly: true })
  try {
    const all =
      "SELECT doc_id FROM docs WHERE dataset_id = 'default' AND doc_id MATCH '[1, 1]' AND k = 1000"
    return db.prepare(all).pluck().all() as string[]
  } finally {
    db.close()
  }
}

interface Report {
  readonly imported: number
  readonly skipped: number
  readonly replaced: number
  readonly merged: number
  readonly unembedded: number
  readonly archived: number
  readonly zero: number
  readonly wrapped: number
}

const jsonl = (...documents: readonly object[]): string =>
  documents.map(document => JSON.stringify(document)).join('\n')

test('merge completes what is there: what a document does not say stays', async () => {
  const file = await freshTable()
  const run = async (input: string, ...args: string[]): Promise<Report> =>
    (await svecJson(['import', file, '-', ...args], { input })) as Report
  await run(
    jsonl(
      { id: 'a', embedding: [1, 0], n: 1, tags: ['x'], archived: 1 },
      { id: 'b', embedding: [0, 1], content: 'B', model: 'm' },
    ),
  )
  const csv = 'doc_id,title,text\na,one,first\nb,,\nc,three,third\n'
  const merge = ['--on-conflict', 'merge']
  const report = await run(csv, '-f', 'csv', ...merge)
  assert.deepEqual([report.imported, report.merged, report.unembedded], [3, 2, 1])
  const columns = 'id, content, meta, vec_json(embedding), embedding_model, archived'
  assert.deepEqual(await rowsOf(file, columns), [
    ['a', 'first', '{"n":1,"tags":["x"],"title":"one"}', '[1,0]', null, 1],
    ['b', 'B', '{"title":null}', '[0,1]', 'm', 0],
    ['c', 'third', '{"title":"three"}', null, null, 0],
  ])
  // The vector comes second, what is null is not said, an array is one value, and an id may come twice.
  const second = await run(
    jsonl(
      { id: 'c', embedding: [1, 1], archived: false },
      { id: 'a', archived: 0, n: null, tags: [], content: null, embedding: [2, 0] },
      { id: 'd', content: 'D' },
      { id: 'd', embedding: [3, 3] },
    ),
    ...merge,
  )
  assert.deepEqual([second.imported, second.merged, second.unembedded], [4, 3, 0])
  assert.deepEqual(await rowsOf(file, columns), [
    ['a', 'first', '{"n":1,"tags":[],"title":"one"}', '[2,0]', null, 0],
    ['b', 'B', '{"title":null}', '[0,1]', 'm', 0],
    ['c', 'third', '{"title":"three"}', '[1,1]', null, 0],
    ['d', 'D', null, '[3,3]', null, 0],
  ])
  const hits = (await svecJson(['query', file, '[1, 1]'])) as object[]
  assert.equal(hits.length, 4)
  assert.equal((await svec(['check', file])).code, 0)
  // A batch is merged whole or not at all.
  const failed = await svec(['import', file, '-', ...merge], {
    input: jsonl({ id: 'a', content: 'new' }, { id: 'b', embedding: [1, 2, 3] }),
  })
  assert.match(failed.stderr, /line 2: the embedding of 'b' has 3 dimensions/)
  assert.equal((await rowsOf(file, 'content'))[0][0], 'first')
})

test('metadata that is not JSON is stored as a JSON string; a filter passes over what others stored', async () => {
  const file = await freshTable()
  const input = jsonl(
    { id: 'a', embedding: [1, 0], meta: 'plain words' },
    { id: 'b', embedding: [1, 1], meta: { lang: 'en' } },
    { id: 'c', embedding: [1, 2], meta: '{"lang": "en"}' },
    { id: 'd', embedding: [1, 3], meta: "{lang: 'en'}" },
    { id: 'e', embedding: [1, 4], meta: '' },
    { id: 'f', embedding: [1, 5], meta: 7 },
  )
  const { wrapped } = (await svecJson(['import', file, '-'], { input })) as Report
  assert.equal(wrapped, 1)
  assert.deepEqual((await rowsOf(file, 'meta')).flat(), [
    '"plain words"',
    '{"lang":"en"}',
    '{"lang": "en"}',
    "{lang: 'en'}",
    null,
    '7',
  ])
  const filter = "json_extract(meta, '$.lang') = 'en'"
  const query = ['query', file, '[1, 9]', '--filter', filter]
  const ids = async (): Promise<string[]> =>
    ((await svecJson(query)) as { id: string }[]).map(({ id }) => id)
  assert.deepEqual(await ids(), ['d', 'c', 'b'])
  assert.equal((await svec(query)).stderr, '')

  const db = await open(file)
  const insert = db.prepare(
    "INSERT INTO _vec_docs(dataset_id, id, embedding, meta) VALUES ('default', ?, vec_f32('[1, 6]'), ?)",
  )
  insert.run('bad', 'not json')
  insert.run('worse', '{"lang": "en"')
  db.close()
  assert.deepEqual(await ids(), ['d', 'c', 'b'])
  const told = await svec(query)
  assert.equal(told.code, 0)
  assert.equal(
    told.stderr,
    "note: the filter skipped 2 documents whose meta is not JSON, for example 'bad'\n",
  )
  // A filter that does not look into meta finds them.
  const plain = await svecJson(['query', file, '[1, 6]', '--filter', "meta = 'not json'"])
  assert.deepEqual((plain as { id: string }[])[0].id, 'bad')
  for (const args of [
    ['export', file, path('e.jsonl'), '--force'],
    ['export', file, path('e.npy'), '--ids', path('e.txt'), '--force'],
  ]) {
    const { code, stderr } = await svec([...args, '--filter', filter])
    assert.equal(code, 0, stderr)
    assert.match(stderr, /^note: the filter skipped 2 documents/)
  }
  const content = ['query', file, '[1, 6]', '--filter', "json_extract(content, '$.x') = 1"]
  const db2 = await open(file)
  db2.exec("UPDATE _vec_docs SET content = 'words'")
  db2.close()
  const other = await svec(content)
  assert.equal(other.code, 3)
  assert.match(other.stderr, /--filter .*malformed JSON.*\n.*json_valid\(content\)/)
})

/** What the vec table itself says to a vector of `dim` numbers for `id`. */
function takes(
  db: Awaited<ReturnType<typeof open>>,
  id: string,
  dim: number,
  replace: boolean,
): boolean {
  const vector = JSON.stringify(Array.from({ length: dim }, (_, i) => i + 1))
  db.exec('SAVEPOINT probe')
  try {
    db.prepare(
      `INSERT ${replace ? 'OR REPLACE' : ''} INTO docs(dataset_id, doc_id, embedding) VALUES ('d', ?, vec_f32(?))`,
    ).run(id, vector)
    return true
  } catch (error) {
    if (error instanceof VecError && error.code === 'VEC_DIMENSION') return false
    throw error
  } finally {
    db.exec('ROLLBACK TO probe; RELEASE probe')
  }
}

seededTest('VEC_SEED')(
  'import takes and refuses the dimensions that the vec table does',
  async () => {
    const random = new Random(7)
    for (let round = 0; round < 12; round++) {
      const includeArchived = random.chance(0.3)
      const file = await freshTable(...(includeArchived ? ['--include-archived'] : []))
      const db = await open(file)
      const insert = db.prepare(
        "INSERT INTO _vec_docs(dataset_id, id, embedding, archived) VALUES ('d', ?, ?, ?)",
      )
      const ids = ['a', 'b', 'c'].slice(0, random.below(4))
      for (const id of ids) {
        const dim = 2 + random.below(2)
        const numbers = random.chance(0.2)
          ? Float32Array.from({ length: dim }, () => NaN)
          : random.vector(dim)
        insert.run(id, Buffer.from(numbers.buffer), random.chance(0.4) ? 1 : 0)
      }
      const rule = new DimensionRule(db, 'docs')
      const cases: (readonly [id: string, dim: number, replace: boolean, expected: boolean])[] = []
      for (const id of ['a', 'new']) {
        for (const dim of [2, 3, 4]) {
          for (const replace of [true, false]) {
            if (!replace && ids.includes(id)) continue
            const expected = takes(db, id, dim, replace)
            const required = rule.required('d', dim, replace ? id : undefined)
            assert.equal(required === 0 || required === dim, expected, `round ${round}`)
            cases.push([id, dim, replace, expected])
          }
        }
      }
      rule.dispose()
      db.close()
      const [id, dim, replace, expected] = random.pick(cases)
      const embedding = Array.from({ length: dim }, (_, i) => i + 1)
      const args = [
        'import',
        file,
        '-',
        '-d',
        'd',
        ...(replace ? ['--on-conflict', 'replace'] : []),
      ]
      const { code, stderr } = await svec(args, { input: jsonl({ id, embedding }) })
      assert.equal(code, expected ? 0 : 3, `round ${round}: ${stderr}`)
      if (!expected) assert.match(stderr, /has \d dimensions, but dataset 'd' has \d/)
    }
  },
)

test('a document that completes an archived one stays archived, and is counted as such', async () => {
  const file = await freshTable()
  const first = jsonl({ id: 'a', embedding: [1, 2], archived: 1 }, { id: 'b', archived: 1 })
  await svecJson(['import', file, '-'], { input: first })
  const second = jsonl({ id: 'a', content: 'A' }, { id: 'b', embedding: [1, 2], archived: 0 })
  const merge = ['import', file, '-', '--on-conflict', 'merge']
  const report = (await svecJson(merge, { input: second })) as Report
  assert.deepEqual([report.merged, report.unembedded, report.archived], [2, 0, 1])
  assert.deepEqual(await found(file), ['b'])
})

test('an archived document may have any dimension, unless archived ones are searched', async () => {
  const input = jsonl(
    { id: 'old', embedding: [1, 2, 3], archived: true },
    { id: 'new', embedding: [1, 2] },
  )
  const file = await freshTable()
  const report = (await svecJson(['import', file, '-'], { input })) as Report
  assert.deepEqual([report.imported, report.archived], [2, 1])
  assert.equal(((await svecJson(['query', file, '[1, 2]'])) as object[]).length, 1)
  const all = await freshTable('--include-archived')
  const refused = await svec(['import', all, '-'], { input })
  assert.match(refused.stderr, /line 2: the embedding of 'new' has 2 dimensions/)
})

const lost = (report: Report): number => report.unembedded + report.archived + report.zero

interface Round {
  readonly told: string
  readonly file: string
  readonly conflict: string
  readonly first: readonly Made[]
  readonly second: readonly Made[]
  readonly options: readonly string[]
}

interface Made {
  readonly id: string
}

/** Documents of which a search passes over some, and a second set with ids of the first. */
function drawRound(random: Random, round: number): Round {
  const metric = random.pick(['cosine', 'euclidean', 'dot'])
  const conflict = random.pick(['skip', 'replace', 'merge'])
  const make = (id: string): Made => ({
    id,
    ...(random.chance(0.25)
      ? {}
      : { embedding: random.chance(0.2) ? [0, 0] : [1, random.below(9)] }),
    ...(random.chance(0.2) ? { archived: random.chance(0.5) } : {}),
    ...(random.chance(0.5) ? { content: 'x' } : {}),
  })
  const first = Array.from({ length: 5 + random.below(10) }, (_, i) => make(`f${i}`))
  const second = Array.from({ length: 12 }, (_, i) =>
    make(random.chance(0.5) ? `f${random.below(first.length)}` : `s${i >> 1}`),
  )
  const options = ['-m', metric, ...(random.chance(0.3) ? ['--include-archived'] : [])]
  return {
    told: `round ${round}, ${metric}, ${conflict}`,
    file: `counted${round}.sqlite`,
    conflict,
    first,
    second,
    options,
  }
}

seededTest('VEC_SEED')('what import says it counted is what a search then finds', async () => {
  const random = new Random(11)
  const rounds = Array.from({ length: 60 }, (_, round) => drawRound(random, round))
  const reports = async (which: 'first' | 'second'): Promise<readonly Report[]> => {
    for (const round of rounds) write(`${which}-${round.file}.jsonl`, jsonl(...round[which]))
    const outcomes = await manyRuns(
      rounds.map(({ file, conflict }) => {
        const mode = which === 'first' ? 'error' : conflict
        const source = `${which}-${file}.jsonl`
        return ['import', file, source, '--json', '--batch', '5', '--on-conflict', mode]
      }),
      folder,
    )
    return outcomes.map(({ code, stdout, stderr }) => {
      assert.equal(code, 0, stderr)
      return JSON.parse(stdout) as Report
    })
  }
  await manyRuns(
    rounds.map(({ file, options }) => ['init', file, ...options]),
    folder,
  )
  const firstReports = await reports('first')
  const before: (readonly string[])[] = []
  for (const [i, { file, first, told }] of rounds.entries()) {
    const hits = await found(path(file))
    before.push(hits)
    assert.equal(firstReports[i].imported, first.length, told)
    assert.equal(hits.length, first.length - lost(firstReports[i]), told)
  }
  const secondReports = await reports('second')
  for (const [i, { file, first, second, conflict, told }] of rounds.entries()) {
    const report = secondReports[i]
    const rows = await rowsOf(path(file), 'id')
    assert.equal(report.imported + report.skipped, second.length, told)
    assert.equal(
      report.imported - report.replaced - report.merged,
      rows.length - first.length,
      told,
    )
    const hits = await found(path(file))
    if (conflict === 'skip') {
      assert.equal(hits.length, before[i].length + report.imported - lost(report), told)
    } else {
      const written = [...new Set(second.map(({ id }) => id))]
      assert.equal(lost(report), written.filter(id => !hits.includes(id)).length, told)
    }
  }
})

test('a table whose documents are in another file is refused with what helps', async () => {
  const documents = await freshTable()
  const file = path('elsewhere.sqlite')
  await svecJson(['init', file, '--dbpath', documents])
  const { code, stderr } = await svec(['import', file, '-'], {
    input: '{"id": "a", "embedding": [1]}',
  })
  assert.equal(code, 3)
  assert.match(stderr, /the documents of docs are not in this file\n.*import into that file/)
  const from = await svec(['import', documents, file, '--from-table', 'docs'])
  assert.equal(from.code, 3)
  assert.match(from.stderr, /the documents of docs are in another file/)
})
