import { KINDS } from '../../index/kinds.ts'
import type { IndexSpec } from '../../search/memory/index-spec.ts'
import type { VecOptions } from './vec-options.ts'

/** The specification of the indexes that the options of a vec table request. */
export function indexSpecOf(options: VecOptions): IndexSpec {
  const { metric, includeArchived, coverBase: base, coverBound: bound } = options
  const kind = KINDS[options.index]
  const spec = { metric, base, bound }
  return {
    metric,
    id: `${kind.key(spec)}${includeArchived ? ' archived' : ''}`,
    why: kind.reason(spec),
    create: (dim, expectedRows) => kind.create(spec, dim, expectedRows),
    restore: image => kind.restore(image, spec),
  }
}
