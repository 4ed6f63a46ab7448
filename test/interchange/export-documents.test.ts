import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  exportDocuments,
  importDocuments,
  InterchangeError,
  type ExportOptions,
} from '../../src/entries/interchange.ts'
import { open, type Connection } from '../../src/entries/main.ts'
import { refusedLater } from '../refusal.ts'

const folder = mkdtempSync(join(tmpdir(), 'interchange-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const path = (name: string): string => join(folder, name)

const RECORDS = [
  { dataset: 'x', id: 'a', embedding: [1, 2], content: 'one, "two"\nthree', meta: { n: 1 } },
  { dataset: 'x', id: 'b', embedding: [3, 4], meta: { n: 2 }, archived: true },
  { dataset: 'y', id: 'a', embedding: [5], content: 'é' },
]

async function filled(): Promise<Connection> {
  const db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  await importDocuments(db, { table: 'docs', source: { name: 'list', records: RECORDS } })
  return db
}

const dump = (db: Connection): unknown[] =>
  db.prepare('SELECT * FROM _vec_docs ORDER BY dataset_id, id').all()

/** What an export writes into a sink. */
async function written(db: Connection, options: Partial<ExportOptions>): Promise<Buffer> {
  const pieces: Buffer[] = []
  const target = {
    write: (piece: string | Uint8Array): Promise<void> => {
      pieces.push(Buffer.from(piece as string))
      return Promise.resolve()
    },
  }
  await exportDocuments(db, { table: 'docs', target, ...options })
  return Buffer.concat(pieces)
}

test('jsonl and csv come back as the same documents, from files and from streams', async () => {
  const db = await filled()
  const expected = dump(db)
  for (const format of ['jsonl', 'csv'] as const) {
    for (const vectors of ['json', 'base64'] as const) {
      const file = path(`${vectors}.${format}`)
      const report = await exportDocuments(db, { table: 'docs', target: file, vectors })
      assert.deepEqual(report, { written: 3, dim: undefined, notes: [] })
      const bytes = await written(db, { format, vectors })
      assert.ok(bytes.equals(readFileSync(file)), format)
      const back = await open(':memory:')
      back.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
      await importDocuments(back, { table: 'docs', source: file })
      assert.deepEqual(dump(back), expected, `${format} ${vectors}`)
      back.close()
    }
  }
  db.close()
})

test('npy and f32 hold the vectors of one dataset, and ids what they are called', async () => {
  const db = await filled()
  const ids: string[] = []
  const sink = { write: (piece: string | Uint8Array) => void ids.push(String(piece)) }
  const bytes = await written(db, { format: 'f32', dataset: 'x', ids: sink })
  assert.deepEqual(
    new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)),
    Float32Array.of(1, 2, 3, 4),
  )
  assert.equal(ids.join(''), 'a\nb\n')
  const report = await exportDocuments(db, {
    table: 'docs',
    target: path('x.npy'),
    dataset: 'x',
    ids: path('x.txt'),
  })
  assert.deepEqual([report.written, report.dim], [2, 2])
  assert.equal(readFileSync(path('x.txt'), 'utf8'), 'a\nb\n')
  assert.equal(readFileSync(path('x.npy')).indexOf("'shape': (2, 2)") > 0, true)
  const which = await refusedLater(
    exportDocuments(db, { table: 'docs', target: path('y.npy'), ids: path('y.txt') }),
    'VEC_OPTION',
    'x, y',
  )
  assert.ok(which instanceof InterchangeError)
  assert.equal(which.option, 'dataset')
  db.close()
})

test('a filter is SQL or an object, and skips rows whose meta is not JSON', async () => {
  const db = await filled()
  const ids = async (filter: NonNullable<ExportOptions['filter']>): Promise<string[]> =>
    String(await written(db, { filter }))
      .split('\n')
      .filter(line => line !== '')
      .map(line => (JSON.parse(line) as { id: string }).id)
  assert.deepEqual(await ids({ n: { $gte: 2 } }), ['b'])
  assert.deepEqual(await ids("content LIKE 'one%'"), ['a'])
  db.exec("UPDATE _vec_docs SET meta = 'not json' WHERE dataset_id = 'y'")
  assert.deepEqual(await ids({ n: 1 }), ['a'])
  const { written: rows, notes } = await exportDocuments(db, {
    table: 'docs',
    target: path('noted.jsonl'),
    filter: "json_extract(meta, '$.n') = 1",
  })
  assert.equal(rows, 1)
  assert.match(notes.join(), /1 document .*'a'/)
  await refusedLater(written(db, { filter: 'nope = 1' }), 'VEC_FILTER', 'nope')
  await refusedLater(written(db, { filter: '1 = 1) OR (1 = 1' }), 'VEC_FILTER')
  await refusedLater(written(db, { filter: { n: { $near: 1 } } }), 'VEC_FILTER', '$near')
  db.close()
})

test('a file appears whole or not at all, and never in the place of another', async () => {
  const db = await filled()
  const target = path('kept.jsonl')
  writeFileSync(target, 'mine')
  await refusedLater(exportDocuments(db, { table: 'docs', target }), 'VEC_SOURCE', 'kept.jsonl')
  const controller = new AbortController()
  const aborted = exportDocuments(db, {
    table: 'docs',
    target,
    overwrite: true,
    signal: controller.signal,
    onProgress: () => controller.abort(new Error('enough')),
  })
  await assert.rejects(aborted, /enough/)
  assert.equal(readFileSync(target, 'utf8'), 'mine')
  db.exec("UPDATE _vec_docs SET embedding = x'00000000' WHERE id = 'b'")
  const ids = path('m.txt')
  const matrix = { table: 'docs', target: path('m.f32'), dataset: 'x', ids }
  await refusedLater(exportDocuments(db, matrix), 'VEC_SOURCE', "'b'")
  assert.ok(!existsSync(ids))
  assert.deepEqual(
    readdirSync(folder).filter(name => name.includes('.part')),
    [],
  )
  assert.equal(db.inTransaction, false)
  db.close()
})

test('what is given is checked at the entry', async () => {
  const db = await filled()
  const given = (options: object): Promise<unknown> =>
    exportDocuments(db, { table: 'docs', target: path('z.jsonl'), ...options })
  await refusedLater(given({ target: undefined }), 'TypeError', 'options.target')
  await refusedLater(given({ target: {} }), 'TypeError', 'options.target.write')
  await refusedLater(given({ format: 'cvs' }), 'VEC_OPTION', "'csv'")
  await refusedLater(given({ vector: 'json' }), 'VEC_OPTION', "'vectors'")
  await refusedLater(given({ filter: 3 }), 'TypeError', 'options.filter')
  await refusedLater(given({ dataset: 'xx' }), 'VEC_OPTION', "'xx'", /did you mean/)
  await refusedLater(given({ target: path('z.xlsx') }), 'VEC_OPTION', /z\.xlsx/)
  await refusedLater(given({ ids: path('z.txt') }), 'VEC_OPTION', 'ids', 'jsonl')
  await refusedLater(given({ target: path('z.npy') }), 'VEC_OPTION', 'ids')
  await refusedLater(given({ overwrite: 1 }), 'TypeError', 'options.overwrite')
  assert.ok(!existsSync(path('z.jsonl')))
  db.close()
})
