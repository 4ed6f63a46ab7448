import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockSupport } from '../../src/entries/engine.ts'
import { encodeEmbedding, insertMany, open, type Connection } from '../../src/entries/main.ts'
import { seededTest } from '../seed.ts'
import { Random } from './random.ts'

const seeded = seededTest('VEC_SEED')
const STEPS = 150
const wal = (await lockSupport()).kind === 'ofd'

/** Filters, and what they mean in SQL by other means than the compiler's. */
const FILTERS: readonly (readonly [filter: object, condition: string])[] = [
  [{ lang: 'en' }, "meta ->> '$.lang' = 'en'"],
  [{ lang: { $ne: 'en' } }, "json_valid(meta) AND coalesce(meta ->> '$.lang', '') <> 'en'"],
  [{ n: { $lt: 40 } }, "meta ->> '$.n' < 40"],
  [{ n: { $gte: 40, $lte: 700 } }, "meta ->> '$.n' BETWEEN 40 AND 700"],
  [{ lang: { $in: ['en', 'fr'] } }, "meta ->> '$.lang' IN ('en', 'fr')"],
  [{ lang: { $exists: false } }, "json_valid(meta) AND meta ->> '$.lang' IS NULL"],
  [
    { $or: [{ n: 3 }, { lang: { $startsWith: 'd' } }] },
    "(meta ->> '$.n' = 3 OR substr(meta ->> '$.lang', 1, 1) = 'd')",
  ],
]

for (const [dim, rows] of [
  [4, 3000],
  [80, 4500],
] as const) {
  seeded(
    `filtered searches of two connections are those of the table: ${rows} rows of ${dim} numbers`,
    async () => {
      const r = new Random(dim)
      const folder = mkdtempSync(join(tmpdir(), 'filter-model-'))
      const path = join(folder, 'docs.db')
      const vector = (): Uint8Array =>
        encodeEmbedding(Array.from({ length: dim }, () => r.next() - 0.5))
      const meta = (): string | null => {
        if (r.next() < 0.1) return null
        const lang = r.pick(['en', 'de', 'fr', null])
        return JSON.stringify({
          ...(lang === null ? {} : { lang }),
          n: Math.floor(r.next() * 1000),
        })
      }
      const one = await open(path)
      const two = await open(path)
      try {
        one.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
        // Only a WAL has readers whose snapshot is older than the index.
        const holds = wal && dim === 80
        if (holds) one.exec('PRAGMA journal_mode = WAL')
        insertMany(
          one,
          '_vec_docs',
          ['dataset_id', 'id', 'meta', 'embedding'],
          Array.from({ length: rows }, (_, i) => ['a', `d${i}`, meta(), vector()]),
        )
        const id = (): string => `d${Math.floor(r.next() * rows * 1.05)}`
        const write = (db: Connection): void => {
          const kind = r.next()
          if (kind < 0.4) {
            db.prepare('UPDATE _vec_docs SET meta = ? WHERE id = ?').run(meta(), id())
          } else if (kind < 0.6) {
            const sql = `INSERT OR REPLACE INTO _vec_docs(dataset_id, id, meta, embedding) VALUES ('a', ?, ?, ?)`
            db.prepare(sql).run(id(), meta(), vector())
          } else if (kind < 0.7) {
            db.prepare('DELETE FROM _vec_docs WHERE id = ?').run(id())
          } else if (kind < 0.8) {
            const flip = 'UPDATE _vec_docs SET archived = 1 - archived WHERE id = ?'
            db.prepare(flip).run(id())
          } else if (kind < 0.9) {
            db.prepare('UPDATE OR REPLACE _vec_docs SET rowid = rowid + 100000 WHERE id = ?').run(
              id(),
            )
          } else {
            const sql = "UPDATE docs SET meta = ? WHERE dataset_id = 'a' AND doc_id = ?"
            db.prepare(sql).run(meta(), id())
          }
        }
        const check = (db: Connection, step: number): void => {
          const [filter, condition] = r.pick(FILTERS)
          const query = vector()
          const k = r.pick([1, 5, 10, 60, rows])
          const found = db
            .prepare(
              "SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ? AND k = ? AND filter = ?",
            )
            .pluck()
            .all(query, k, JSON.stringify(filter))
          const expected = db
            .prepare(
              `SELECT id FROM _vec_docs WHERE dataset_id = 'a' AND archived = 0 AND ${condition}
               ORDER BY vec_cosine(embedding, ?) DESC, id LIMIT ?`,
            )
            .pluck()
            .all(query, k)
          assert.deepEqual(found, expected, `step ${step}: ${condition}, k = ${k}`)
        }
        for (let step = 0; step < STEPS; step++) {
          const db = r.pick([one, two])
          const other = db === one ? two : one
          const held = holds && r.chance(0.2)
          if (held) {
            other.exec('BEGIN')
            check(other, step)
          }
          const inTransaction = r.next() < 0.4
          if (inTransaction) db.exec('BEGIN IMMEDIATE')
          for (let writes = Math.floor(r.next() * 4); writes > 0; writes--) write(db)
          if (inTransaction) {
            check(db, step)
            if (r.next() < 0.3) {
              db.exec('SAVEPOINT s')
              write(db)
              check(db, step)
              db.exec(r.pick(['RELEASE s', 'ROLLBACK TO s; RELEASE s']))
              check(db, step)
            }
            db.exec(r.pick(['COMMIT', 'ROLLBACK']))
          }
          if (held) {
            check(other, step)
            check(db, step)
            check(other, step)
            other.exec('COMMIT')
          }
          check(other, step)
          check(db, step)
        }
      } finally {
        one.close()
        two.close()
        rmSync(folder, { recursive: true })
      }
    },
  )
}
