import {
  createCoverIndex,
  restoreCoverIndex,
} from '../../src/index/kinds/cover-tree/cover-index.ts'
import { indexContract } from '../indexes/contract.ts'

for (const bound of ['per_node', 'level'] as const) {
  indexContract({
    name: `cover tree, bound ${bound}`,
    metrics: ['cosine', 'euclidean', 'manhattan'],
    create: (metric, dim) => createCoverIndex({ metric, dim, bound }),
    restore: restoreCoverIndex,
  })
}
