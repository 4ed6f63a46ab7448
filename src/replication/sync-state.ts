import type { HaltCode } from './halt.ts'

/** The phase of a dataset on this replica. A halt is stored beside it, so that a halted dataset can continue in it. */
export type Phase = 'new' | 'bootstrap' | 'catchup' | 'live' | 'dropped'

/** A dataset's row in the replica's state table. */
export interface SyncState {
  readonly datasetId: string
  readonly shadowTable: string
  readonly phase: Phase
  /** The checkpoint: every change up to and including it is in the replica's rows. */
  readonly lastScn: bigint
  /** The first consistent checkpoint, during and after a bootstrap. */
  readonly readyScn: bigint
  /** The number at which the bootstrap began. */
  readonly bootScn: bigint
  /** The last copied id; null before the first. */
  readonly bootCursor: string | null
  /** Entries applied since the bootstrap. */
  readonly applied: bigint
  readonly upstreamId: string | null
  readonly epoch: string | null
  readonly fingerprint: string | null
  /** The dimension of the dataset's first row with a vector. */
  readonly dimension: number | null
  readonly model: string | null
  readonly haltCode: HaltCode | null
  readonly haltMessage: string | null
  /** Microseconds since 1970 by the replica's clock. */
  readonly updatedUs: bigint
}

export function newState(datasetId: string, shadowTable: string): SyncState {
  return {
    datasetId,
    shadowTable,
    phase: 'new',
    lastScn: 0n,
    readyScn: 0n,
    bootScn: 0n,
    bootCursor: null,
    applied: 0n,
    upstreamId: null,
    epoch: null,
    fingerprint: null,
    dimension: null,
    model: null,
    haltCode: null,
    haltMessage: null,
    updatedUs: 0n,
  }
}
