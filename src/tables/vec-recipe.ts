import { createCoverIndex, restoreCoverIndex } from '../indexes/cover/cover-index.ts'
import { createExactIndex } from '../indexes/exact/exact-index.ts'
import { restoreExactIndex } from '../indexes/exact/restore.ts'
import type { IndexRecipe } from '../store/slice.ts'
import type { VecOptions } from './vec-options.ts'

/** How the options of a vec table want its indexes made. */
export function recipeOf(options: VecOptions): IndexRecipe {
  const { metric, includeArchived } = options
  const rows = includeArchived ? ' archived' : ''
  if (options.index === 'cover') {
    // The number of workers makes no other tree: it is no part of the key.
    const { coverBase: base, coverBound: bound, coverParallel: parallel } = options
    return {
      metric,
      key: `cover ${metric} ${base} ${bound}${rows}`,
      create: dim => createCoverIndex({ metric, dim, base, bound, parallel }),
      restore: restoreCoverIndex,
    }
  }
  return {
    metric,
    key: `exact ${metric}${rows}`,
    create: (dim, expectedRows) => createExactIndex({ metric, dim, expectedRows }),
    restore: image => restoreExactIndex(image),
  }
}
