import { readBatch, type Batch } from './batch.ts'
import type { DimensionPolicy } from './dimension-policy.ts'
import type { Snapshot } from './source.ts'
import { dimensionPolicyOf, type StepContext } from './step-context.ts'
import type { SyncState } from './sync-state.ts'

/** Applies one batch of the log, read in one snapshot, in one transaction. */
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
  const policy = dimensionPolicyOf(context, state)
  const batch = await readBatch(context, snapshot, state, policy)
  return { state: applyBatch(context, state, batch, policy), batch }
}

function applyBatch(
  context: StepContext,
  state: SyncState,
  batch: Batch,
  policy: DimensionPolicy,
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
        case 'dead-letter':
          replica.deadLetter(datasetId, change.entry, change.payload, change.reason)
          break
      }
    }
    return {
      ...state,
      phase,
      lastScn: batch.lastScn,
      fingerprint: batch.fingerprint,
      applied: state.applied + BigInt(batch.entries),
      dimension: policy.dimension,
      model: policy.model,
      upstreamId: state.upstreamId ?? batch.head.upstreamId,
      epoch: state.epoch ?? batch.head.epoch ?? null,
    }
  })
}
