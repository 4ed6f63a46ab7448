import { existsSync } from 'node:fs'
import { doubleQuoted } from '../../core/quote.ts'
import { open, type Connection } from '../../entries/main.ts'
import { shadowTableName } from '../../entries/vec.ts'
import { CliError } from '../cli-error.ts'
import type { SyncConfig } from './config.ts'

const DEFAULT_TABLE = 'docs'

/** The ordinary table that replication fills. */
export function replicaTable({ settings }: SyncConfig): string {
  return settings.replicaTable ?? shadowTableName(settings.table ?? DEFAULT_TABLE)
}

/** Opens the configured replica, runs `task`, and closes the replica in any case. */
export async function withReplica<R>(
  config: SyncConfig,
  how: 'create' | 'write' | 'read',
  task: (replica: Connection) => Promise<R>,
): Promise<R> {
  const file = config.replicaFile()
  if (how !== 'create' && !existsSync(file)) {
    throw new CliError('CLI_FILE', `the replica ${file} does not exist`, {
      hint: 'svec sync once creates and fills it',
    })
  }
  const replica = await open(file, { create: how === 'create', readonly: how === 'read' })
  try {
    if (how === 'create') makeVecTable(replica, config)
    return await task(replica)
  } finally {
    replica.close()
  }
}

/** An existing table is used as it is, with its own metric and options. */
function makeVecTable(replica: Connection, { settings }: SyncConfig): void {
  if (settings.replicaTable !== undefined) return
  const name = doubleQuoted(settings.table ?? DEFAULT_TABLE)
  replica.exec(`CREATE VIRTUAL TABLE IF NOT EXISTS ${name} USING vec(doc_id)`)
}
