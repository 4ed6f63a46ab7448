import { createExactIndex } from '../../src/index/kinds/exact/exact-index.ts'
import { restoreExactIndex } from '../../src/index/kinds/exact/restore.ts'
import { indexContract } from './contract.ts'

for (const resident of [false, true] as const) {
  indexContract({
    name: `exact index without SIMD, resident ${resident}`,
    metrics: ['cosine', 'euclidean', 'dot'],
    most: 5000,
    create: (metric, dim, expectedRows = 0) =>
      createExactIndex({ metric, dim, resident, expectedRows, kernels: 'twin' }),
    restore: image => restoreExactIndex(image, { kernels: 'twin' }),
  })
}
