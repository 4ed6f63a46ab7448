import { threads } from '../../src/accelerators/threads/threads.ts'
import { createExactIndex } from '../../src/index/kinds/exact/exact-index.ts'
import { restoreExactIndex } from '../../src/index/kinds/exact/restore.ts'
import { indexContract } from './contract.ts'
import { LentIndex } from './lent-index.ts'

threads.size = 1
threads.borrowers = 2

/** Rows of this many bytes have a memory of their own, which can be lent. */
const OWN_BYTES = 2 ** 20 + 2 ** 16

indexContract({
  name: 'codes that one thread lends and others read',
  metrics: ['cosine', 'euclidean', 'dot', 'manhattan'],
  create: (metric, dim) =>
    new LentIndex(
      createExactIndex({
        metric,
        dim,
        keepsVectors: false,
        expectedRows: Math.ceil(OWN_BYTES / dim),
      }),
    ),
  restore: image => restoreExactIndex(image),
  most: 5000,
})
