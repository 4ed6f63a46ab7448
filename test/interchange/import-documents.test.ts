import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  importDocuments,
  InterchangeError,
  type ImportOptions,
  type ImportProgress,
} from '../../src/entries/interchange.ts'
import { open, type Connection } from '../../src/entries/main.ts'
import { describeTable } from '../../src/entries/vec.ts'
import { refused, refusedLater } from '../refusal.ts'

const folder = mkdtempSync(join(tmpdir(), 'interchange-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

async function docs(): Promise<Connection> {
  const db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  return db
}

function rows(db: Connection): unknown[] {
  return db
    .prepare('SELECT dataset_id, id, content, meta, length(embedding) FROM _vec_docs ORDER BY 1, 2')
    .raw()
    .all()
}

const TWO = '{"id": "a", "embedding": [1, 2], "lang": "en"}\n{"id": "b", "content": "B"}\n'

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (const byte of Buffer.from(TWO)) yield Uint8Array.of(byte)
}

test('a file, bytes in any pieces and objects of the program give the same documents', async () => {
  const records = [
    { id: 'a', embedding: Float32Array.of(1, 2), lang: 'en' },
    { id: 'b', content: 'B' },
  ]
  async function* later(): AsyncGenerator<(typeof records)[number]> {
    yield* records
  }
  for (const source of [
    write('two.jsonl', TWO),
    { name: 'bytes', bytes: pieces() },
    { name: 'list', records },
    { name: 'stream', records: later() },
  ]) {
    const db = await docs()
    const report = await importDocuments(db, { table: 'docs', source })
    assert.deepEqual(
      [report.written, report.unembedded, report.dimensions, report.table],
      [2, 1, { default: 2 }, 'docs'],
    )
    assert.deepEqual(rows(db), [
      ['default', 'a', null, '{"lang":"en"}', 8],
      ['default', 'b', 'B', null, null],
    ])
    db.close()
  }
})

test('an error carries its place, and says what is stored', async () => {
  const db = await docs()
  const text = `${TWO}{"id": "c", "embedding": [1, 2, 3]}\n`
  const options: ImportOptions = { table: 'docs', source: write('three.jsonl', text), batch: 1 }
  const error = await refusedLater(importDocuments(db, options), 'VEC_SOURCE', "'c'", 3, 2)
  assert.ok(error instanceof InterchangeError)
  assert.deepEqual(error.place, { source: options.source, unit: 'line', at: 3 })
  assert.match(error.hint ?? '', /2 documents.*onConflict: "skip"/)
  assert.equal(rows(db).length, 2)
  const again = await importDocuments(db, {
    ...options,
    source: write('two.jsonl', TWO),
    onConflict: 'skip',
  })
  assert.deepEqual([again.written, again.skipped], [0, 2])
  db.close()
})

test('an object as id, dataset or model is refused with its place', async () => {
  const db = await docs()
  for (const part of ['id', 'dataset', 'model']) {
    const records = [
      { id: 'a', embedding: [1] },
      { id: 'b', embedding: [1], [part]: { x: 1 } },
    ]
    const error = await refusedLater(
      importDocuments(db, { table: 'docs', source: { name: 'list', records } }),
      'VEC_SOURCE',
      'list',
      part,
      '{"x":1}',
    )
    assert.ok(error instanceof InterchangeError)
    assert.deepEqual(error.place, { source: 'list', unit: 'document', at: 2 })
  }
  assert.deepEqual(rows(db), [])
  db.close()
})

test('progress is told after each batch; an abort ends behind the batch that is written', async () => {
  const db = await docs()
  const records = Array.from({ length: 10 }, (_, i) => ({ id: `d${i}`, embedding: [i, 1] }))
  const told: ImportProgress[] = []
  const controller = new AbortController()
  const run = importDocuments(db, {
    table: 'docs',
    source: { name: 'list', records },
    batch: 3,
    signal: controller.signal,
    onProgress: progress => {
      told.push(progress)
      if (told.length === 2) controller.abort(new Error('enough'))
    },
  })
  await assert.rejects(run, /enough/)
  assert.deepEqual(
    told.map(({ written, total }) => [written, total]),
    [
      [3, 10],
      [6, 10],
    ],
  )
  assert.equal(rows(db).length, 6)
  await assert.rejects(
    importDocuments(db, {
      table: 'docs',
      source: { name: 'list', records },
      signal: controller.signal,
    }),
    /enough/,
  )
  db.close()
})

test('contents are embedded on the way, and a failing function stores nothing of its batch', async () => {
  const db = await docs()
  const records = [{ id: 'a', content: 'one' }, { id: 'b', embedding: [9, 9] }, { id: 'c' }]
  const asked: (readonly string[])[] = []
  const report = await importDocuments(db, {
    table: 'docs',
    source: { name: 'list', records },
    model: 'm',
    embed: texts => {
      asked.push(texts)
      return Promise.resolve(texts.map(text => [text.length, 1]))
    },
  })
  assert.deepEqual([report.written, report.unembedded, asked], [3, 1, [['one']]])
  const failing = importDocuments(db, {
    table: 'docs',
    dataset: 'other',
    source: { name: 'list', records },
    embed: () => Promise.reject(new Error('no model')),
  })
  await assert.rejects(failing, /no model/)
  assert.equal(rows(db).length, 3)
  db.close()
})

test('what is given is checked at the entry', async () => {
  const db = await docs()
  const source = write('two.jsonl', TWO)
  const given = (options: object): Promise<unknown> =>
    importDocuments(db, { table: 'docs', source, ...options })
  await refusedLater(importDocuments(Promise.resolve(db) as never, {} as never), 'TypeError', 'db')
  await refusedLater(importDocuments(db, undefined as never), 'TypeError', 'options')
  await refusedLater(given({ table: undefined }), 'TypeError', 'options.table')
  await refusedLater(given({ source: undefined }), 'TypeError', 'options.source')
  await refusedLater(given({ source: Buffer.from(TWO) }), 'TypeError', 'options.source')
  await refusedLater(given({ source: { name: 'x' } }), 'TypeError', 'options.source')
  await refusedLater(given({ onconflict: 'skip' }), 'VEC_OPTION', "'onConflict'")
  await refusedLater(given({ onConflict: 'skipp' }), 'VEC_OPTION', "'skip'")
  await refusedLater(given({ format: 'jsnol' }), 'VEC_OPTION', "'jsonl'")
  await refusedLater(given({ fields: { embeding: 'v' } }), 'VEC_OPTION', "'embedding'")
  await refusedLater(given({ fields: { id: 1 } }), 'TypeError', 'options.fields.id')
  await refusedLater(given({ batch: 0 }), 'RangeError', 'options.batch')
  await refusedLater(given({ batch: '10' }), 'TypeError', 'options.batch')
  await refusedLater(given({ embed: 'x' }), 'TypeError', 'options.embed')
  await refusedLater(given({ signal: {} }), 'TypeError', 'options.signal')
  await refusedLater(given({ dataset: ' ' }), 'TypeError', 'options.dataset')
  await refusedLater(given({ table: 'absent' }), 'SQLITE_ERROR', /absent/)
  const dim = await refusedLater(given({ dim: 2 }), 'VEC_OPTION', 'dim')
  assert.ok(dim instanceof InterchangeError)
  assert.equal(dim.option, 'dim')
  const records = await refusedLater(
    given({ source: { name: 'list', records: [3] } }),
    'TypeError',
    'list',
  )
  assert.match(records.message, /document 1/)
  assert.deepEqual(rows(db), [])
  assert.equal(readFileSync(source, 'utf8'), TWO)
  db.close()
})

test('bytes that are no iterable of Uint8Array, and a table that is not a vec table, are refused', async () => {
  using db = await docs()
  const text = '{"id": "a", "embedding": [1, 2]}'
  for (const bytes of [[text], Buffer.from(text)]) {
    const wrong = { table: 'docs', source: { name: 'q', bytes } } as never
    await assert.rejects(
      importDocuments(db, wrong),
      /^TypeError: importDocuments\(\): a chunk of q is/,
    )
  }
  db.exec('CREATE TABLE plain(x)')
  const source = { name: 'list', records: [{ id: 'a', embedding: [1, 2] }] }
  await refusedLater(importDocuments(db, { table: 'plain', source }), 'VEC_QUERY')
  refused(() => describeTable(db, 'plain'), 'VEC_QUERY')
})

test('a value that JSON cannot hold is refused with its place, and leaves nothing behind', async () => {
  using db = await docs()
  const circular: Record<string, unknown> = { a: 1 }
  circular['self'] = circular
  const broken = {
    toJSON() {
      throw new Error('not now')
    },
  }
  for (const [meta, why] of [
    [circular, /circular|cyclic/],
    [broken, 'not now'],
  ] as const) {
    const records = [{ id: 'x', embedding: [1, 2], meta }]
    const source = { name: 'program', records } as ImportOptions['source']
    await refusedLater(
      importDocuments(db, { table: 'docs', source }),
      'VEC_SOURCE',
      'program, document 1',
      why,
    )
  }
  assert.equal(db.prepare('SELECT count(*) FROM _vec_docs').pluck().get(), 0)
})

test('a source file that is missing is named', async () => {
  using db = await docs()
  for (const name of ['absent.jsonl', 'absent.sqlite', 'absent.npy']) {
    const source = join(folder, name)
    await refusedLater(
      importDocuments(db, { table: 'docs', source }),
      'VEC_SOURCE',
      `${source}: no such file`,
    )
  }
})
