import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ACCELERATORS } from '../../src/accelerators/accelerator.ts'
import { createRowScorer } from '../../src/accelerators/row-scorer.ts'
import { exactSimilarity } from '../../src/core/similarity.ts'
import { dataset, datasetNames } from '../indexes/datasets.ts'
import { seededTest } from '../seed.ts'

const seeded = seededTest('INDEX_SEED')

for (const accelerator of Object.values(ACCELERATORS)) {
  for (const metric of ['cosine', 'euclidean', 'dot', 'manhattan'] as const) {
    describe(`row scorer, ${metric}, ${accelerator.name}`, () => {
      seeded('scores are those of double arithmetic in index order, bit for bit', () => {
        for (const name of datasetNames) {
          for (const dim of [1, 2, 3, 4, 5, 6, 7, 8, 99, 100, 384]) {
            const { queries, rows } = dataset(name, dim, 13)
            const scorer = createRowScorer(metric, dim, accelerator)
            for (const query of queries) {
              scorer.setQuery(query)
              for (const count of [1, 2, 3, 4, 5, 13]) {
                const staged = scorer.stage(count)
                for (let i = 0; i < count; i++) staged.set(rows[i], i * dim)
                const scores = Array.from(scorer.score(count))
                const expected = rows
                  .slice(0, count)
                  .map(row => exactSimilarity(metric, query, row))
                assert.deepEqual(scores, expected, `${name}, dim ${dim}`)
              }
            }
            scorer.dispose()
          }
        }
      })

      test('a query of another dimension is refused', () => {
        const scorer = createRowScorer(metric, 3, accelerator)
        assert.throws(() => scorer.setQuery(new Float32Array(4)), RangeError)
        scorer.dispose()
      })
    })
  }
}
