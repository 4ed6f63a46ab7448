import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { exportDocuments, importDocuments } from '../../src/entries/interchange.ts'
import { open } from '../../src/entries/main.ts'
import { refusedLater } from '../refusal.ts'

for (const [type, bytes] of [
  ['f16', '010203040506070809'],
  ['f32', '0102030405060708090a'],
]) {
  test(`bytes that are not ${type} vectors are exported as base64, and refused in a matrix`, async t => {
    const folder = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-malformed-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    using db = await open(':memory:')
    db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, type=${type});
      INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('a', 'x', x'${bytes}')`)
    const source = { name: 'list', records: [{ id: 'x', content: 'text' }] }
    const merge = { table: 'docs', dataset: 'a', onConflict: 'merge', source } as const
    assert.equal((await importDocuments(db, merge)).merged, 1)
    const target = join(folder, 'docs.jsonl')
    await exportDocuments(db, { table: 'docs', target })
    const { embedding } = JSON.parse(readFileSync(target, 'utf8')) as { embedding: string }
    assert.equal(Buffer.from(embedding, 'base64').toString('hex'), bytes)
    for (const format of ['npy', 'f32']) {
      const matrix = { target: join(folder, `docs.${format}`), ids: join(folder, 'ids.txt') }
      const exported = exportDocuments(db, { table: 'docs', dataset: 'a', ...matrix })
      await refusedLater(exported, 'VEC_SOURCE', bytes.length / 2, type)
    }
  })
}
