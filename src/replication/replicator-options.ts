import type { SqliteConnection } from '../database/sqlite-connection.ts'
import type { ModelPolicy } from './dimension-policy.ts'
import type { HaltCode } from './halt.ts'
import type { RejectionPolicy } from './step-context.ts'
import type { Upstream } from './upstream.ts'

/** Halts that a new copy of the dataset resolves. */
export type RebootstrapCode =
  | 'LOG_PRUNED'
  | 'EPOCH_CHANGED'
  | 'UPSTREAM_REWOUND'
  | 'HISTORY_DIVERGED'
  | 'LOG_GAP'

const REBOOTSTRAP: ReadonlySet<string> = new Set<RebootstrapCode>([
  'LOG_PRUNED',
  'EPOCH_CHANGED',
  'UPSTREAM_REWOUND',
  'HISTORY_DIVERGED',
  'LOG_GAP',
])

/** Throws for codes that a new copy would not resolve. */
export function rebootstrapCodes(codes: readonly RebootstrapCode[]): ReadonlySet<HaltCode> {
  for (const code of codes) {
    if (!REBOOTSTRAP.has(code)) {
      throw new RangeError(`autoRebootstrap takes ${[...REBOOTSTRAP].join(', ')}, got ${code}`)
    }
  }
  return new Set(codes)
}

export interface ReplicatorPolicy {
  /** What to do with an entry that cannot be applied: halt, or write it to the dead-letter table and copy the row. `stop` by default. */
  readonly rejected?: RejectionPolicy
  /** The former name of `rejected`, used if that is absent. */
  readonly poison?: RejectionPolicy
  /** Halt codes that are resolved by copying the dataset again. None by default. */
  readonly autoRebootstrap?: readonly RebootstrapCode[]
  /** Whether one dataset may have embeddings of two models. `warn` by default. */
  readonly model?: ModelPolicy
}

/** What to replicate, from where, to where, and how. */
export interface ReplicationOptions {
  readonly source: Upstream
  readonly replica: SqliteConnection
  /** Names, and patterns like `team-*`; all by default. */
  readonly datasets?: readonly string[]
  /** The upstream's table; `shadow_vec_docs` by default. */
  readonly shadowTable?: string
  /** The replica's table; the shadow table's name by default. A vec table `docs` reads `_vec_docs`. */
  readonly replicaTable?: string
  readonly prefix?: string
  /** Entries or rows per step; 2,000 by default. */
  readonly batchSize?: number
  /** Bytes per step; 16 MiB by default. At least one entry is read, whatever its size. */
  readonly byteBudget?: number
  readonly policy?: ReplicatorPolicy
  /** Milliseconds between passes when there is nothing to do; 200 by default. */
  readonly interval?: number
  /** Milliseconds between acknowledgements; 5,000 by default. */
  readonly ackInterval?: number
  /** Milliseconds for which a silent holder keeps the replica's lease; 15,000 by default. */
  readonly leaseDuration?: number
  /** The name of this replica in the upstream; by default it is generated and kept in the replica's file. */
  readonly replicaId?: string
}

export interface PassResult {
  /** The number of applied entries and rows. */
  readonly applied: number
  /** More was available than fitted one step: call again at once. */
  readonly more: boolean
  /** Another replicator holds the lease, so the pass did nothing. */
  readonly standby: boolean
}

export interface DatasetReport {
  readonly datasetId: string
  readonly state: 'new' | 'bootstrap' | 'catchup' | 'live' | 'dropped' | 'halted'
  readonly lastScn: bigint
  /** As of the last pass; undefined before the first. */
  readonly headScn: bigint | undefined
  readonly lagEntries: bigint | undefined
  readonly lagSeconds: number | undefined
  readonly bootCursor: string | null
  readonly applied: bigint
  readonly dimension: number | null
  readonly model: string | null
  readonly haltCode: HaltCode | undefined
  readonly haltMessage: string | undefined
  readonly updatedUs: bigint
}

export interface ReplicatorStatus {
  readonly replicaId: string
  readonly upstream: string
  readonly connected: boolean
  readonly lease:
    | { readonly owner: string; readonly mine: boolean; readonly expiresAt: number }
    | undefined
  readonly lastError: string | undefined
  readonly datasets: readonly DatasetReport[]
}
