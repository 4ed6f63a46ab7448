import type { HaltCode } from '../core/errors.ts'
import type { SqliteConnection } from '../database/sqlite-connection.ts'
import { secondsBetween, statusOf } from './dataset-steps.ts'
import { withSource, type DatasetOptions } from './datasets.ts'
import type { DatasetStatus } from './events.ts'
import { datasetFilter } from './patterns.ts'
import { replicaStates } from './replica-states.ts'
import { newState } from './sync-state.ts'
import type { Upstream } from './upstream.ts'

export interface DatasetLag {
  readonly datasetId: string
  readonly state: DatasetStatus
  readonly lastScn: bigint
  /** Undefined when the dataset is not in the upstream. */
  readonly headScn: bigint | undefined
  /** Changes that the replica lacks. */
  readonly entries: bigint | undefined
  /** The age of the oldest of them by the upstream's clock; undefined when it was pruned. */
  readonly seconds: number | undefined
  readonly haltCode: HaltCode | undefined
  readonly haltMessage: string | undefined
}

/**
 * How far a replica is behind. Any process may ask: both sides are only read. The result includes datasets that the
 * replica has not seen yet.
 *
 *     const [{ datasetId, entries, seconds }] = await replicationLag(upstream, replica)
 */
export function replicationLag(
  upstream: Upstream,
  replica: SqliteConnection,
  options: DatasetOptions & { readonly datasets?: readonly string[] } = {},
): Promise<DatasetLag[]> {
  return withSource(upstream, options, async source => {
    const wanted = datasetFilter(options.datasets ?? ['*'])
    const heads = await source.heads()
    // Read after the heads: changes that the replica applied meanwhile do not count as lag.
    const states = new Map(
      replicaStates(replica, options).map(state => [state.datasetId, state] as const),
    )
    for (const [datasetId, head] of heads.datasets) {
      if (!states.has(datasetId) && !head.deleted) {
        states.set(datasetId, newState(datasetId, source.shadowTable))
      }
    }
    const lags: DatasetLag[] = []
    for (const state of states.values()) {
      const { datasetId, lastScn } = state
      if (!wanted(datasetId)) continue
      const headScn = heads.datasets.get(datasetId)?.lastScn
      const behind = headScn === undefined ? undefined : headScn - lastScn
      const isBehind = behind !== undefined && behind > 0n && state.phase !== 'dropped'
      const [oldest] = isBehind
        ? await source.snapshot(snapshot => snapshot.sizes(datasetId, lastScn + 1n, 1))
        : []
      lags.push({
        datasetId,
        state: statusOf(state),
        lastScn,
        headScn,
        entries: behind === undefined || isBehind ? behind : 0n,
        seconds:
          oldest === undefined
            ? isBehind || headScn === undefined
              ? undefined
              : 0
            : secondsBetween(oldest.createdUs, heads.nowUs),
        haltCode: state.haltCode ?? undefined,
        haltMessage: state.haltMessage ?? undefined,
      })
    }
    return lags.toSorted((a, b) => (a.datasetId < b.datasetId ? -1 : 1))
  })
}
