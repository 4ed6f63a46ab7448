import { metricOf } from '../../../core/metric.ts'
import type { Kind } from '../../kind.ts'
import { exactKind } from '../exact/kind.ts'
import { createAutoIndex, noTree, restoreAutoIndex } from './auto-index.ts'

/** Chooses between the others, where the metric leaves a choice; what it saves is of the kind it chose. */
export const autoKind: Kind = {
  key: spec => {
    const { metric, base, bound } = spec
    return metricOf(metric).space ? `auto ${metric} ${base} ${bound}` : exactKind.key(spec)
  },
  reason: ({ metric }) =>
    metricOf(metric).space ? 'index=auto: there is nothing to choose by' : noTree(metric),
  refusal: () => undefined,
  create: (spec, dim, expectedRows) =>
    metricOf(spec.metric).space
      ? createAutoIndex({ ...spec, dim })
      : exactKind.create(spec, dim, expectedRows),
  restore: (image, spec) =>
    metricOf(spec.metric).space
      ? restoreAutoIndex(image, { base: spec.base, bound: spec.bound })
      : exactKind.restore(image, spec),
}
