import { metricOf } from '../../../core/metric.ts'
import type { Kind } from '../../kind.ts'
import { exactKind } from '../exact/kind.ts'
import { createAutoIndex, noTree, restoreAutoIndex } from './auto-index.ts'

/** Chooses between the other kinds, if the metric leaves a choice. A saved index has the chosen kind. */
export const autoKind: Kind = {
  key: options => {
    const { metric, base, bound } = options
    return metricOf(metric).space ? `auto ${metric} ${base} ${bound}` : exactKind.key(options)
  },
  reason: ({ metric }) =>
    metricOf(metric).space ? 'index=auto: there are no rows to choose by' : noTree(metric),
  refusal: () => undefined,
  create: (options, dim, expectedRows) =>
    metricOf(options.metric).space
      ? createAutoIndex({ ...options, dim })
      : exactKind.create(options, dim, expectedRows),
  restore: (image, options) =>
    metricOf(options.metric).space
      ? restoreAutoIndex(image, { base: options.base, bound: options.bound })
      : exactKind.restore(image, options),
}
