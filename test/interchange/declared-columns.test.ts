import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  exportDocuments,
  importDocuments,
  InterchangeError,
  type ImportOptions,
} from '../../src/entries/interchange.ts'
import { open, type Connection } from '../../src/entries/main.ts'
import { Dice } from '../dice.ts'
import { refusedLater } from '../refusal.ts'
import { seededTest } from '../seed.ts'

const folder = mkdtempSync(join(tmpdir(), 'declared-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const path = (name: string): string => join(folder, name)

/** Names that need quotes in SQL and CSV, and names that a field of a document may have. */
const DECLARED = `doc_id, lang TEXT, year INTEGER, price REAL, tags JSON, "a ""b"", c" TEXT, model TEXT, text INTEGER,
  kind TEXT FROM '$.kind'`
const STORED = ['lang', 'year', 'price', 'tags', 'a "b", c', 'model', 'text']

async function docs(declared = DECLARED): Promise<Connection> {
  const db = await open(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(${declared})`)
  return db
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** Every row, with the storage class of every declared column. */
function dump(db: Connection, columns = STORED): unknown[] {
  const values = columns.flatMap(name => [quoted(name), `typeof(${quoted(name)})`])
  return db
    .prepare(
      `SELECT dataset_id, id, content, meta, hex(embedding), embedding_model, archived, ${values.join(', ')}
       FROM _vec_docs ORDER BY 1, 2`,
    )
    .raw()
    .all()
}

const VALUES: readonly (string | number | bigint | Uint8Array | null)[] = [
  null,
  '',
  'en',
  ' 1965 ',
  '1965x',
  'null',
  '"quoted", and\r\nlines\t',
  'é 😀',
  '["x", 1]',
  '["x",1]',
  '{"a":9007199254740993}',
  '"text"',
  'not JSON',
  '1.0',
  '{"$text":"x"}',
  '{"$blob":"AA=="}',
  '{"$real":1}',
  '['.repeat(1500) + ']'.repeat(1500),
  0,
  -0,
  1.5,
  -7,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  1e19,
  1e300,
  5e-324,
  Infinity,
  -Infinity,
  new Uint8Array(0),
  Uint8Array.of(0, 255, 34),
]

seededTest('INTERCHANGE_SEED')(
  'every format brings declared columns back as they were stored',
  async (_, seed) => {
    const dice = new Dice(seed)
    using db = await docs()
    const names = ['dataset_id', 'id', 'embedding', 'content', 'meta', 'embedding_model']
    const insert = db.prepare(
      `INSERT INTO _vec_docs(${[...names, ...STORED.map(quoted)].join(', ')})
       VALUES (${[...names, ...STORED].map(() => '?').join(', ')})`,
    )
    // Every value in every column, then values at random.
    for (let i = 0; i < 300; i++) {
      const values = STORED.map(() => (i < VALUES.length ? VALUES[i] : dice.pick(VALUES)))
      const vector = Float32Array.of(dice.next(), dice.next())
      const meta = dice.pick([null, '{"kind":"note","lang":"meta"}'])
      const row = [dice.pick(['x', 'y']), `d${i}`, new Uint8Array(vector.buffer)]
      insert.run(...row, dice.pick([null, 'words']), meta, dice.pick([null, 'm']), ...values)
    }
    const expected = dump(db)
    for (const format of ['jsonl', 'csv'] as const) {
      await exportDocuments(db, { table: 'docs', target: path(`all.${format}`) })
    }
    const lines = readFileSync(path('all.jsonl'), 'utf8').trimEnd()
    writeFileSync(path('all.json'), `[${lines.replaceAll('\n', ',\n')}]`)
    const file = path('all.sqlite')
    db.prepare('VACUUM INTO ?').run(file)
    for (const name of ['all.jsonl', 'all.csv', 'all.json', 'all.sqlite']) {
      for (const onConflict of ['error', 'replace', 'merge'] as const) {
        using back = await docs()
        await importDocuments(back, { table: 'docs', source: path(name), onConflict })
        assert.deepEqual(dump(back), expected, `${name} ${onConflict}`)
      }
    }
  },
)

test('a field of another program goes to the column of its name, and nowhere else', async () => {
  const records = [
    { id: 'a', embedding: [1, 2], lang: 'en', year: 1965, tags: ['x'], other: true },
    { id: 'b', embedding: [3, 4], lang: 7, year: null, tags: 'x', meta: { lang: 'de' } },
  ]
  writeFileSync(path('foreign.jsonl'), records.map(record => JSON.stringify(record)).join('\n'))
  writeFileSync(
    path('foreign.csv'),
    'id,embedding,lang,year,tags,other,meta\na,"[1,2]",en,1965.0,"[""x""]",true,\nb,"[3,4]",7,,x,,"{""lang"":""de""}"\n',
  )
  const sources = [
    path('foreign.jsonl'),
    path('foreign.csv'),
    { name: 'list', records },
  ] as const satisfies readonly ImportOptions['source'][]
  for (const source of sources) {
    using db = await docs('doc_id, lang TEXT, year INTEGER, tags JSON')
    await importDocuments(db, { table: 'docs', source, dropRest: true })
    const rows = db.prepare('SELECT lang, year, tags, meta FROM _vec_docs ORDER BY id').raw().all()
    assert.deepEqual(rows, [
      ['en', 1965, '["x"]', null],
      ['7', null, '"x"', '{"lang":"de"}'],
    ])
  }
  using db = await docs('doc_id, lang TEXT, year INTEGER, tags JSON')
  await importDocuments(db, { table: 'docs', source: { name: 'list', records } })
  assert.deepEqual(db.prepare('SELECT meta FROM _vec_docs ORDER BY id').pluck().all(), [
    '{"other":true}',
    '{"lang":"de"}',
  ])
})

test('the option for a field takes precedence over a column, and a column over a usual name', async () => {
  const records = [{ id: 'a', embedding: [1], text: 'words' }]
  const source = { name: 'list', records }
  const row = async (fields?: ImportOptions['fields']): Promise<unknown> => {
    using db = await docs('doc_id, text TEXT')
    await importDocuments(db, { table: 'docs', source, fields })
    return db.prepare('SELECT content, "text", meta FROM _vec_docs').raw().get()
  }
  assert.deepEqual(await row(), [null, 'words', null])
  assert.deepEqual(await row({ content: 'text' }), ['words', null, null])
})

test('a merge keeps the columns that a document lacks, and a replacement does not', async () => {
  for (const [onConflict, year] of [
    ['merge', 1965],
    ['replace', null],
  ] as const) {
    using db = await docs('doc_id, lang TEXT, year INTEGER')
    const add = (record: Readonly<Record<string, unknown>>): Promise<unknown> =>
      importDocuments(db, {
        table: 'docs',
        source: { name: 'list', records: [record] },
        onConflict,
      })
    await add({ id: 'a', embedding: [1], lang: 'en', year: 1965 })
    await add({ id: 'a', embedding: [1], lang: 'de' })
    assert.deepEqual(db.prepare('SELECT lang, year FROM _vec_docs').raw().get(), ['de', year])
  }
})

test('a column with numbers is not taken for the embedding', async () => {
  using db = await docs('doc_id, tags JSON')
  const records = [1, 2].map(i => ({ id: `d${i}`, tags: [i, 2, 3] }))
  await importDocuments(db, { table: 'docs', source: { name: 'list', records } })
  assert.deepEqual(db.prepare('SELECT tags FROM _vec_docs ORDER BY id').pluck().all(), [
    '[1,2,3]',
    '[2,2,3]',
  ])
})

test('a value of another type is refused with its place and stores nothing', async () => {
  using db = await docs('doc_id, lang TEXT, year INTEGER, price REAL, tags JSON')
  for (const [name, value] of [
    ['lang', ['en']],
    ['lang', { $blob: 'not base64!' }],
    ['lang', Uint8Array.of(1)],
    ['year', 'soon'],
    ['year', 1.5],
    ['year', 2n ** 63n],
    ['year', [1]],
    ['price', 'cheap'],
    ['price', ''],
    ['price', Number.NaN],
    ['tags', () => 1],
    ['tags', Uint8Array.of(1)],
  ] as const) {
    const records = [
      { id: 'a', embedding: [1] },
      { id: 'b', embedding: [1], [name]: value },
    ]
    const source = { name: 'list', records }
    const error = await refusedLater(
      importDocuments(db, { table: 'docs', source }),
      'VEC_SOURCE',
      name,
      /expected/,
    )
    assert.ok(error instanceof InterchangeError)
    assert.deepEqual(error.place, { source: 'list', unit: 'document', at: 2 })
  }
  writeFileSync(path('wrong.csv'), 'id,year\na,1965\nb,soon\n')
  const csv = { table: 'docs', source: path('wrong.csv') }
  await refusedLater(importDocuments(db, csv), 'VEC_SOURCE', 'year', /"soon"/, 3)
  assert.equal(db.prepare('SELECT count(*) FROM _vec_docs').pluck().get(), 0)
})
