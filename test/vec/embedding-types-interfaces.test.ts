import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { attach } from '../../src/entries/attach.ts'
import { exportDocuments, importDocuments } from '../../src/entries/interchange.ts'
import { encodeEmbedding, open, type Connection } from '../../src/entries/main.ts'
import { Collection, upsertShadowDocuments } from '../../src/entries/vecutil.ts'
import { DRIVERS } from '../attach/handles.ts'
import { refused, refusedLater } from '../refusal.ts'
import { storedBytes, storedNumbers } from './stored-numbers.ts'

const folder = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-interfaces-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const VECTORS: Readonly<Record<string, readonly number[]>> = {
  a: [0.3, -0.7, 0.123456],
  b: [1, 0, -1],
  c: [-0.001, 0.5, 0.9],
}

async function table(type: string): Promise<Connection> {
  const db = await open(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, ${type})`)
  return db
}

function stored(db: Connection): Record<string, Uint8Array> {
  using select = db.prepare('SELECT id, embedding FROM _vec_docs ORDER BY id').raw()
  return Object.fromEntries(select.all() as [string, Uint8Array][])
}

function expected(declared: string): Record<string, Uint8Array> {
  return Object.fromEntries(
    Object.entries(VECTORS).map(([id, vector]) => [
      id,
      storedBytes(declared, Float32Array.from(vector)),
    ]),
  )
}

function numbers(declared: string, id: string): Float32Array {
  return storedNumbers(declared, expected(declared)[id])!
}

for (const [type, declared] of [
  ['type=f16', 'VEC_F16_BLOB'],
  ['type=int8', 'VEC_I8_BLOB(1)'],
] as const) {
  describe(type, () => {
    test('documents are imported as the type, and exported as float32, in every format', async () => {
      using db = await table(type)
      const records = Object.entries(VECTORS).map(([id, embedding]) => ({ id, embedding }))
      await importDocuments(db, { table: 'docs', source: { name: 'list', records }, dataset: 'd' })
      assert.deepEqual(stored(db), expected(declared))
      const path = (name: string): string => join(folder, `${type.slice(5)}-${name}`)
      for (const [name, options] of [
        ['docs.jsonl', {}],
        ['docs.csv', { vectors: 'base64' }],
        ['docs.npy', { ids: path('ids.txt') }],
        ['docs.f32', { ids: path('ids2.txt') }],
      ] as const) {
        const target = path(name)
        await exportDocuments(db, { table: 'docs', target, ...options })
        const ids = 'ids' in options ? { ids: options.ids } : {}
        const dim = name.endsWith('f32') ? { dim: 3 } : {}
        for (const other of [type, 'type=f32']) {
          using copy = await table(other)
          await importDocuments(copy, {
            table: 'docs',
            source: target,
            dataset: 'd',
            ...ids,
            ...dim,
          })
          if (other === type) assert.deepEqual(stored(copy), expected(declared))
          else assert.deepEqual(stored(copy)['a'], encodeEmbedding(numbers(declared, 'a')))
        }
      }
      assert.equal(readFileSync(path('docs.f32')).length, 3 * 3 * 4)
      const file = path('copy.sqlite')
      db.prepare('VACUUM INTO ?').run(file)
      for (const other of [type, 'type=f32']) {
        using copy = await table(other)
        for (const onConflict of ['error', 'merge', 'replace'] as const) {
          await importDocuments(copy, { table: 'docs', source: file, onConflict })
          if (other === type) assert.deepEqual(stored(copy), expected(declared))
          else assert.deepEqual(stored(copy)['c'], encodeEmbedding(numbers(declared, 'c')))
        }
      }
    })

    test('an import names the document that the type cannot hold', async () => {
      using db = await table(type)
      const source = { name: 'list', records: [{ id: 'x', embedding: [1, 70_000] }] }
      await refusedLater(
        importDocuments(db, { table: 'docs', source }),
        'VEC_SOURCE',
        "'x'",
        70_000,
      )
      assert.deepEqual(stored(db), {})
    })

    for (const driver of DRIVERS)
      test(
        `a collection writes, reads, finds and migrates in ${driver.name}`,
        { skip: driver.skip },
        async () => {
          const declaration = `doc_id, ${type}`
          const db = driver.connect(':memory:')
          const embed = async (texts: readonly string[]): Promise<number[][]> =>
            texts.map(text => [...VECTORS[text]])
          const docs = new Collection(db, {
            table: 'docs',
            dataset: 'd',
            declaration,
            embed,
            model: 'one',
          })
          docs.upsertSync([
            { id: 'b', vector: VECTORS['b'] },
            { id: 'c', vector: VECTORS['c'] },
          ])
          assert.equal(await docs.upsert([{ id: 'a', content: 'a' }]), 1)
          // The content is embedded already.
          assert.equal(await docs.upsert([{ id: 'a', content: 'a', meta: { n: 1 } }]), 0)
          for (const id of Object.keys(VECTORS)) {
            const document = docs.get(id, { include: ['vector'] })
            assert.deepEqual(document?.vector, numbers(declared, id))
            const found = docs.querySync({ vector: [...numbers(declared, id)], k: 1 })
            assert.equal(found.hits[0].id, id)
            assert.ok(Math.abs(found.hits[0].score - 1) < 1e-12)
          }
          const rows = (db as Connection)
            .prepare('SELECT id, embedding FROM _vec_docs ORDER BY id')
            .all()
          for (const { id, embedding } of rows as { id: string; embedding: Uint8Array }[]) {
            assert.deepEqual(new Uint8Array(embedding), expected(declared)[id])
          }
          refused(
            () => docs.upsertSync([{ id: 'x', vector: [1, 0, 70_000] }]),
            'VEC_EMBEDDING',
            "'x'",
            70_000,
          )
          docs.close()
          db.close()
        },
      )

    test('other writers of documents store the type', async () => {
      using db = await table(type)
      const documents = Object.entries(VECTORS).map(([id, embedding]) => ({ id, embedding }))
      upsertShadowDocuments(db, '_vec_docs', 'd', documents)
      assert.deepEqual(stored(db), expected(declared))
      db.exec('DELETE FROM _vec_docs')
      const vectors = attach(db, { table: 'docs' })
      vectors.upsert(
        Object.entries(VECTORS).map(([id, embedding]) => ({ id, embedding })),
        { dataset: 'd' },
      )
      assert.deepEqual(stored(db), expected(declared))
      const [hit] = vectors.search({ dataset: 'd', vector: VECTORS['b'], k: 1 })
      assert.equal(hit.id, 'b')
    })
  })
}
