import { secondsBetween, statusOf, type Lag } from './dataset-steps.ts'
import type { ReplicatorStatus } from './replicator-options.ts'
import type { Heads, Source } from './source.ts'
import type { SyncState } from './sync-state.ts'

export function reportStatus(known: {
  replicaId: string
  source: Source
  states: readonly SyncState[]
  heads: Heads | undefined
  lags: ReadonlyMap<string, Lag>
  lease: ReplicatorStatus['lease']
  lastError: string | undefined
}): ReplicatorStatus {
  const { heads, lags } = known
  return {
    replicaId: known.replicaId,
    upstream: known.source.upstream.description,
    connected: known.source.connected,
    lease: known.lease,
    lastError: known.lastError,
    datasets: known.states.map(state => {
      const head = heads?.datasets.get(state.datasetId)
      const oldestUs = lags.get(state.datasetId)?.oldestUs
      const behind = head === undefined ? undefined : head.lastScn - state.lastScn
      return {
        datasetId: state.datasetId,
        state: statusOf(state),
        lastScn: state.lastScn,
        headScn: head?.lastScn,
        lagEntries: behind === undefined || behind > 0n ? behind : 0n,
        lagSeconds:
          head === undefined
            ? undefined
            : oldestUs === undefined
              ? 0
              : secondsBetween(oldestUs, heads!.nowUs),
        bootCursor: state.bootCursor,
        applied: state.applied,
        dimension: state.dimension,
        model: state.model,
        haltCode: state.haltCode ?? undefined,
        haltMessage: state.haltMessage ?? undefined,
        updatedUs: state.updatedUs,
      }
    }),
  }
}
