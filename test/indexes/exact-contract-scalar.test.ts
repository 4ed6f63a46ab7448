import { createExactIndex } from '../../src/index/kinds/exact/exact-index.ts'
import { restoreExactIndex } from '../../src/index/kinds/exact/restore.ts'
import { indexContract } from './contract.ts'

for (const keepsVectors of [false, true] as const) {
  indexContract({
    name: `exact index without SIMD, keepsVectors ${keepsVectors}`,
    metrics: ['cosine', 'euclidean', 'dot', 'manhattan'],
    most: 5000,
    create: (metric, dim, expectedRows = 0) =>
      createExactIndex({ metric, dim, keepsVectors, expectedRows, kernels: 'scalar' }),
    restore: image => restoreExactIndex(image, { kernels: 'scalar' }),
  })
}
