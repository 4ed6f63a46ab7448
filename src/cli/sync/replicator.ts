import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { VecError, type Connection } from '../../entries/main.ts'
import { createReplicator, type Replicator } from '../../entries/vecsync.ts'
import type { SyncConfig } from './config.ts'
import { openUpstream } from './drivers.ts'
import { present } from './present.ts'
import { replicaTable, withReplica } from './replica.ts'

/** Runs a task with a replicator made from the configuration, and closes it and its replica at the end. */
export async function withReplicator<R>(
  config: SyncConfig,
  how: 'create' | 'write',
  task: (replicator: Replicator, replica: Connection) => Promise<R>,
): Promise<R> {
  // Done before the replica is created, so that a wrong address or a missing driver leaves no file behind.
  const address = config.upstream()
  const source = await openUpstream(config)
  if (address.database === 'sqlite') refuseSameFile(address.target, config.replicaFile())
  return withReplica(config, how, async replica => {
    const { settings } = config
    const { model, autoRebootstrap, legacyLogName, allocatedInTransaction } = settings
    const rejected = settings.rejected ?? settings.poison
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
      policy: present({ rejected, model, autoRebootstrap }),
      legacy: present({ logName: legacyLogName, allocatedInTransaction }),
    })
    try {
      return await task(replicator, replica)
    } finally {
      await replicator.close()
    }
  })
}

/** The library detects this too, but only after it has created the replica's tables in the file. */
function refuseSameFile(upstream: string, replica: string): void {
  if (identity(upstream) !== identity(replica)) return
  throw new VecError('SYNC_REPLICA', 'the upstream and the replica are the same file', {
    hint: 'name another file as the replica',
  })
}

function identity(path: string): string {
  try {
    const { dev, ino } = statSync(path, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return resolve(path)
  }
}
