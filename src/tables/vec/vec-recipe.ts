import { createAutoIndex, restoreAutoIndex } from '../../index/kinds/auto/auto-index.ts'
import { createCoverIndex, restoreCoverIndex } from '../../index/kinds/cover-tree/cover-index.ts'
import { isTreeMetric } from '../../index/kinds/cover-tree/cover-options.ts'
import { createExactIndex } from '../../index/kinds/exact/exact-index.ts'
import { restoreExactIndex } from '../../index/kinds/exact/restore.ts'
import type { IndexRecipe } from '../../search/snapshot/slice.ts'
import type { VecOptions } from './vec-options.ts'

/** How the options of a vec table want its indexes made. */
export function recipeOf(options: VecOptions): IndexRecipe {
  const { metric, includeArchived } = options
  const rows = includeArchived ? ' archived' : ''
  // The number of workers makes no other tree: it is no part of a key.
  const { coverBase: base, coverBound: bound, coverParallel: parallel } = options
  const scan = (why: string): IndexRecipe => ({
    metric,
    key: `exact ${metric}${rows}`,
    why,
    create: (dim, expectedRows) => createExactIndex({ metric, dim, expectedRows }),
    restore: image => restoreExactIndex(image),
  })
  switch (options.index) {
    case 'cover':
      return {
        metric,
        key: `cover ${metric} ${base} ${bound}${rows}`,
        why: 'index=cover was asked for',
        create: dim => createCoverIndex({ metric, dim, base, bound, parallel }),
        restore: restoreCoverIndex,
      }
    case 'auto':
      if (!isTreeMetric(metric)) {
        return scan('the dot product obeys no triangle inequality, so every row is scanned')
      }
      return {
        metric,
        key: `auto ${metric} ${base} ${bound}${rows}`,
        why: 'index=auto: there is nothing to choose by',
        create: dim => createAutoIndex({ metric, dim, base, bound, parallel }),
        restore: image => restoreAutoIndex(image, { base, bound, parallel }),
      }
    case 'brute':
      return scan('index=brute was asked for')
  }
}
