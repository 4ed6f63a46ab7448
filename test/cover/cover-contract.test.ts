import {
  createCoverIndex,
  restoreCoverIndex,
} from '../../src/index/kinds/cover-tree/cover-index.ts'
import { indexContract } from '../indexes/contract.ts'

indexContract({
  name: 'cover tree, bound per_node',
  metrics: ['cosine', 'euclidean', 'manhattan'],
  create: (metric, dim) => createCoverIndex({ metric, dim, bound: 'per_node' }),
  restore: restoreCoverIndex,
})
