import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeEmbedding, open } from '../../src/entries/main.ts'
import { describeTable } from '../../src/entries/vec.ts'
import { cosine } from '../../src/entries/vector.ts'
import { scratch } from './scratch.ts'
import { svec, svecJson } from './svec.ts'

const { freshTable, path, write } = scratch()

interface Hit {
  readonly id: string
  readonly score: number
  readonly distance: number | null
  readonly content: string
  readonly meta: { readonly kind: string }
  readonly vectorRank?: number | null
  readonly textRank?: number | null
  readonly group?: unknown
}

const NOUNS = ['valve', 'pump', 'archive', 'tank', 'filter', 'motor', 'sensor']
const VERBS = ['leaks', 'closes', 'opens']
/** 60 documents, whose contents name a noun and a verb; E17 is in one of them. */
const documents = Array.from({ length: 60 }, (_, i) => ({
  id: `d${i}`,
  embedding: [Math.sin(1 + i * 7.3), Math.cos(i * 2.1), Math.sin(i)],
  content: `The ${NOUNS[i % 7]} ${VERBS[i % 3]}${i === 17 ? ' with E17' : ''}`,
  meta: { kind: NOUNS[i % 7], at: { year: 2000 + (i % 4) } },
}))
const jsonl = documents.map(document => JSON.stringify(document)).join('\n')
const vector = [0.4, -1, 0.7]

/** The documents of a list, nearest first, by brute force in double precision. */
function nearest(of: typeof documents): typeof documents {
  const score = (document: (typeof documents)[number]): number =>
    cosine(Float32Array.from(document.embedding), Float32Array.from(vector))
  return of.toSorted((a, b) => score(b) - score(a))
}

async function wordsTable(...options: string[]): Promise<string> {
  const file = await freshTable('--text', 'content', '--tokenize', 'porter')
  await svecJson(['import', file, '-', ...options], { input: jsonl })
  return file
}

async function query(file: string, ...args: string[]): Promise<Hit[]> {
  return (await svecJson(['query', file, ...args])) as Hit[]
}

/** The place of an id in a ranking, from 1. */
function place(ranking: readonly string[], id: string): number | null {
  const at = ranking.indexOf(id)
  return at < 0 ? null : at + 1
}

test('--text finds the documents with the words, in the order of SQL', async () => {
  const file = await wordsTable()
  const hits = await query(file, '--text', 'e17 valves', '-k', '100')
  const expected = documents.filter(({ content }) => /E17|valve/.test(content)).map(({ id }) => id)
  assert.deepEqual(hits.map(({ id }) => id).toSorted(), expected.toSorted())
  assert.equal(hits[0].id, 'd17')
  assert.equal(hits[0].distance, null)
  assert.equal(hits[0].content, documents[17].content)
  assert.deepEqual(hits[0].meta, documents[17].meta)
  assert.equal('vectorRank' in hits[0], false)
  const db = await open(file)
  const ranked = db.prepare(
    `SELECT doc_id FROM docs WHERE dataset_id = 'default' AND docs MATCH vec_text('e17 valves')
     AND k = 100 ORDER BY match_score DESC`,
  )
  assert.deepEqual(
    hits.map(({ id }) => id),
    ranked.pluck().all(),
  )
  db.close()
  const input = 'e17'
  assert.deepEqual(
    JSON.parse((await svec(['query', file, '--text', '-', '--json'], { input })).stdout),
    await query(file, '--text', 'e17'),
  )
  const { stdout } = await svec(['query', file, '--text', 'E17'])
  assert.match(stdout, /^[\d.]+\tdefault\td17\tThe tank opens with E17\n$/)
})

test('--hybrid ranks by vector and by words, each as a search for it alone', async () => {
  const file = await wordsTable()
  const given = JSON.stringify(vector)
  const hits = await query(file, given, '--text', 'pumps', '--hybrid', '-k', '60')
  const byVector = nearest(documents).map(({ id }) => id)
  const byText = (await query(file, '--text', 'pumps', '-k', '60')).map(({ id }) => id)
  assert.ok(byText.length > 5)
  for (const { id, score, vectorRank = null, textRank = null } of hits) {
    assert.equal(vectorRank, place(byVector, id))
    assert.equal(textRank, place(byText, id))
    const parts = [vectorRank, textRank].map(rank => (rank === null ? 0 : 1 / (60 + rank)))
    assert.ok(Math.abs(score - parts[0] - parts[1]) < 1e-12)
  }
  const embed = ['--embed-command', `echo '[${given}]'`]
  assert.deepEqual(await query(file, 'pumps', '--hybrid', '-k', '60', ...embed), hits)
  assert.deepEqual(await query(file, '--text', 'pumps', '--hybrid', '-k', '60', ...embed), hits)
  const filtered = ['--hybrid', '--text', 'pumps', '-k', '3']
  const ofKind = new Set(hits.filter(({ meta }) => meta.kind === 'tank').map(({ id }) => id))
  for (const filter of ['{"kind": "tank"}', "json_extract(meta, '$.kind') = 'tank'"]) {
    const found = await query(file, given, ...filtered, '--filter', filter)
    assert.equal(found.length, 3)
    for (const { id } of found) assert.ok(ofKind.has(id), id)
  }
})

test('--group-by gives the best document of each value, by vector, by words and by both', async () => {
  const file = await wordsTable('--column', 'kind=TEXT')
  const given = JSON.stringify(vector)
  const best = NOUNS.map(noun => nearest(documents.filter(({ meta }) => meta.kind === noun))[0])
  const expected = nearest(best).map(({ id, meta }) => [id, meta.kind])
  for (const field of ['meta.kind', 'kind']) {
    const hits = await query(file, given, '--group-by', field)
    assert.deepEqual(
      hits.map(({ id, group }) => [id, group]),
      expected,
    )
    const [{ distance, content }] = hits
    assert.ok(typeof distance === 'number')
    assert.equal(content, best.find(({ id }) => id === hits[0].id)?.content)
  }
  const words = await query(file, '--text', 'valve pump', '--group-by', 'meta.kind')
  assert.deepEqual(new Set(words.map(({ group }) => group)), new Set(['pump', 'valve']))
  assert.equal(words.length, 2)
  const both = await query(
    file,
    given,
    '--text',
    'pump',
    '--hybrid',
    '--group-by',
    'kind',
    '-k',
    '7',
  )
  assert.equal(new Set(both.map(({ group }) => group)).size, 7)
  assert.ok(both.some(({ textRank }) => typeof textRank === 'number'))
  const filter = '{"kind": {"$in": ["tank", "motor"]}}'
  assert.deepEqual(
    (await query(file, given, '--group-by', 'kind', '--filter', filter)).map(({ id }) => id),
    expected.filter(([, kind]) => /tank|motor/.test(kind)).map(([id]) => id),
  )
})

test('queries that contradict themselves say what to write', async () => {
  const file = await wordsTable()
  const plain = await freshTable()
  await svecJson(['import', plain, '-'], { input: jsonl })
  const given = JSON.stringify(vector)
  for (const [args, code, expected] of [
    [[file], 2, /<vector> is missing[^]*--text/],
    [[file, given, '--text', 'pump'], 2, /--hybrid/],
    [[file, '--text', 'pump', '--embed-command', 'cat'], 2, /--hybrid/],
    [[file, '--hybrid'], 2, /needs a vector and words/],
    [[file, given, '--hybrid'], 2, /needs words/],
    [[file, '--text', 'pump', '--hybrid'], 2, /needs a vector/],
    [[file, '-', '--text', '-', '--hybrid'], 2, /stdin cannot be both/],
    [[file, '--text', '-'], 3, /the text is empty/],
    [[file, '--text', '"(!'], 1, /nothing found/],
    [[plain, '--text', 'pump'], 3, /does not have a text index[^]*svec init .* --text content/],
    [[file, given, '--group-by', 'kind'], 2, /did you mean meta\.kind\?/],
    [[file, given, '--group-by', 'meta.kind', '--filter', "id > 'a'"], 2, /as JSON/],
    [[file, given, '--group-by', 'meta.kind', '-d', 'default', '-d', 'other'], 2, /one dataset/],
  ] as const) {
    const { code: ended, stderr, stdout } = await svec(['query', ...args])
    assert.match(stderr, expected)
    assert.equal(ended, code, stderr)
    assert.equal(stdout, '')
  }
})

test('--column declares what filters read, once, in import and in init', async () => {
  const file = await freshTable('--column', 'kind=TEXT')
  const columns = ['--column', 'kind=TEXT', '--column', 'year = int FROM $.at.year']
  await svecJson(['import', file, '-', ...columns], { input: jsonl })
  await svecJson(['import', file, '-', ...columns, '--on-conflict', 'skip'], { input: jsonl })
  const db = await open(file)
  assert.deepEqual(describeTable(db, 'docs').declared, [
    { name: 'kind', type: 'TEXT', from: '$.kind' },
    { name: 'year', type: 'INTEGER', from: '$.at.year' },
  ])
  const rows = db.prepare('SELECT id, kind, year FROM _vec_docs ORDER BY rowid').raw().all()
  assert.deepEqual(
    rows,
    documents.map(({ id, meta }) => [id, meta.kind, meta.at.year]),
  )
  const found = db
    .prepare(
      `SELECT doc_id FROM docs WHERE dataset_id = 'default' AND doc_id MATCH ? AND k = 5
       AND kind = 'tank' AND year >= 2002 ORDER BY match_score DESC`,
    )
    .pluck()
    .all(encodeEmbedding(vector))
  const expected = nearest(
    documents.filter(({ meta }) => meta.kind === 'tank' && meta.at.year >= 2002),
  )
  assert.deepEqual(
    found,
    expected.slice(0, 5).map(({ id }) => id),
  )
  db.close()
  for (const [given, code, expectedError] of [
    ['kind=INTEGER', 2, /already has the column kind TEXT FROM '\$\.kind'/],
    ['kind', 2, /expected name=TYPE/],
    ['size=BLOB', 3, /expected one of TEXT/],
    ['size=TEXT FROM size', 3, /expected a path in meta/],
    ['content=TEXT', 3, /already has a column/],
  ] as const) {
    const { code: ended, stderr } = await svec(['import', file, '-', '--column', given], {
      input: jsonl,
    })
    assert.match(stderr, expectedError)
    assert.equal(ended, code, stderr)
  }
})

test('stats tells the declared columns and the text index', async () => {
  const file = await freshTable(
    '--column=title=TEXT',
    '--column=odd name=JSON',
    '--text=title,content',
    '--tokenize=trigram',
  )
  const { stdout } = await svec(['stats', file])
  assert.match(
    stdout,
    /\n {2}columns: title TEXT FROM '\$\.title', "odd name" JSON FROM '\$\."odd name"'\n {2}text index: title, content \(trigram\)\n {2}no documents\n$/,
  )
  const { tables } = (await svecJson(['stats', file])) as { tables: Record<string, unknown>[] }
  assert.deepEqual(tables[0]['text'], { columns: ['title', 'content'], tokenizer: 'trigram' })
  assert.deepEqual(tables[0]['declared'], [
    { name: 'title', type: 'TEXT', from: '$.title' },
    { name: 'odd name', type: 'JSON', from: '$."odd name"' },
  ])
  const source = write(
    't.jsonl',
    '{"id": "a", "title": "Overflow", "content": "x", "embedding": [1]}',
  )
  await svecJson(['import', file, source])
  assert.equal((await query(file, '--text', 'verfl'))[0].id, 'a')
  const { stderr, code } = await svec(['init', path('bad.sqlite'), '--tokenize', 'porter'])
  assert.match(stderr, /text=content/)
  assert.equal(code, 3)
})
