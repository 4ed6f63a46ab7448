import { KINDS } from '../../index/kinds.ts'
import type { IndexRecipe } from '../../search/snapshot/slice.ts'
import type { VecOptions } from './vec-options.ts'

/** How the options of a vec table want its indexes made. */
export function recipeOf(options: VecOptions): IndexRecipe {
  const { metric, includeArchived, coverBase: base, coverBound: bound } = options
  const kind = KINDS[options.index]
  const spec = { metric, base, bound }
  return {
    metric,
    key: `${kind.key(spec)}${includeArchived ? ' archived' : ''}`,
    why: kind.reason(spec),
    create: (dim, expectedRows) => kind.create(spec, dim, expectedRows),
    restore: image => kind.restore(image, spec),
  }
}
