import type { SqliteConnection } from '../database/sqlite-connection.ts'
import { Replica } from './replica.ts'
import { SHADOW_TABLE, syncNames } from './sync-names.ts'
import type { SyncState } from './sync-state.ts'

/**
 * The state of a replica's datasets, read from its file alone: for monitors that open it read-only, without an
 * upstream. Empty before the first replication.
 *
 *     replicaStates(replica).map(({ datasetId, phase, lastScn }) => `${datasetId}: ${phase} at ${lastScn}`)
 */
export function replicaStates(
  replica: SqliteConnection,
  options: { readonly shadowTable?: string; readonly prefix?: string } = {},
): SyncState[] {
  const names = syncNames(options.prefix)
  const { shadowTable = SHADOW_TABLE } = options
  const found = replica
    .prepare(`SELECT count(*) AS n FROM pragma_table_info(?) WHERE name = 'halt_code'`)
    .get(names.state) as { n: number | bigint }
  return Number(found.n) === 0 ? [] : new Replica(replica, shadowTable, shadowTable, names).states()
}
