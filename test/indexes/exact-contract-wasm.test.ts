import { createExactIndex } from '../../src/index/kinds/exact/exact-index.ts'
import { restoreExactIndex } from '../../src/index/kinds/exact/restore.ts'
import { indexContract } from './contract.ts'

for (const resident of [false, true, 'auto'] as const) {
  indexContract({
    name: `exact index, resident ${resident}`,
    metrics: ['cosine', 'euclidean', 'dot'],
    create: (metric, dim, expectedRows = 0) =>
      createExactIndex({ metric, dim, resident, expectedRows, kernels: 'wasm' }),
    restore: image => restoreExactIndex(image, { kernels: 'wasm' }),
  })
}
