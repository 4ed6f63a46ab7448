import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, VecError, type SqlValue } from '../../src/main.ts'
import { DimensionRule } from '../../src/vec.ts'
import { seededTest } from '../seed.ts'
import { Random } from '../vec/random.ts'
import { scratch } from './scratch.ts'
import { svec, svecJson } from './svec.ts'

const { path, freshTable } = scratch()

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
  const columns = 'id, content, meta, vec_to_json(embedding), embedding_model, archived'
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
    "note: the filter passed over 2 documents whose meta is not JSON, for instance 'bad'\n",
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
    assert.match(stderr, /^note: the filter passed over 2 documents/)
  }
  const content = ['query', file, '[1, 6]', '--filter', "json_extract(content, '$.x') = 1"]
  const db2 = await open(file)
  db2.exec("UPDATE _vec_docs SET content = 'words'")
  db2.close()
  const other = await svec(content)
  assert.equal(other.code, 3)
  assert.match(other.stderr, /--filter: malformed JSON.*\n.*json_valid\(content\)/)
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
      if (!expected) assert.match(stderr, /has \d dimensions, those of dataset 'd' have \d/)
    }
  },
)

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

seededTest('VEC_SEED')('what import says it counted is what a search then finds', async () => {
  const random = new Random(11)
  for (let round = 0; round < 16; round++) {
    const metric = random.pick(['cosine', 'euclidean', 'dot'])
    const includeArchived = random.chance(0.3)
    const options = ['-m', metric, ...(includeArchived ? ['--include-archived'] : [])]
    const file = await freshTable(...options)
    const conflict = random.pick(['error', 'skip', 'replace', 'merge'])
    const told = `round ${round}, ${metric}, ${conflict}`
    const make = (id: string): object => ({
      id,
      ...(random.chance(0.25)
        ? {}
        : { embedding: random.chance(0.2) ? [0, 0] : [1, random.below(9)] }),
      ...(random.chance(0.2) ? { archived: random.chance(0.5) } : {}),
      ...(random.chance(0.5) ? { content: 'x' } : {}),
    })
    const first = Array.from({ length: 5 + random.below(10) }, (_, i) => make(`f${i}`))
    const one = (await svecJson(['import', file, '-', '--batch', '4'], {
      input: jsonl(...first),
    })) as Report
    const before = (await found(file)).length
    const lost = (r: Report): number => r.unembedded + r.archived + r.zero
    assert.equal(one.imported, first.length)
    assert.equal(before, one.imported - lost(one), told)
    if (conflict === 'error') continue
    const rows = (await rowsOf(file, 'id')).length
    const second = Array.from({ length: 12 }, (_, i) =>
      make(random.chance(0.5) ? `f${random.below(first.length)}` : `s${i >> 1}`),
    )
    const again = ['import', file, '-', '--batch', '5', '--on-conflict', conflict]
    const two = (await svecJson(again, { input: jsonl(...second) })) as Report
    const added = (await rowsOf(file, 'id')).length - rows
    assert.equal(two.imported + two.skipped, second.length, told)
    assert.equal(two.imported - two.replaced - two.merged, added, told)
    if (conflict === 'skip')
      assert.equal((await found(file)).length, before + two.imported - lost(two), told)
    // What is not found is what the two runs say, for the rows that the second one wrote.
    const written = [...new Set(second.map(document => (document as { id: string }).id))]
    if (conflict !== 'skip') {
      const hits = await found(file)
      const missing = written.filter(id => !hits.includes(id))
      assert.equal(lost(two), missing.length, told)
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
