import type { Connection } from '../../main.ts'
import { createReplicator, type Replicator } from '../../vecsync.ts'
import type { SyncConfig } from './config.ts'
import { openUpstream } from './drivers.ts'
import { present } from './present.ts'
import { replicaTable, withReplica } from './replica.ts'

/** A replicator made from the configuration; it and its replica are closed at the end. */
export async function withReplicator<R>(
  config: SyncConfig,
  how: 'create' | 'write',
  task: (replicator: Replicator, replica: Connection) => Promise<R>,
): Promise<R> {
  // Before the replica is made: a mistake in the address, or a missing driver, leaves no file behind.
  const source = await openUpstream(config.upstream(), config.deadline)
  return withReplica(config, how, async replica => {
    const { settings } = config
    const { poison, model, autoRebootstrap, legacyLogName, allocatedInTransaction } = settings
    const replicator = createReplicator({
      source,
      replica,
      replicaTable: replicaTable(config),
      ...config.names,
      ...present({
        datasets: settings.datasets,
        replicaId: settings.replicaId,
        batchSize: settings.batchSize,
        byteBudget: settings.byteBudget,
        interval: settings.interval,
        profile: settings.profile,
      }),
      policy: present({ poison, model, autoRebootstrap }),
      legacy: present({ logName: legacyLogName, allocatedInTransaction }),
    })
    try {
      return await task(replicator, replica)
    } finally {
      await replicator.close()
    }
  })
}
