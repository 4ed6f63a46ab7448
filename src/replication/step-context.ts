import { DimensionPolicy, type ModelPolicy } from './dimension-policy.ts'
import type { Lease } from './lease.ts'
import type { Replica } from './replica.ts'
import type { Source } from './source.ts'
import type { SyncState } from './sync-state.ts'

/** Whether an entry that cannot be applied halts its dataset, or is dead-lettered. */
export type RejectionPolicy = 'stop' | 'dead-letter'

export interface BatchLimits {
  readonly entries: number
  readonly bytes: number
  /** The last number to apply, for verification. */
  readonly upTo?: bigint
}

/** What a step works with. */
export interface StepContext {
  readonly source: Source
  readonly replica: Replica
  readonly lease: Lease | undefined
  readonly limits: BatchLimits
  readonly rejected: RejectionPolicy
  readonly model: ModelPolicy
  readonly warn: (message: string, datasetId: string) => void
}

export function dimensionPolicyOf(context: StepContext, state: SyncState): DimensionPolicy {
  return new DimensionPolicy(
    state.datasetId,
    state.dimension,
    state.model,
    context.model,
    message => context.warn(message, state.datasetId),
  )
}
