import { createExactIndex } from '../../src/index/kinds/exact/exact-index.ts'
import { restoreExactIndex } from '../../src/index/kinds/exact/restore.ts'
import { ClusteredIndex } from './clustered-index.ts'
import { indexContract } from './contract.ts'

for (const place of ['copied', 'listed'] as const) {
  indexContract({
    name: `${place} codes by clusters, of which exact searches skip some`,
    metrics: ['cosine', 'euclidean', 'dot'],
    create: (metric, dim) =>
      new ClusteredIndex(createExactIndex({ metric, dim, keepsVectors: false }), 'exact', place),
    restore: image => restoreExactIndex(image),
    most: 5000,
  })
}
