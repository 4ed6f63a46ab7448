import type { SavedKind } from '../../kind.ts'
import { createExactIndex } from './exact-index.ts'
import { restoreExactIndex } from './restore.ts'

export const exactKind: SavedKind = {
  name: 'exact',
  code: 0,
  label: 'the exact scan',
  key: ({ metric }) => `exact ${metric}`,
  reason: () => 'index=brute was requested',
  refusal: () => undefined,
  create: ({ metric }, dim, expectedRows) => createExactIndex({ metric, dim, expectedRows }),
  restore: image => restoreExactIndex(image),
}
