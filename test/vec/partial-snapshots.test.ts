import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { lockSupport } from '../../src/entries/engine.ts'
import { open } from '../../src/entries/main.ts'
import { seededTest } from '../seed.ts'
import { change, filled, type Setting } from './partial-scene.ts'
import { Random } from './random.ts'

const seeded = seededTest('VEC_SEED')

const folder = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-partial-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const support = await lockSupport()
const skip =
  support.kind === 'ofd' ? false : `WAL is shared with byte-range locks only: ${support.reason}`

for (const index of ['brute', 'cover'] as const) {
  seeded(
    `a statement that is being read keeps its snapshot while others commit (${index})`,
    { skip },
    async () => {
      const r = new Random(3000)
      const file = join(folder, `${index}.sqlite`)
      const setting: Setting = { name: '', metric: 'euclidean', dim: 3, rows: 2000, index }
      const { db, model } = await filled(r, setting, file)
      using reader = db
      reader.exec('PRAGMA journal_mode = WAL')
      using writer = await open(file)
      for (let round = 0; round < 4; round++) {
        const query = r.vector(3)
        const expected = model.search(['a', 'b'], query)
        const statement = reader
          .prepare(
            `SELECT dataset_id, doc_id, match_score FROM docs WHERE dataset_id IN ('a', 'b') AND doc_id MATCH ?`,
          )
          .raw()
        const read: unknown[] = []
        for (const row of statement.iterate(query)) {
          read.push(row)
          if (read.length % 50 !== 1 || read.length > 800) continue
          change(r, writer, model, query, 3)
          // Its queries bring the index that both use up to date.
          const first = model.search(['a'], query)[0].row.id
          const nearest = writer.prepare(
            `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ? LIMIT 1`,
          )
          assert.equal(nearest.pluck().get(query), first)
          nearest.finalize()
        }
        assert.deepEqual(
          read,
          expected.map(({ row, score }) => [row.dataset, row.id, score]),
        )
        statement.finalize()
      }
    },
  )
}

seeded('a search of another file keeps its snapshot, too', { skip }, async () => {
  const r = new Random(4000)
  const file = join(folder, 'documents.sqlite')
  const setting: Setting = { name: '', metric: 'euclidean', dim: 3, rows: 2000, index: 'brute' }
  const filledFile = await filled(r, setting, file)
  filledFile.db.exec('PRAGMA journal_mode = WAL')
  const { model } = filledFile
  using writer = filledFile.db
  using db = await open(':memory:', { allowDbpath: file })
  // Not attached: the file is read through a connection of its own, which no statement of this one keeps in its snapshot.
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, metric=euclidean, dbpath='${file}')`)
  const query = r.vector(3)
  const expected = model.search(['a'], query)
  const statement = db
    .prepare(
      `SELECT dataset_id, doc_id, match_score FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ?`,
    )
    .raw()
  const read: unknown[] = []
  for (const row of statement.iterate(query)) {
    read.push(row)
    if (read.length % 50 === 1 && read.length < 800) change(r, writer, model, query, 3)
  }
  assert.deepEqual(
    read,
    expected.map(({ row, score }) => [row.dataset, row.id, score]),
  )
  statement.finalize()
  // The snapshot is let go of with the statement.
  writer.exec('PRAGMA wal_checkpoint(TRUNCATE)')
})
