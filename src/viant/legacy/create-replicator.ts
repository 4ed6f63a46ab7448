import type { ReplicationOptions } from '../../replication/replicator-options.ts'
import { Replicator } from '../../replication/replicator.ts'
import { openLegacy, type LegacyOptions } from './open-legacy.ts'

/** The original's `Config`: what to replicate, from where, to where, and how. */
export interface ReplicatorOptions extends ReplicationOptions {
  /** 'legacy' follows a log written by the original's triggers. docs/sync.md lists what that cannot promise. */
  readonly profile?: 'v2' | 'legacy'
  readonly legacy?: LegacyOptions
}

/**
 * Creates a replicator, which keeps a SQLite replica equal to an upstream. Throws TypeError and RangeError for invalid
 * options.
 *
 *     const replicator = createReplicator({ source: upstream, replica: db, replicaTable: '_vec_docs' })
 *     await replicator.follow(signal)
 */
export function createReplicator(options: ReplicatorOptions): Replicator {
  const { profile, legacy = {} } = options
  if (profile !== 'legacy') return new Replicator(options)
  return new Replicator(options, source => openLegacy(source, legacy))
}
