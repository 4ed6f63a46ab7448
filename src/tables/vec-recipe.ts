import { createAutoIndex, restoreAutoIndex } from '../indexes/auto/auto-index.ts'
import { createCoverIndex, restoreCoverIndex } from '../indexes/cover/cover-index.ts'
import { isTreeMetric } from '../indexes/cover/cover-options.ts'
import { createExactIndex } from '../indexes/exact/exact-index.ts'
import { restoreExactIndex } from '../indexes/exact/restore.ts'
import type { IndexRecipe } from '../store/slice.ts'
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
