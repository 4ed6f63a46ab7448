import { lateKinds } from '#late-kinds'
import { metricOf } from '../../../core/metric.ts'
import type { SavedKind } from '../../kind.ts'

export const coverKind: SavedKind = {
  name: 'cover',
  code: 1,
  label: 'a cover tree',
  key: ({ metric, base, bound }) => `cover ${metric} ${base} ${bound}`,
  reason: () => 'index=cover was requested',
  refusal: metric =>
    metricOf(metric).space
      ? undefined
      : 'a cover tree needs a distance that obeys the triangle inequality',
  create: (options, dim) => lateKinds.needed.createCoverIndex({ ...options, dim }),
  restore: image => lateKinds.needed.restoreCoverIndex(image),
}
