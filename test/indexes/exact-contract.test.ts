import { createExactIndex } from '../../src/indexes/exact/exact-index.ts'
import { restoreExactIndex } from '../../src/indexes/exact/restore.ts'
import { indexContract } from './contract.ts'

const metrics = ['cosine', 'euclidean', 'dot'] as const

for (const kernels of ['wasm', 'twin'] as const) {
  for (const resident of [false, true, 'auto'] as const) {
    indexContract({
      name: `exact index, resident ${resident}, ${kernels}`,
      metrics,
      most: kernels === 'wasm' ? 50_000 : 5000,
      create: (metric, dim, expectedRows = 0) =>
        createExactIndex({ metric, dim, resident, expectedRows, kernels }),
      restore: image => restoreExactIndex(image, { kernels }),
    })
  }
}
