import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { lockSupport } from '../../src/entries/engine.ts'
import { encodeEmbedding, open } from '../../src/entries/main.ts'
import { cosine } from '../../src/entries/vector.ts'
import { svec, svecJson, temporaryFolder } from './svec.ts'

const folder = temporaryFolder()
const path = (name: string): string => join(folder, name)
const file = path('docs.sqlite')

interface Hit {
  readonly id: string
  readonly score: number
  readonly meta: unknown
}

interface Found {
  readonly tables: readonly {
    readonly table: string
    readonly findings: readonly { op: string; severity: string; remedy: string | null }[]
  }[]
}

/** 300 documents of 8 numbers, the same ones in every run. */
const vectors = Array.from({ length: 300 }, (_, i) =>
  Float32Array.from({ length: 8 }, (__, j) => Math.sin(1 + i * 7.3 + j * 2.1)),
)
const lang = (i: number): string => (i % 3 === 0 ? 'en' : 'de')

before(async () => {
  await svecJson(['init', file])
  const lines = vectors.map((vector, i) =>
    JSON.stringify({
      id: `d${i}`,
      content: `text ${i}`,
      meta: { lang: lang(i) },
      embedding: [...vector],
    }),
  )
  await svecJson(['import', file, '-'], { input: lines.join('\n') })
})

/** Brute force in double precision. */
function nearest(query: Float32Array, k: number, wanted: (i: number) => boolean): string[] {
  return vectors
    .map((vector, i) => ({ i, score: cosine(vector, query) }))
    .filter(({ i }) => wanted(i))
    .toSorted((a, b) => b.score - a.score)
    .slice(0, k)
    .map(({ i }) => `d${i}`)
}

test('query gives the answer of brute force, also behind a filter and above a score', async () => {
  for (let q = 0; q < 5; q++) {
    const query = Float32Array.from({ length: 8 }, (_, j) => Math.cos(q * 3.7 + j))
    const text = JSON.stringify([...query])
    const ids = async (...options: string[]): Promise<string[]> =>
      ((await svecJson(['query', file, text, ...options])) as Hit[]).map(hit => hit.id)
    assert.deepEqual(
      await ids(),
      nearest(query, 10, () => true),
    )
    const filter = "json_extract(meta, '$.lang') = 'en' -- English"
    assert.deepEqual(
      await ids('-k', '4', '--filter', filter),
      nearest(query, 4, i => lang(i) === 'en'),
    )
    assert.deepEqual(
      await ids('-k', '4', '--filter', '{"lang": {"$in": ["en", "fr"]}}'),
      nearest(query, 4, i => lang(i) === 'en'),
    )
    const scores = vectors.map(vector => cosine(vector, query)).toSorted((a, b) => b - a)
    const least = (scores[29] + scores[30]) / 2
    const above = nearest(query, 300, i => cosine(vectors[i], query) >= least)
    assert.deepEqual(await ids('-k', '300', `--min-score=${least}`), above)
  }
})

test('the vector may be JSON, numbers, base64, stdin, or made of a text by a command', async () => {
  const [vector] = vectors
  const numbers = [...vector].join(', ')
  const base64 = Buffer.from(vector.buffer).toString('base64')
  for (const [args, input] of [
    [[`[${numbers}]`], ''],
    [['--', numbers], ''],
    [[base64], ''],
    [['-'], `[${numbers}]\n`],
    [['any text', '--embed-command', `echo '[[${numbers}]]'`], ''],
    [['-', '--embed-command', `echo '[${numbers}]'`], 'a text from stdin'],
  ] as const) {
    const { code, stdout, stderr } = await svec(['query', file, '-k', '1', ...args], { input })
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^(1|0\.9999\d*|1\.0000\d*)\tdefault\td0\ttext 0\n$/)
  }
})

test('a query that cannot be asked, and one that finds nothing', async () => {
  const zero = JSON.stringify(Array.from(vectors[0], () => 1))
  for (const [args, code, expected] of [
    [['[1, 2]'], 3, /query dim 2 != index dim 8/],
    [['hello world'], 3, /--embed-command/],
    [['-0.5,1'], 2, /begins with a minus sign/],
    [[zero, '-k', '0'], 2, /--k must be an integer, 1 or more/],
    [[zero, '--filter', "lang = 'en'"], 3, /no such column: lang/],
    [[zero, '--filter', '1; DROP TABLE x'], 3, /--filter/],
    [[zero, '--filter', '{"lang": {"$near": 1}}'], 3, /\$near/],
    [[zero, '--filter', '{"lang": '], 2, /--filter/],
    [[zero, '--min-score', 'high'], 2, /--min-score must be a number/],
    [[zero, '--min-score', '2'], 1, /nothing found/],
    [[zero, '-d', 'defualt'], 1, /there is no dataset 'defualt': did you mean default\?/],
  ] as const) {
    const { code: ended, stderr, stdout } = await svec(['query', file, ...args])
    assert.match(stderr, expected)
    assert.equal(ended, code, stderr)
    assert.equal(stdout, '')
  }
  assert.deepEqual(await svecJson(['query', file, zero, '--min-score', '2'], { code: 1 }), [])
})

test('stats counts, for eyes and for programs', async () => {
  const { stdout } = await svec(['stats', file])
  assert.match(stdout, /docs: cosine, ids in doc_id, documents in _vec_docs\n {2}dataset default\n/)
  assert.match(stdout, /rows +300/)
  const value = (await svecJson(['stats', file])) as {
    tables: { datasets: Record<string, Record<string, string>> }[]
  }
  assert.equal(value.tables[0].datasets['default']['rows'], '300')
  assert.equal(value.tables[0].datasets['default']['dimension'], '8')
})

test('check finds what is wrong, repair mends it', async () => {
  const broken = path('broken.sqlite')
  await svecJson(['init', broken])
  await svecJson(['import', broken, '-'], { input: '{"id": "a", "embedding": [1, 2]}' })
  assert.equal((await svec(['check', broken, '--full'])).code, 0)
  const db = await open(broken)
  const trigger = db
    .prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = '_vec_docs' LIMIT 1",
    )
    .pluck()
    .get() as string
  db.exec(`DROP TRIGGER "${trigger}"`)
  db.close()
  const { code, stdout } = await svec(['check', broken])
  assert.equal(code, 1)
  assert.match(stdout, /^(warning|error) /m)
  assert.match(stdout, /^ +svec repair .*broken\.sqlite --table docs/m)
  const found = (await svecJson(['check', broken], { code: 1 })) as Found
  assert.ok(
    found.tables[0].findings.some(({ severity }) => severity !== 'ok' && severity !== 'info'),
  )
  assert.equal((await svec(['repair', broken])).code, 0)
  assert.equal((await svec(['check', broken])).code, 0)
})

test('check tells of a file that SQLite itself finds damaged', async () => {
  const damaged = path('damaged.sqlite')
  writeFileSync(damaged, readFileSync(file))
  const bytes = readFileSync(damaged)
  // Pages behind the schema: the tree of the documents.
  bytes.fill(0x5a, bytes.length - 40 * 1024, bytes.length - 8 * 1024)
  writeFileSync(damaged, bytes)
  const { code, stdout, stderr } = await svec(['check', damaged])
  assert.ok(code === 1 || code === 3, stdout + stderr)
  assert.match(stdout + stderr, /error|malformed/)
  assert.doesNotMatch(stderr, /\n\s+at /)
})

test('rebuild, optimize and explain go over every dataset', async () => {
  assert.match((await svec(['rebuild', file])).stdout, /ok +default: rebuilt from 300 rows/)
  assert.match((await svec(['optimize', file])).stdout, /ok +default: optimized/)
  const { stdout } = await svec(['explain', file])
  assert.match(stdout, /300 rows of 8 dimensions, cosine/)
  const unknown = await svec(['explain', file, '-d', 'nope'])
  assert.equal(unknown.code, 2)
  assert.match(unknown.stderr, /there is no dataset 'nope'/)
})

test('several tables are shown one under the other', async () => {
  const two = path('two.sqlite')
  await svecJson(['init', two, '-t', 'b'])
  await svecJson(['init', two, '-t', 'a', '-m', 'dot'])
  const { stdout } = await svec(['check', two])
  assert.match(stdout, /^a:\n[^]*^b:\n/m)
  const value = (await svecJson(['stats', two])) as { tables: { table: string; metric: string }[] }
  assert.deepEqual(
    value.tables.map(({ table, metric }) => [table, metric]),
    [
      ['a', 'dot'],
      ['b', 'cosine'],
    ],
  )
})

test('jsonl and csv, with vectors as JSON or base64, come back as the same documents', async () => {
  const odd = path('odd.sqlite')
  await svecJson(['init', odd])
  const db = await open(odd)
  const insert = db.prepare(
    `INSERT INTO _vec_docs(dataset_id, id, content, meta, embedding, embedding_model, archived)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  insert.run('a', 'plain', 'text', '{"n":1}', encodeEmbedding([0.1, 1e-30]), 'm', 0)
  insert.run('a', 'x,"y"', 'two\nlines', '{"n": 1}', encodeEmbedding([3e38, -0.25]), null, 1)
  insert.run('b', 'é', null, 'no json', encodeEmbedding([1, 2, 3]), null, 0)
  insert.run('b', 'bare', 'no vector', null, null, null, 0)
  const dump = 'SELECT * FROM _vec_docs ORDER BY dataset_id, id'
  const expected = db.prepare(dump).all() as { meta: unknown }[]
  db.close()
  // Metadata that is not JSON becomes a JSON string, so that filters can look into the others.
  for (const row of expected) if (row.meta === 'no json') row.meta = '"no json"'
  for (const [format, ...options] of [
    ['jsonl'],
    ['jsonl', '--vectors', 'base64'],
    ['csv'],
    ['csv', '--vectors', 'base64'],
  ]) {
    const text = path(`odd.${format}`)
    const report = await svecJson(['export', odd, text, '--force', ...options])
    assert.deepEqual(report, { exported: 4, output: text })
    const piped = await svec(['export', odd, '-f', format, ...options])
    assert.equal(piped.stdout, readFileSync(text, 'utf8'))
    const back = path(`back-${format}-${options.length}.sqlite`)
    await svecJson(['init', back])
    await svecJson(['import', back, text])
    const copy = await open(back, { readonly: true })
    assert.deepEqual(copy.prepare(dump).all(), expected, `${format} ${options.join(' ')}`)
    copy.close()
  }
})

test('npy and f32 come back, with their ids', async () => {
  const back = path('matrix.sqlite')
  await svecJson(['init', back])
  for (const format of ['npy', 'f32']) {
    const output = path(`m.${format}`)
    const ids = path(`${format}.txt`)
    const report = await svecJson(['export', file, output, '--ids', ids])
    assert.deepEqual(report, { exported: 300, dim: 8, output, ids })
    const dim = format === 'f32' ? ['--dim', '8'] : []
    await svecJson(['import', back, output, '--ids', ids, '-d', format, ...dim])
    const db = await open(back, { readonly: true })
    const rows = db
      .prepare('SELECT id, vec_json(embedding) FROM _vec_docs WHERE dataset_id = ?')
      .raw()
      .all(format)
    const expected = new Map(vectors.map((vector, i) => [`d${i}`, vector]))
    assert.equal(rows.length, 300)
    for (const [id, json] of rows as [string, string][]) {
      assert.deepEqual(Float32Array.from(JSON.parse(json) as number[]), expected.get(id))
    }
    db.close()
  }
})

test('export writes a file whole or not at all, and never over another', async () => {
  const output = path('kept.jsonl')
  writeFileSync(output, 'mine')
  for (const [args, code, expected] of [
    [[output], 3, /kept\.jsonl already exists\n {2}.*--force/],
    [[path('x.npy')], 2, /--ids ids\.txt/],
    [['-f', 'f32', '--ids', path('i.txt')], 2, /f32 needs an output file/],
    [[path('x.jsonl'), '--ids', path('i.txt')], 2, /--ids does not apply to jsonl/],
    [[path('x.jsonl'), '-f', 'brute'], 2, /written into the SQLite file itself/],
    [[path('x.jsonl'), '--filter', 'nope = 1'], 3, /no such column: nope/],
    [[path('x.jsonl'), '--filter', '1 = 1) OR (1 = 1'], 3, /--filter .*near "\)": syntax error/],
    [[path('x.jsonl'), '-f', 'xlsx'], 2, /--format cannot be 'xlsx'/],
    [[path('no/where.jsonl')], 3, /no\/where\.jsonl: no such file or folder/],
  ] as const) {
    const { code: ended, stderr } = await svec(['export', file, ...args])
    assert.match(stderr, expected)
    assert.equal(ended, code, stderr)
  }
  assert.equal(readFileSync(output, 'utf8'), 'mine')
  assert.deepEqual(
    readdirSync(folder).filter(name => name.includes('.part') || /^x\.|^i\./.test(name)),
    [],
  )
})

test("export writes the original's indexes into the file", async () => {
  const legacy = path('legacy.sqlite')
  writeFileSync(legacy, readFileSync(file))
  for (const [format, magic] of [
    ['brute', Buffer.from([8, 0, 0, 0, 0x2c, 1, 0, 0])],
    ['cover', Buffer.from('COV1')],
  ] as const) {
    assert.match(
      (await svec(['export', legacy, '-f', format])).stdout,
      /^ok +default: exported: 300/,
    )
    const db = await open(legacy, { readonly: true })
    const blob = db
      .prepare(`SELECT "index" FROM vector_storage WHERE dataset_id = 'default'`)
      .pluck()
      .get() as Uint8Array
    db.close()
    assert.deepEqual(Buffer.from(blob.subarray(0, magic.length)), magic)
  }
})

test('doctor tells what is there and what to do', async () => {
  const machine = await svec(['doctor'])
  assert.match(machine.stdout, /SQLite: 3\.\d+/)
  assert.match(machine.stdout, /locks: (byte ranges|lock directories)/)
  assert.match(machine.stdout, /kernels: /)
  const healthy = await svec(['doctor', file])
  assert.equal(healthy.code, 0, healthy.stdout)
  assert.match(healthy.stdout, /tables: docs/)
  const absent = await svec(['doctor', path('absent.sqlite')])
  assert.equal(absent.code, 1)
  assert.match(absent.stdout, /error +file: .* does not exist\n +.*svec init /)
  assert.ok(!existsSync(path('absent.sqlite')))
  const wal = path('wal.sqlite')
  const bytes = readFileSync(file)
  bytes[18] = bytes[19] = 2
  writeFileSync(wal, bytes)
  const walled = await svec(['doctor', wal])
  const opened = await svec(['query', wal, JSON.stringify([...vectors[0]])])
  if ((await lockSupport()).kind === 'ofd') {
    assert.equal(walled.code, 0)
    assert.match(walled.stdout, /ok +journal mode: WAL, shared with other programs/)
    assert.equal(opened.code, 0, opened.stderr)
  } else {
    assert.equal(walled.code, 1)
    assert.match(walled.stdout, /warning +journal mode: WAL.*\n +while no program uses it: sqlite3/)
    assert.equal(opened.code, 3)
    assert.match(opened.stderr, /--exclusive/)
    assert.doesNotMatch(opened.stderr, /exclusive: true/)
  }
  const query = ['query', wal, JSON.stringify([...vectors[0]])]
  for (const args of [query, ['stats', wal], ['check', wal], ['export', wal]]) {
    const { code, stderr } = await svec([...args, '--exclusive'])
    assert.equal(code, 0, stderr)
  }
})

test('a file that another program holds: exit code 4, after the time that was asked for', async () => {
  const held = path('held.sqlite')
  writeFileSync(held, readFileSync(file))
  const db = await open(held)
  db.exec('BEGIN EXCLUSIVE')
  const began = performance.now()
  const { code, stderr } = await svec(['import', held, '-', '--busy-timeout', '200'], {
    input: '{"id": "new", "embedding": [1, 2, 3, 4, 5, 6, 7, 8]}',
  })
  db.close()
  assert.equal(code, 4, stderr)
  assert.ok(performance.now() - began < 5000)
  assert.match(stderr, /locked|busy/i)
})
