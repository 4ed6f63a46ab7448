import { name } from '../../replication/checks.ts'
import { halted } from '../../replication/halt.ts'
import type { Snapshot } from '../../replication/source.ts'
import type { SyncState } from '../../replication/sync-state.ts'

/**
 * A log with gaps cannot show that an entry appeared below the checkpoint, but a count can. If the log has more
 * entries between the bootstrap and the checkpoint than were applied, a number was published late.
 */
export async function audit(snapshot: Snapshot, state: SyncState): Promise<void> {
  const found = BigInt(await snapshot.countEntries(state.datasetId, state.bootScn, state.lastScn))
  if (found === state.applied) return
  throw halted(
    'LOG_GAP',
    `dataset ${name(state.datasetId)}: the log has ${found} entries up to ${state.lastScn}, but ${state.applied} were applied`,
    'numbers were published out of order: verify and repair, then re-bootstrap; install the v2 schema',
  )
}
