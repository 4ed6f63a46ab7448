import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { open } from '../../src/entries/main.ts'
import { noSqliteVec, openSqliteVec } from '../native-sqlite.ts'
import { manyRuns } from './many-runs.ts'
import { npyHeader } from './npy-file.ts'
import { floats } from './scratch.ts'
import { temporaryFolder, type Outcome } from './svec.ts'

const folder = temporaryFolder()
const path = (name: string): string => join(folder, name)
const withoutPeer = noSqliteVec()

const JSONL = '{"id":"a","embedding":[1,0]}\n{"id":"b","embedding":[0,1]}\n'
const JSON_ARRAY = '[{"id":"a","embedding":[1,0]},{"id":"b","embedding":[0,1]}]'
const CSV = 'id,embedding\na,"[1,0]"\nb,"[0,1]"\n'
const TSV = 'id\tembedding\na\t[1,0]\nb\t[0,1]\n'
const NPY = Buffer.concat([npyHeader({ shape: '(2, 2)' }), floats(1, 0, 0, 1)])
const utf16 = (text: string): Buffer =>
  Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')])
const utf16be = (text: string): Buffer => utf16(text).swap16()
const bytes = (...list: number[]): Buffer => Buffer.from([...list, ...Array<number>(40).fill(1)])

/** Files that people have; each is a name, and what is in it. */
const FILES: Readonly<Record<string, string | Uint8Array>> = {
  'x.jsonl': JSONL,
  'x.json': JSON_ARRAY,
  'x.csv': CSV,
  'x.tsv': TSV,
  'x.npy': NPY,
  'x.f32': floats(1, 0, 0, 1),
  'x.txt': 'a\nb\n',
  'gz.jsonl.gz': gzipSync(JSONL),
  'gz.json.gz': gzipSync(JSON_ARRAY),
  'gz.csv.gz': gzipSync(CSV),
  'gz.npy.gz': gzipSync(NPY),
  'empty.jsonl': '',
  'empty.csv': '',
  'empty.npy': '',
  'garbage.bin': Uint8Array.from({ length: 4099 }, (_, i) => (i * 7919 + 13) % 256),
  'utf16.csv': utf16(CSV),
  'utf16.jsonl': utf16(JSONL),
  'utf16be.jsonl': utf16be(JSONL),
  'bom.jsonl': `\uFEFF${JSONL}`,
  'bom.json': `\uFEFF${JSON_ARRAY}`,
  'bom.csv': `\uFEFF${CSV}`,
  'bom.txt': '\uFEFFa\nb\n',
  'latin1.csv': Buffer.from(CSV.replace('a,', '\u00e9,'), 'latin1'),
  'latin1.jsonl': Buffer.from(JSONL.replace('"a"', '"\u00e9"'), 'latin1'),
  'semicolons.csv': 'id;embedding\na;"[1,0]"\n',
  'npz.npz': bytes(0x50, 0x4b, 3, 4),
  'parquet.parquet': Buffer.from('PAR1'.padEnd(40, 'x')),
  'hdf.h5': bytes(0x89, 0x48, 0x44, 0x46),
  'zstd.jsonl': bytes(0x28, 0xb5, 0x2f, 0xfd),
  'pickle.pkl': bytes(0x80, 4, 0x95),
  'tensors.safetensors': Buffer.concat([
    bytes(60, 0, 0).subarray(0, 8),
    Buffer.from('{"a":{"dtype":"F32"}}'),
  ]),
  'half.sqlite': Buffer.from('SQLite format 3\0'.padEnd(600, 'x')),
}
const FOLDER = 'folder.jsonl'
const MISSING = 'missing.jsonl'
const DATABASES = ['plain.sqlite', 'vec0.sqlite', 'wal.sqlite', 'ours.sqlite']
const NAMES = [...Object.keys(FILES), ...DATABASES, FOLDER, MISSING]

before(async () => {
  for (const [name, data] of Object.entries(FILES)) writeFileSync(path(name), data)
  mkdirSync(path(FOLDER))
  const db = await open(path('ours.sqlite'))
  db.exec('CREATE VIRTUAL TABLE items USING vec(doc_id)')
  db.exec("INSERT INTO items(dataset_id, doc_id, embedding) VALUES ('d', 'a', vec_f32('[1, 0]'))")
  db.close()
  const plain = await open(path('plain.sqlite'), { register: false })
  plain.exec('CREATE TABLE t(id TEXT, embedding BLOB)')
  plain.close()
  for (const name of ['vec0.sqlite', 'wal.sqlite']) {
    if (withoutPeer !== false) {
      copyFileSync(path('plain.sqlite'), path(name))
      continue
    }
    const other = openSqliteVec(path(name))
    if (name === 'wal.sqlite') other.exec('PRAGMA journal_mode = WAL')
    other.exec('CREATE VIRTUAL TABLE v USING vec0(embedding float[2])')
    other.prepare('INSERT INTO v(rowid, embedding) VALUES (?, ?)').run(1n, floats(1, 0))
    other.close()
  }
})

/** What is wrong tells what to do, or the same line says it. */
const IN_ONE_LINE =
  /: no such file or folder$|: pass the path of a file$|stores its text as UTF-16.*sqlite3/

/** One line that says what is wrong with which file, and what to do: on a line below, or in the same. */
function assertHelps({ code, stderr }: Outcome, name: string, told: string): void {
  assert.ok(code === 2 || code === 3, `${told}: exit ${String(code)}: ${stderr}`)
  const lines = stderr.trimEnd().split('\n')
  assert.match(lines[0], /^svec: /, told)
  assert.ok(lines.length <= 2, `${told}: ${stderr}`)
  assert.doesNotMatch(stderr, /undefined|\[object|bug in svec/, told)
  assert.ok(lines.length === 2 || IN_ONE_LINE.test(lines[0]), `${told}: ${stderr}`)
  if (!/malformed/.test(stderr)) assert.ok(stderr.includes(name), `${told}: ${stderr}`)
}

/** Which files a format reads. */
const READ_BY: Readonly<Record<string, RegExp>> = {
  jsonl: /^(x|bom|gz)\.jsonl|^empty\./,
  json: /^(x|bom|gz)\.json(\.gz)?$/,
  csv: /^(x|bom|gz)\.csv|\.txt$/,
  tsv: /^x\.tsv|\.txt$/,
  npy: /^(x|gz)\.npy/,
  f32: /^x\.f32|^empty\./,
  sqlite: /^(vec0|wal|ours)\.sqlite/,
}
const READ_BY_NAME = /^(x|bom|gz)\.(jsonl|json|csv|tsv|npy)|^empty\.jsonl|^(vec0|wal|ours)\.sqlite/

async function answers(commands: readonly (readonly string[])[]): Promise<readonly Outcome[]> {
  return manyRuns([['init', 'target.sqlite', '--if-not-exists'], ...commands], folder).then(all =>
    all.slice(1),
  )
}

const skipNative = (name: string): boolean =>
  withoutPeer !== false && (name === 'vec0.sqlite' || name === 'wal.sqlite')

test('each file as the source of import, by its name and as each format: read, or one line that helps', async () => {
  const cases = NAMES.filter(name => !skipNative(name)).flatMap(name =>
    [undefined, ...Object.keys(READ_BY)].map(format => ({ name, format })),
  )
  const outcomes = await answers(
    cases.map(({ name, format }, i) => [
      'import',
      'target.sqlite',
      name,
      '-d',
      `d${i}`,
      ...(format === undefined ? [] : ['--format', format]),
      ...(format === 'f32' ? ['--dim', '2'] : []),
    ]),
  )
  let read = 0
  cases.forEach(({ name, format }, i) => {
    const told = `${name} as ${format ?? 'its name says'}`
    const readable = (format === undefined ? READ_BY_NAME : READ_BY[format]).test(name)
    if (readable) {
      assert.equal(outcomes[i].code, 0, `${told}: ${outcomes[i].stderr}`)
      read++
    } else assertHelps(outcomes[i], name, told)
  })
  assert.ok(read > 30 && cases.length - read > 150, `${read} of ${cases.length}`)
})

test('each file as --ids: read, or one line that helps', async () => {
  const outcomes = await answers(
    NAMES.map((name, i) => ['import', 'target.sqlite', 'x.npy', '--ids', name, '-d', `i${i}`]),
  )
  NAMES.forEach((name, i) => {
    if (/^(x|bom|gz)\.(jsonl|json|csv|tsv|txt)/.test(name)) {
      assert.equal(outcomes[i].code, 0, `${name}: ${outcomes[i].stderr}`)
    } else assertHelps(outcomes[i], name, name)
  })
})

test('each file as the SQLite file of each command: used, or one line that helps, and left as it is', async () => {
  const commands: readonly ((name: string) => readonly string[])[] = [
    name => ['query', name, '[1, 0]'],
    name => ['stats', name],
    name => ['check', name],
    name => ['explain', name],
    name => ['optimize', name],
    name => ['export', name],
    name => ['import', name, 'x.jsonl', '-d', 'more'],
    name => ['sync', 'status', '--replica', name],
  ]
  const cases = NAMES.flatMap(name => commands.map(command => ({ name, argv: command(name) })))
  const outcomes = await answers(cases.map(({ argv }) => argv))
  cases.forEach(({ name, argv }, i) => {
    const told = argv.join(' ')
    const isDatabase = DATABASES.includes(name) || name.startsWith('empty')
    if (name === 'ours.sqlite') assert.equal(outcomes[i].code, 0, `${told}: ${outcomes[i].stderr}`)
    else if (isDatabase && /^(stats|sync)/.test(told)) assert.equal(outcomes[i].code, 0, told)
    // Replication has one SQLite file: its errors need not name it.
    else assertHelps(outcomes[i], argv[0] === 'sync' ? '' : name, told)
  })
  for (const [name, data] of Object.entries(FILES)) {
    assert.ok(Buffer.from(data as string).equals(readFileSync(path(name))), name)
  }
  assert.ok(!existsSync(path(MISSING)))
  const [doctors] = [await answers(NAMES.map(name => ['doctor', name]))]
  for (const { code, stderr } of doctors) assert.ok((code === 0 || code === 1) && stderr === '')
})

test('export writes over nothing that is there, nor over its own file, nor into a folder', async () => {
  const good = ['ours.sqlite', 'out.jsonl']
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ...NAMES.filter(name => name !== MISSING).flatMap(
      name =>
        [
          [name, ['export', 'ours.sqlite', name, '-f', 'jsonl'], /already exists|itself|a folder/],
          [
            name,
            ['export', 'ours.sqlite', 'o.npy', '-d', 'd', '--ids', name],
            /already exists|itself|a folder/,
          ],
        ] as const,
    ),
    ['ours.sqlite', ['export', 'ours.sqlite', 'ours.sqlite', '-f', 'csv', '--force'], /itself/],
    [
      'ours.sqlite',
      ['export', 'ours.sqlite', './ours.sqlite', '-f', 'f32', '--ids', 'i', '-d', 'd', '--force'],
      /itself/,
    ],
    [
      'o.npy',
      ['export', 'ours.sqlite', 'o.npy', '--ids', './o.npy', '-d', 'd', '--force'],
      /itself/,
    ],
    [FOLDER, ['export', 'ours.sqlite', FOLDER, '--force'], /is a folder/],
    ['y.json', ['export', 'ours.sqlite', 'y.json'], /cannot write .*expected the name of a/],
    ['y.sqlite', ['export', 'ours.sqlite', 'y.sqlite'], /cannot write .*expected the name of a/],
  ]
  const was = readFileSync(path('ours.sqlite'))
  const outcomes = await answers([...cases.map(([, argv]) => argv), ['export', ...good, '-d', 'd']])
  cases.forEach(([name, argv, expected], i) => {
    assert.match(outcomes[i].stderr, expected, argv.join(' '))
    assertHelps(outcomes[i], name, argv.join(' '))
  })
  assert.equal(outcomes.at(-1)?.code, 0)
  assert.deepEqual(readFileSync(path('ours.sqlite')), was)
  assert.ok(!existsSync(path('o.npy')))
})

test('each file as what init makes or refers to: used, or one line that helps', async () => {
  const others = NAMES.filter(name => !DATABASES.includes(name) && name !== MISSING)
  const outcomes = await answers([
    ...others.map(name => ['init', name, '-t', 'fresh']),
    ...others.map((name, i) => ['init', `by${i}.sqlite`, '--dbpath', name]),
  ])
  outcomes.forEach((outcome, i) => {
    const name = others[i % others.length]
    // An empty file is an empty database.
    if (name.startsWith('empty')) assert.equal(outcome.code, 0, outcome.stderr)
    // SQLite does not say which of the two files it means.
    else if (name === 'half.sqlite' && i >= others.length) assertHelps(outcome, '', 'dbpath')
    else assertHelps(outcome, name, `${i < others.length ? 'init' : 'dbpath'} ${name}`)
  })
})
