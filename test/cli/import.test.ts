import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { open, type SqlValue } from '../../src/entries/main.ts'
import { shellCommand } from '../module-arguments.ts'
import { npyHeader } from './npy-file.ts'
import { svec, svecJson, temporaryFolder } from './svec.ts'

const folder = temporaryFolder()
const path = (name: string): string => join(folder, name)
let files = 0

async function freshTable(...options: string[]): Promise<string> {
  const file = path(`t${files++}.sqlite`)
  assert.equal((await svec(['init', file, ...options])).code, 0)
  return file
}

async function rowsOf(
  file: string,
  columns = 'dataset_id, id, content, meta',
): Promise<SqlValue[][]> {
  const db = await open(file, { readonly: true })
  try {
    return db
      .prepare(`SELECT ${columns}, vec_json(embedding) FROM _vec_docs ORDER BY rowid`)
      .raw()
      .all() as SqlValue[][]
  } finally {
    db.close()
  }
}

function write(name: string, data: string | Uint8Array): string {
  writeFileSync(path(name), data)
  return path(name)
}

const floats = (...numbers: number[]): Buffer => Buffer.from(new Float32Array(numbers).buffer)

test('JSONL: usual names, other fields gathered in meta, a byte order mark, CR LF, empty lines', async () => {
  const file = await freshTable()
  const source = write(
    'a.jsonl',
    '\uFEFF{"id": "a", "embedding": [1, 2], "content": "x", "lang": "en"}\r\n\n' +
      '{"_id": 7, "vector": "3, 4", "text": "y", "metadata": {"n": 1}, "dataset": "other"}\n' +
      '{"doc_id": "c", "content": "no vector"}',
  )
  const report = (await svecJson(['import', file, source])) as Record<string, unknown>
  assert.equal(report['imported'], 3)
  assert.equal(report['unembedded'], 1)
  assert.deepEqual(report['dimensions'], { default: 2, other: 2 })
  assert.deepEqual(await rowsOf(file), [
    ['default', 'a', 'x', '{"lang":"en"}', '[1,2]'],
    ['other', '7', 'y', '{"n":1}', '[3,4]'],
    ['default', 'c', 'no vector', null, null],
  ])
})

test('--dataset moves all documents, --id-field and its like name fields, --drop-rest drops the others', async () => {
  const file = await freshTable()
  const source = write(
    'b.jsonl',
    '{"key": "a", "v": [1, 2], "body": "x", "dataset": "d", "n": 1}\n',
  )
  const names = ['--id-field', 'key', '--embedding-field', 'v', '--content-field', 'body']
  await svecJson(['import', file, source, '-d', 'e', '--drop-rest', ...names])
  assert.deepEqual(await rowsOf(file), [['e', 'a', 'x', null, '[1,2]']])
  const wrong = await svec(['import', file, source, '--id-field', 'kez'])
  assert.equal(wrong.code, 3)
  assert.match(wrong.stderr, /line 1: there is no field 'kez': did you mean key\?/)
})

test('errors of a source name its line, and store nothing of a small file', async () => {
  const file = await freshTable()
  const good = '{"id": "a", "embedding": [1, 2]}\n'
  for (const [line, expected] of [
    ['{"id": "b"', /line 2: not JSON/],
    ['[1, 2]', /line 2: .*got an array/],
    ['{"embedding": [1, 2]}', /line 2: the id is missing; the fields are embedding/],
    ['{"id": "", "embedding": [1, 2]}', /line 2: the id is empty/],
    [
      '{"id": "b", "embedding": [1, 2, 3]}',
      /line 2: the embedding of 'b' has 3 dimensions, but dataset 'default' has 2/,
    ],
    ['{"id": "b", "embedding": [1, 1e39]}', /line 2: .*number 1 of the embedding/],
    ['{"id": "b", "embedding": [1, "x"]}', /line 2: number 1 of the embedding is "x"/],
    ['{"id": "b", "embedding": []}', /line 2: the embedding is empty/],
    ['{"id": "b", "embedding": {"x": 1}}', /line 2: the embedding is \{"x":1\}/],
    ['{"id": "a", "embedding": [1, 2]}', /line 2: the id 'a' of dataset 'default' .*line 1/],
  ] as const) {
    const { code, stderr } = await svec(['import', file, '-'], { input: `${good}${line}\n` })
    assert.equal(code, 3, line)
    assert.match(stderr, expected)
    assert.doesNotMatch(stderr, /\n\s+at /)
    assert.deepEqual(await rowsOf(file), [], line)
  }
  const bad = await svec(['import', file, '-'], { input: Buffer.from([0x7b, 0xff, 0xfe, 10]) })
  assert.match(bad.stderr, /stdin, line 1: not UTF-8 text/)
})

const line = (content: string): { input: string } => ({
  input: `{"id": "a", "embedding": [1, 2], "content": "${content}"}`,
})

test('an id that is there already: an error that names it, or replaced, or skipped', async () => {
  const file = await freshTable()
  await svecJson(['import', file, '-'], line('one'))
  const refused = await svec(['import', file, '-'], line('two'))
  assert.equal(refused.code, 3)
  assert.match(refused.stderr, /line 1: the id 'a' of dataset 'default' already exists/)
  const skip = await svecJson(['import', file, '-', '--on-conflict', 'skip'], line('two'))
  assert.deepEqual((skip as { skipped: number }).skipped, 1)
  assert.equal((await rowsOf(file))[0][2], 'one')
  await svecJson(['import', file, '-', '--on-conflict', 'replace'], line('two'))
  assert.equal((await rowsOf(file))[0][2], 'two')
  assert.equal((await svec(['check', file])).code, 0)
})

test('CSV and TSV: quotes, line ends inside them, and vectors as text', async () => {
  const file = await freshTable()
  const csv = 'id,embedding,content,lang\r\na,"[1, 2]","he said ""hi""\nthere",en\r\nb,"3, 4",,\r\n'
  await svecJson(['import', file, write('c.csv', csv)])
  await svecJson(['import', file, write('c.tsv', 'id\tembedding\nc\tAACAPwAAAEA=\n')])
  assert.deepEqual(await rowsOf(file), [
    ['default', 'a', 'he said "hi"\nthere', '{"lang":"en"}', '[1,2]'],
    ['default', 'b', null, '{"lang":null}', '[3,4]'],
    ['default', 'c', null, null, '[1,2]'],
  ])
  for (const [text, expected] of [
    ['', /c2\.csv is empty/],
    ['id,id\n', /names 'id' twice/],
    ['id,embedding\nd\n', /line 2: 1 field, but the header line names 2/],
  ] as const) {
    assert.match((await svec(['import', file, write('c2.csv', text)])).stderr, expected)
  }
})

test('.npy of float32 and float64, and raw float32, with ids of several kinds', async () => {
  const file = await freshTable()
  const head = npyHeader({ shape: '(2, 2)' })
  const npy = write('d.npy', Buffer.concat([head, floats(1, 2, 3, 4)]))
  await svecJson(['import', file, npy, '-d', 'numbers'])
  await svecJson(['import', file, npy, '-d', 'lines', '--ids', write('d.txt', 'x\ny\n')])
  const wide = Buffer.concat([
    npyHeader({ shape: '(2, 2)', descr: '<f8', version: 2 }),
    Buffer.from(new Float64Array([1, 2, 3, 4]).buffer),
  ])
  const labels = write('d.jsonl', '{"id": "p", "content": "P", "n": 1}\n{"id": "q"}\n')
  await svecJson(['import', file, write('d8.npy', wide), '-d', 'labels', '--ids', labels])
  const raw = write('d.f32', floats(1, 2, 3, 4))
  await svecJson(['import', file, raw, '--dim', '2', '-d', 'raw', '--ids', path('d.txt')])
  assert.deepEqual(await rowsOf(file), [
    ['numbers', '0', null, null, '[1,2]'],
    ['numbers', '1', null, null, '[3,4]'],
    ['lines', 'x', null, null, '[1,2]'],
    ['lines', 'y', null, null, '[3,4]'],
    ['labels', 'p', 'P', '{"n":1}', '[1,2]'],
    ['labels', 'q', null, null, '[3,4]'],
    ['raw', 'x', null, null, '[1,2]'],
    ['raw', 'y', null, null, '[3,4]'],
  ])
  const piped = await svec(['import', file, '-', '-f', 'npy', '-d', 'piped'], {
    input: Buffer.concat([head, floats(1, 2, 3, 4)]),
  })
  assert.equal(piped.code, 0, piped.stderr)
})

test('rows longer than the pieces in which they arrive, and numbers that begin anywhere', async () => {
  const file = await freshTable()
  const dim = 40_000
  const numbers = Array.from({ length: 3 * dim }, (_, i) => Math.fround(Math.sin(i)))
  // A head of odd length: the numbers behind it are not aligned.
  const head = npyHeader({ shape: `(3,${' '.repeat(3)}${dim})` })
  const input = Buffer.concat([head, floats(...numbers)])
  await svecJson(['import', file, '-', '-f', 'npy'], { input })
  const rows = await rowsOf(file, 'id')
  assert.deepEqual(
    rows.map(([id, json]) => ({
      id,
      row: Float32Array.from(JSON.parse(String(json)) as number[]),
    })),
    ['0', '1', '2'].map((id, i) => ({
      id,
      row: Float32Array.from(numbers.slice(i * dim, (i + 1) * dim)),
    })),
  )
  const broken = Buffer.from(input)
  broken.writeFloatLE(NaN, head.length + 4 * (dim + 7))
  const refused = await svec(['import', file, '-', '-f', 'npy', '-d', 'x'], { input: broken })
  assert.match(refused.stderr, /row 2: number 7 of the embedding of '1' is NaN/)
})

test('numbers and ids that do not fit are refused before anything is stored', async () => {
  const file = await freshTable()
  const two = write('e.f32', floats(1, 2, 3, 4))
  const head = npyHeader({ shape: '(3, 2)' })
  const short = write('e.npy', Buffer.concat([head, floats(1, 2, 3, 4)]))
  const cut = write('e2.npy', Buffer.concat([head, floats(1, 2, 3, 4), Buffer.alloc(3)]))
  const infinite = write('e3.f32', floats(1, 2, Infinity, 4))
  for (const [args, code, expected] of [
    [[two], 2, /does not include its dimensions/],
    [[two, '--dim', '3'], 3, /multiple of 12, for rows of 3/],
    [[two, '--dim', '0'], 2, /--dim must be an integer/],
    [[two, '--dim', '2', '--ids', write('e.txt', 'x\n')], 3, /e\.txt has 1 id, there are 2 rows/],
    [[two, '--dim', '2', '--ids', write('e3.txt', 'x\ny\nz')], 3, /has 3 ids, there are 2 rows/],
    [[two, '--dim', '2', '--ids', write('e4.txt', 'x\n\n')], 3, /line 2: the id is empty/],
    [[short], 3, /contains 2 rows, but its header says 3/],
    [[cut], 3, /expected a multiple of/],
    [[infinite, '--dim', '2'], 3, /row 2: number 0 of the embedding of '1' is Infinity/],
    [[write('e.parquet', 'x')], 2, /format of .*e\.parquet.*--format/s],
    [[write('e.jsonl', ''), '--dim', '2'], 2, /--dim applies to f32, but the source is jsonl/],
    [[path('nowhere.jsonl')], 3, /nowhere\.jsonl: no such file/],
    [[folder], 3, /is a folder: expected a file/],
  ] as const) {
    const { code: ended, stderr } = await svec(['import', file, ...args])
    assert.match(stderr, expected)
    assert.equal(ended, code, stderr)
    assert.deepEqual(await rowsOf(file), [])
  }
  const piped = await svec(['import', file, '-', '-f', 'npy', '-d', 'p'], {
    input: Buffer.concat([head, floats(1, 2, 3)]),
  })
  assert.match(piped.stderr, /ends in the middle of row 2/)
})

test('a table that is missing or ambiguous is told with the command that helps', async () => {
  const file = await freshTable('--table', 'one')
  assert.equal((await svec(['init', file, '--table', 'two'])).code, 0)
  const both = await svec(['import', file, '-'], { input: '' })
  assert.equal(both.code, 2)
  assert.match(both.stderr, /has 2 vec tables: one, two/)
  const wrong = await svec(['import', file, '-', '-t', 'tow'], { input: '' })
  assert.equal(wrong.code, 3)
  assert.match(wrong.stderr, /does not contain a vec table 'tow': did you mean two\?/)
  const absent = await svec(['import', path('absent.sqlite'), '-'], { input: '' })
  assert.equal(absent.code, 3)
  assert.match(absent.stderr, /does not exist/)
})

test('batches are transactions: what stood before an error is in the file, and skip goes on', async () => {
  const file = await freshTable()
  const lines = Array.from({ length: 25 }, (_, i) => `{"id": "${i}", "embedding": [${i}, 1]}`)
  const broken = lines.with(22, '{"id": "x", "embedding": [1]}')
  const failed = await svec(['import', file, '-', '--batch', '10'], { input: broken.join('\n') })
  assert.equal(failed.code, 3)
  assert.match(failed.stderr, /line 23: .* has 1 dimension,/)
  assert.match(failed.stderr, /the earlier batches are in the file \(20 documents\)/)
  assert.equal((await rowsOf(file)).length, 20)
  const again = await svecJson(['import', file, '-', '--batch', '10', '--on-conflict', 'skip'], {
    input: lines.join('\n'),
  })
  assert.deepEqual(
    [(again as { imported: number }).imported, (again as { skipped: number }).skipped],
    [5, 20],
  )
})

test('texts without vectors are embedded on the way', async () => {
  const file = await freshTable()
  const program = write(
    'embed.mjs',
    `let text = ''
for await (const part of process.stdin) text += part
console.log(JSON.stringify(JSON.parse(text).map(t => [t.length, 1])))`,
  )
  const command = shellCommand(program)
  const input =
    '{"id": "a", "text": "one"}\n{"id": "b", "text": "three"}\n{"id": "c", "embedding": [9, 9]}'
  await svecJson(['import', file, '-', '--embed-command', command, '--model', 'm'], { input })
  assert.deepEqual(await rowsOf(file, 'id, embedding_model'), [
    ['a', 'm', '[3,1]'],
    ['b', 'm', '[5,1]'],
    ['c', 'm', '[9,9]'],
  ])
  for (const [wrong, expected] of [
    ['exit 3', /the embed command exited with code 3/],
    ['echo oops >&2; exit 1', /oops/],
    ['echo hello', /did not return vectors/],
    ["echo '[[1,2]]'", /returned 1 vectors for 2 texts/],
  ] as const) {
    const args = ['import', file, '-', '-d', 'x', '--embed-command', wrong]
    const { code, stderr } = await svec(args, { input })
    assert.equal(code, 3)
    assert.match(stderr, expected)
  }
})
