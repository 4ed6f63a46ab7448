import assert from 'node:assert/strict'
import { exactSimilarity } from '../../src/core/similarity.ts'
import { attach } from '../../src/entries/attach.ts'
import { seeded } from '../freshness/seeded.ts'
import { blob, inEveryDriver } from './handles.ts'

// Tables that are read whole, in pages: what they hold is found, at the ends of pages too.

const DIM = 3

inEveryDriver('a table that is read in pages', fact => {
  for (const encoding of ['UTF-8', 'UTF-16le']) {
    fact(`gives its index every vector and nothing else (${encoding})`, db => {
      const random = seeded(7)
      const number = (): number => random() - 0.5
      const vector = (): Float32Array => Float32Array.from({ length: DIM }, number)
      const others = ['NULL', `x''`, `x'00'`, `'abc'`, '7', '1.5', blob(1, 2, 3, 4)]
      const members: { id: string; stored: Float32Array }[] = []
      db.exec(`PRAGMA encoding = '${encoding}'`)
      db.exec('CREATE TABLE rows(id TEXT UNIQUE, embedding BLOB)')
      db.exec('BEGIN')
      for (let n = -700; n < 1400; n++) {
        const stored = vector()
        const id = n % 500 === 499 ? undefined : `ä${n}`
        const isOther = n > 0 && random() < 0.1
        const value = isOther ? others[n % others.length] : blob(...stored)
        db.exec(
          `INSERT INTO rows(rowid, id, embedding) VALUES (${n}, ${id === undefined ? 'NULL' : `'${id}'`}, ${value})`,
        )
        if (id !== undefined && !isOther) members.push({ id, stored })
      }
      db.exec('COMMIT')
      using vectors = attach(db, { table: 'rows' })
      for (let n = 0; n < 20; n++) {
        const query = vector()
        const expected = members
          .map(({ id, stored }) => ({ id, similarity: exactSimilarity('cosine', query, stored) }))
          .toSorted((a, b) => b.similarity - a.similarity)
          .map(({ id }) => id)
        for (const k of [50, 5000]) {
          const found = vectors.search({ vector: query, k }).map(({ id }) => id)
          assert.deepEqual(found, expected.slice(0, k))
        }
      }
    })
  }

  fact('loses none where pages meet', db => {
    db.exec(`CREATE TABLE rows(id INTEGER PRIMARY KEY, embedding BLOB);
      WITH RECURSIVE n(i) AS (SELECT -4000 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
      INSERT INTO rows SELECT i, CAST(${blob(1)} || unhex(printf('%08x', 0x3f000000 + i + 4000)) AS BLOB) FROM n`)
    const edges = [-4000, -3489, -3488, 95, 96, 4095, 4096, 4191, 4192, 8191, 9000]
    db.exec(`UPDATE rows SET embedding = ${blob(5, 0)} WHERE id IN (${edges.join(', ')})`)
    using vectors = attach(db, { table: 'rows', metric: 'dot' })
    const vector = [1, 0]
    const idsOf = (k: number): number[] =>
      vectors
        .search({ vector, k })
        .map(({ id }) => Number(id))
        .toSorted((a, b) => a - b)
    const all = Array.from({ length: 13_001 }, (_, i) => i - 4000)
    assert.deepEqual(idsOf(edges.length), edges)
    assert.deepEqual(idsOf(20_000), all)
    // After a change so many are found by a pass over the table.
    db.exec(`UPDATE rows SET embedding = ${blob(1, 0)} WHERE id = 0`)
    assert.deepEqual(idsOf(20_000), all)
  })
})
