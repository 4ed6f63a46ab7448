import { createExactIndex } from '../../src/index/kinds/exact/exact-index.ts'
import { restoreExactIndex } from '../../src/index/kinds/exact/restore.ts'
import { indexContract } from './contract.ts'

indexContract({
  name: 'exact index',
  metrics: ['cosine', 'euclidean', 'dot', 'manhattan'],
  create: (metric, dim, expectedRows = 0) =>
    createExactIndex({ metric, dim, keepsVectors: 'auto', expectedRows, kernels: 'simd' }),
  restore: image => restoreExactIndex(image, { kernels: 'simd' }),
})
