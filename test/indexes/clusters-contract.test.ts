import { createExactIndex } from '../../src/index/kinds/exact/exact-index.ts'
import { restoreExactIndex } from '../../src/index/kinds/exact/restore.ts'
import { ClusteredIndex } from './clustered-index.ts'
import { indexContract } from './contract.ts'

// With every cluster visited, a search through clusters is exact.
for (const place of ['copied', 'listed'] as const) {
  indexContract({
    name: `${place} codes by clusters, all of which are visited`,
    metrics: ['cosine', 'euclidean', 'dot'],
    create: (metric, dim) =>
      new ClusteredIndex(createExactIndex({ metric, dim, keepsVectors: false }), 'recall', place),
    restore: image => restoreExactIndex(image),
    most: 5000,
  })
}
