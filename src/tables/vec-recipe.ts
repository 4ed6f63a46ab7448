import { createAutoIndex, restoreAutoIndex } from '../indexes/auto/auto-index.ts'
import { createCoverIndex, restoreCoverIndex } from '../indexes/cover/cover-index.ts'
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
  if (options.index === 'cover') {
    return {
      metric,
      key: `cover ${metric} ${base} ${bound}${rows}`,
      why: 'index=cover was asked for',
      create: dim => createCoverIndex({ metric, dim, base, bound, parallel }),
      restore: restoreCoverIndex,
    }
  }
  if (options.index === 'auto' && metric !== 'dot') {
    return {
      metric,
      key: `auto ${metric} ${base} ${bound}${rows}`,
      why: 'index=auto: there is nothing to choose by',
      create: dim => createAutoIndex({ metric, dim, base, bound, parallel }),
      restore: image => restoreAutoIndex(image, { base, bound, parallel }),
    }
  }
  return {
    metric,
    key: `exact ${metric}${rows}`,
    why:
      options.index === 'brute'
        ? 'index=brute was asked for'
        : 'the dot product obeys no triangle inequality, so every row is scanned',
    create: (dim, expectedRows) => createExactIndex({ metric, dim, expectedRows }),
    restore: image => restoreExactIndex(image),
  }
}
