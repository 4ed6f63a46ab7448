import { before } from 'node:test'
import { restoreExactIndex } from '../../src/index/kinds/exact/restore.ts'
import { indexContract } from '../indexes/contract.ts'
import { sharedIndex, startThreads } from './pool.ts'

// The contract of indexes while threads help with every search that has two blocks of rows or more.

before(async () => startThreads(2))

indexContract({
  name: 'exact index, three threads',
  metrics: ['cosine', 'euclidean', 'dot', 'manhattan'],
  create: sharedIndex,
  restore: image => restoreExactIndex(image, { kernels: 'simd' }),
})
