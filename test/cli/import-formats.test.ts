import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream, statSync } from 'node:fs'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { open } from '../../src/entries/main.ts'
import { npyHeader } from './npy-file.ts'
import { floats, scratch } from './scratch.ts'
import { svec, svecJson } from './svec.ts'

const { path, write, freshTable, rowsOf } = scratch()

interface Report {
  readonly imported: number
  readonly notes: readonly string[]
}

test('JSON: an array of documents or of embeddings, an object of id: embedding or id: document', async () => {
  const file = await freshTable()
  for (const [dataset, value] of [
    [
      'array',
      [
        { id: 'a', embedding: [1, 0], content: 'A', n: 1 },
        { id: 'b', vector: '0, 1' },
      ],
    ],
    [
      'matrix',
      [
        [1, 0],
        [0, 1],
      ],
    ],
    ['map', { a: [1, 0], b: [0, 1] }],
    ['documents', { a: { embedding: [1, 0], text: 'A', n: 1 }, b: { embedding: [0, 1] } }],
    ['nothing', []],
  ] as const) {
    const source = write(`${dataset}.json`, JSON.stringify(value, null, 1))
    const { imported } = (await svecJson(['import', file, source, '-d', dataset])) as Report
    assert.equal(imported, dataset === 'nothing' ? 0 : 2)
  }
  assert.deepEqual(await rowsOf(file, 'dataset_id, id, content, meta'), [
    ['array', 'a', 'A', '{"n":1}', '[1,0]'],
    ['array', 'b', null, null, '[0,1]'],
    ['matrix', '0', null, null, '[1,0]'],
    ['matrix', '1', null, null, '[0,1]'],
    ['map', 'a', null, null, '[1,0]'],
    ['map', 'b', null, null, '[0,1]'],
    ['documents', 'a', 'A', '{"n":1}', '[1,0]'],
    ['documents', 'b', null, null, '[0,1]'],
  ])
})

test('JSON of another shape is told with what helps', async () => {
  const file = await freshTable()
  for (const [name, text, expected] of [
    [
      'openai',
      '{"object": "list", "data": [{"embedding": [1]}]}',
      /a text for 'object'.*\n.*--format jsonl/,
    ],
    ['wrapped', '{"data": [{"embedding": [1]}]}', /inside 'data'.*jq -c/],
    ['lines', '{"id": "a", "embedding": [1]}\n{"id": "b", "embedding": [1]}', /--format jsonl/],
    ['texts', '["a", "b"]', /entry 1 \(line 1\): .*got a text/],
    [
      'broken',
      '[{"id": "a", "embedding": [1]},\n{"id": "b", "embedding": [1,]}]',
      /entry 2 \(line 2\): not JSON/,
    ],
    ['cut', '[{"id": "a", "embedding": [1]},', /ends before its array does/],
    [
      'mixed',
      '[{"id": "a", "embedding": [1]}, {"embedding": [1]}]',
      /entry 2 \(line 1\): the id is missing/,
    ],
    [
      'late',
      '[{"embedding": [1]}, {"id": "b", "embedding": [1]}]',
      /entry 2 .* has the id 'b', but the documents before/,
    ],
    ['dims', '{"a": [1], "b": [1, 2]}', /entry 2: the embedding of 'b' has 2 dimensions/],
  ] as const) {
    const { code, stderr } = await svec(['import', file, write(`${name}.json`, text)])
    assert.equal(code, 3, stderr)
    assert.match(stderr, expected)
    assert.deepEqual(await rowsOf(file), [], name)
  }
})

test('JSON far larger than the memory that is allowed is read', async () => {
  const file = await freshTable()
  const large = path('large.json')
  const stream = createWriteStream(large)
  const rows = 40_000
  const content = 'x'.repeat(3000)
  for (let i = 0; i < rows; i++) {
    const line = `${i === 0 ? '[' : ','}{"id":"${i}","embedding":[${i},1],"content":"${content}"}`
    if (!stream.write(line)) await once(stream, 'drain')
  }
  stream.end(']')
  await once(stream, 'finish')
  assert.ok(statSync(large).size > 120e6)
  const args = ['import', file, large, '--batch', '2000']
  const { code, stderr } = await svec(args, { env: { NODE_OPTIONS: '--max-old-space-size=48' } })
  assert.equal(code, 0, stderr)
  const db = await open(file, { readonly: true })
  assert.equal(db.prepare('SELECT count(*) FROM _vec_docs').pluck().get(), rows)
  db.close()
})

/** IEEE 754, straight from the definition. */
function half(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  if (exponent === 0) return sign * fraction * 2 ** -24
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

test('each float16 is read as it is; NaN and infinities are refused with their row', async () => {
  const file = await freshTable()
  const all = Array.from({ length: 2 ** 16 }, (_, i) => i)
  const finite = all.filter(bits => ((bits >> 10) & 31) !== 31)
  const dim = 62
  const bytes = Buffer.from(Uint16Array.from(finite).buffer)
  const head = npyHeader({ descr: '<f2', shape: `(${finite.length / dim}, ${dim})` })
  await svecJson(['import', file, write('half.npy', Buffer.concat([head, bytes]))])
  const db = await open(file, { readonly: true })
  const stored = db.prepare('SELECT embedding FROM _vec_docs ORDER BY rowid').pluck().all()
  db.close()
  const numbers = new Float32Array(Uint8Array.from(Buffer.concat(stored as Uint8Array[])).buffer)
  assert.equal(numbers.length, finite.length)
  finite.forEach((bits, i) => assert.ok(Object.is(numbers[i], half(bits)), bits.toString(16)))
  for (const bits of [0x7c00, 0xfc00, 0x7e00, 0x7c01]) {
    const two = Buffer.from(Uint16Array.of(0x3c00, 0, bits, 0).buffer)
    const input = Buffer.concat([npyHeader({ descr: '<f2', shape: '(2, 2)' }), two])
    const refused = await svec(['import', file, '-', '-f', 'npy', '-d', 'x'], { input })
    assert.equal(refused.code, 3)
    assert.match(refused.stderr, /row 2: number 0 of the embedding of '1' is (NaN|-?Infinity)/)
  }
})

test('documents without ids are numbered, and one line says so', async () => {
  const file = await freshTable()
  const note = 'the documents do not have ids: they are numbered from 0'
  for (const [name, text] of [
    ['n.csv', 'embedding,text\n"[1, 0]",east\n"[0, 1]",north\n'],
    ['n.tsv', 'embedding\ttext\n[1, 0]\teast\n[0, 1]\tnorth\n'],
    [
      'n.jsonl',
      '{"embedding": [1, 0], "text": "east"}\n\n{"embedding": [0, 1], "text": "north"}\n',
    ],
    ['n.json', '[{"embedding": [1, 0], "text": "east"}, {"embedding": [0, 1], "text": "north"}]'],
  ] as const) {
    const source = write(name, text)
    const { stdout } = await svec(['import', file, source, '-d', name])
    assert.match(stdout, new RegExp(`^note: ${note}$`, 'm'))
    const hits = (await svecJson(['query', file, '[0, 1]', '-d', name, '-k', '1'])) as object[]
    const { id, content } = hits[0] as { id: string; content: string }
    assert.deepEqual([id, content], ['1', 'north'])
    // Numbers do not hide what is there.
    assert.match((await svec(['import', file, source, '-d', name])).stderr, /the id '0' .* already/)
  }
  // The ids of a matrix.
  const matrix = write('n.npy', Buffer.concat([npyHeader({ shape: '(2, 2)' }), floats(1, 0, 0, 1)]))
  const labels = write('labels.jsonl', '{"text": "east"}\n{"text": "north"}\n')
  const report = await svecJson(['import', file, matrix, '--ids', labels, '-d', 'labels'])
  assert.deepEqual((report as Report).notes, [note])
  const list = write('list.json', '["p", "q"]')
  await svecJson(['import', file, matrix, '--ids', list, '-d', 'list'])
  // pandas writes the index of its rows under no name.
  await svecJson(['import', file, write('pandas.csv', ',embedding\n7,"[1, 0]"\n'), '-d', 'pandas'])
  const named = ['--id-field', 'index', '-d', 'named']
  await svecJson(['import', file, path('pandas.csv'), ...named])
  assert.deepEqual((await rowsOf(file, 'dataset_id, id, meta')).slice(8), [
    ['labels', '0', null, '[1,0]'],
    ['labels', '1', null, '[0,1]'],
    ['list', 'p', null, '[1,0]'],
    ['list', 'q', null, '[0,1]'],
    ['pandas', '0', '{"index":"7"}', '[1,0]'],
    ['named', '7', null, '[1,0]'],
  ])
})

test('vectors in a field of another name are asked about, and nothing is imported before', async () => {
  const file = await freshTable()
  const other = await open(path('asked.db'), { register: false })
  other.exec('CREATE TABLE notes(id TEXT, vec BLOB, hash BLOB)')
  const insert = other.prepare('INSERT INTO notes VALUES (?, ?, ?)')
  for (let i = 0; i < 5; i++) {
    insert.run(`${i}`, floats(i, 1, 2), createHash('sha256').update(`${i}`).digest())
  }
  other.close()
  const lines = [1, 2, 3].map(i => JSON.stringify({ id: `d${i}`, vec: [i, 1, 0.5], box: [1] }))
  for (const args of [
    [write('v.jsonl', lines.join('\n'))],
    [write('v.json', `[${lines.join(',')}]`)],
    [write('v.csv', 'id,vec\na,"[1, 0, 2]"\nb,"[0, 1, 2]"\n')],
    [path('asked.db'), '--from-table', 'notes'],
  ]) {
    const { code, stderr, stdout } = await svec(['import', file, ...args])
    assert.equal(code, 3, stdout)
    assert.match(stderr, /the field 'vec' \(3 numbers\) could be it: nothing was imported\n/)
    assert.match(stderr, /--embedding-field vec; or import without embeddings: --no-embedding/)
    assert.deepEqual(await rowsOf(file), [])
    const named = ['import', file, ...args, '--embedding-field', 'vec', '-d', 'named']
    const report = (await svecJson([...named, '--on-conflict', 'replace'])) as Report & {
      readonly unembedded: number
    }
    assert.equal(report.unembedded, 0)
    const none = ['import', file, ...args, '--no-embedding', '-d', 'none']
    assert.equal((await svec([...none, '--on-conflict', 'replace'])).code, 0)
    const db = await open(file)
    db.exec('DELETE FROM _vec_docs')
    db.close()
  }
  // Nothing is asked where the lengths differ, or where embeddings are known.
  for (const text of [
    '{"id": "a", "n": [1, 2]}\n{"id": "b", "n": [1, 2, 3]}',
    '{"id": "a", "n": [1, 2], "embedding": [1, 2]}\n{"id": "b", "n": [1, 2]}',
    '{"id": "c", "n": ["1", "2"]}',
  ]) {
    const { code, stderr } = await svec(['import', file, '-', '--on-conflict', 'replace'], {
      input: text,
    })
    assert.equal(code, 0, stderr)
  }
  const both = ['import', file, '-', '--no-embedding', '--embedding-field', 'x']
  assert.equal((await svec(both, { input: '{}' })).code, 2)
})

test('what gzip made smaller is read, also its ids; what it cut off is told', async () => {
  const file = await freshTable()
  const jsonl = '{"id": "a", "embedding": [1, 0]}\n{"id": "b", "embedding": [0, 1]}\n'
  const npy = Buffer.concat([npyHeader({ shape: '(2, 2)' }), floats(1, 0, 0, 1)])
  for (const [name, data, args] of [
    ['g.jsonl', jsonl, []],
    ['g.json', '{"a": [1, 0], "b": [0, 1]}', []],
    ['g.csv', 'id,embedding\na,"[1, 0]"\nb,"[0, 1]"\n', []],
    ['g.npy', npy, ['--ids', write('g.txt.gz', gzipSync('a\nb\n'))]],
    ['g.f32', floats(1, 0, 0, 1), ['--dim', '2', '--ids', path('g.txt.gz')]],
  ] as const) {
    const source = write(`${name}.gz`, gzipSync(data))
    await svecJson(['import', file, source, '-d', name, ...args])
    const rows = await rowsOf(file, 'dataset_id, id')
    assert.deepEqual(rows.slice(-2), [
      [name, 'a', '[1,0]'],
      [name, 'b', '[0,1]'],
    ])
  }
  const piped = await svec(['import', file, '-', '-d', 'piped'], { input: gzipSync(jsonl) })
  assert.equal(piped.code, 0, piped.stderr)
  const cut = write('cut.jsonl.gz', gzipSync(jsonl).subarray(0, -12))
  const refused = await svec(['import', file, cut, '-d', 'cut'])
  assert.equal(refused.code, 3)
  assert.match(refused.stderr, /cut\.jsonl\.gz: gzip: .*\n {2}the file is damaged or truncated/)
})
