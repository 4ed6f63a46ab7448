import { readBatch, type Batch, type BatchLimits, type PoisonPolicy } from './batch.ts'
import { VectorGuard, type ModelPolicy } from './guard.ts'
import type { Lease } from './lease.ts'
import type { Replica } from './replica.ts'
import type { Snapshot, Source } from './source.ts'
import type { SyncState } from './sync-state.ts'

/** What a step works with. */
export interface StepContext {
  readonly source: Source
  readonly replica: Replica
  readonly lease: Lease | undefined
  readonly limits: BatchLimits
  readonly poison: PoisonPolicy
  readonly model: ModelPolicy
  readonly warn: (message: string, datasetId: string) => void
}

export function guardOf(context: StepContext, state: SyncState): VectorGuard {
  return new VectorGuard(state.datasetId, state.dimension, state.model, context.model, message =>
    context.warn(message, state.datasetId),
  )
}

/** One batch of the log: read in one snapshot, applied in one transaction. */
export async function tailStep(
  context: StepContext,
  state: SyncState,
): Promise<{ state: SyncState; batch: Batch }> {
  return context.source.snapshot(snapshot => tailStepOn(context, state, snapshot))
}

async function tailStepOn(
  context: StepContext,
  state: SyncState,
  snapshot: Snapshot,
): Promise<{ state: SyncState; batch: Batch }> {
  const guard = guardOf(context, state)
  const batch = await readBatch(
    context.source,
    snapshot,
    state,
    context.limits,
    context.poison,
    guard,
  )
  return { state: applyBatch(context, state, batch, guard), batch }
}

function applyBatch(
  context: StepContext,
  state: SyncState,
  batch: Batch,
  guard: VectorGuard,
): SyncState {
  const { replica } = context
  const { datasetId } = state
  const readyNow = state.phase === 'catchup' && batch.lastScn >= state.readyScn
  if (batch.entries === 0 && !readyNow && batch.fingerprint === state.fingerprint) return state
  return replica.advance(state, context.lease, () => {
    let phase = readyNow ? ('live' as const) : state.phase
    for (const change of batch.changes) {
      switch (change.kind) {
        case 'upsert':
          replica.upsert(datasetId, change.scn, change.document)
          break
        case 'delete':
          replica.delete(datasetId, change.scn, change.id)
          break
        case 'drop':
          replica.deleteAll(datasetId)
          phase = 'dropped'
          break
        case 'bury':
          replica.bury(
            datasetId,
            change.entry.scn,
            change.entry.op,
            change.entry.documentId,
            change.payload,
            change.reason,
          )
          break
      }
    }
    return {
      ...state,
      phase,
      lastScn: batch.lastScn,
      fingerprint: batch.fingerprint,
      applied: state.applied + BigInt(batch.entries),
      dimension: guard.dimension,
      model: guard.model,
      upstreamId: state.upstreamId ?? batch.head.upstreamId,
      epoch: state.epoch ?? batch.head.epoch ?? null,
    }
  })
}
