import { VecError } from '../errors.ts'
import { checkHead } from './checks.ts'
import { Checksums, bucketOf, md5, rowHash } from './checksum.ts'
import { inTransaction } from './connection.ts'
import { pause } from './deadline.ts'
import { audit } from './legacy/audit.ts'
import type { Replica } from './replica.ts'
import type { Snapshot } from './source.ts'
import type { SyncState } from './sync-state.ts'
import { tailStep, type StepContext } from './tail.ts'
import { upstreamChecksums, upstreamHashes } from './upstream-checksums.ts'

export interface VerifyOptions {
  readonly datasets?: readonly string[]
  /** Milliseconds the upstream may take for its sums; ten minutes by default. */
  readonly deadline?: number
  /** Milliseconds to wait for a replica that another process writes to reach the SCN; 30,000 by default. */
  readonly patience?: number
}

export interface RowDifference {
  readonly id: string
  readonly kind: 'missing' | 'extra' | 'different'
}

export interface DatasetVerification {
  readonly datasetId: string
  /** Both sides were compared at this change. */
  readonly scn: bigint
  readonly equal: boolean
  readonly upstream: { readonly rows: number; readonly checksum: string }
  readonly replica: { readonly rows: number; readonly checksum: string }
  readonly differences: readonly RowDifference[]
  /** Why the dataset was not compared. */
  readonly skipped?: string
}

export interface VerifyReport {
  readonly equal: boolean
  readonly datasets: readonly DatasetVerification[]
}

export async function verifyDatasets(
  context: StepContext,
  states: readonly SyncState[],
  options: VerifyOptions,
): Promise<VerifyReport> {
  const datasets: DatasetVerification[] = []
  for (const state of states) datasets.push(await verifyDataset(context, state, options))
  return { equal: datasets.every(dataset => dataset.equal), datasets }
}

async function verifyDataset(
  context: StepContext,
  state: SyncState,
  options: VerifyOptions,
): Promise<DatasetVerification> {
  const reason = whyNot(state)
  if (reason !== undefined) return skipped(state, reason)
  const end = performance.now() + (options.patience ?? 30_000)
  for (;;) {
    const result = await attempt(context, state.datasetId, options, end)
    if (result !== undefined) return result
    if (performance.now() >= end) {
      throw new VecError(
        'SYNC_LEASE',
        `dataset ${JSON.stringify(state.datasetId)}: another replicator keeps moving the replica`,
        { hint: 'verify in a quiet moment, or ask the replicator that runs' },
      )
    }
  }
}

function whyNot(state: SyncState): string | undefined {
  if (state.haltCode !== null) return `halted: ${state.haltCode}`
  return state.phase === 'live' || state.phase === 'catchup' ? undefined : state.phase
}

/** On a connection of its own: its snapshot stays open while the replica is brought to the snapshot's SCN. */
async function attempt(
  context: StepContext,
  datasetId: string,
  options: VerifyOptions,
  end: number,
): Promise<DatasetVerification | undefined> {
  const { source, replica } = context
  const deadline = options.deadline ?? 600_000
  const session = await source.connect()
  try {
    return await source.snapshotOn(session, async snapshot => {
      const head = await snapshot.head(datasetId)
      const state = replica.state(datasetId)
      checkHead(state, head)
      const scn = head.lastScn
      if (!(await broughtTo(context, datasetId, scn, end))) return undefined
      if (source.sparse) await audit(snapshot, replica.state(datasetId))
      const upstream = await upstreamChecksums(snapshot, datasetId, deadline)
      const local = replicaChecksums(replica, datasetId, scn)
      if (local === undefined) return undefined
      const buckets = upstream.differing(local)
      const differences = await bisect(snapshot, replica, datasetId, scn, buckets, deadline)
      if (differences === undefined) return undefined
      return {
        datasetId,
        scn,
        equal: buckets.length === 0,
        upstream: upstream.total(),
        replica: local.total(),
        differences,
      }
    })
  } finally {
    await session.close()
  }
}

/** Ours to move: by batches that end at the SCN. Somebody else's: by waiting for the moment. */
async function broughtTo(
  context: StepContext,
  datasetId: string,
  scn: bigint,
  end: number,
): Promise<boolean> {
  const { replica, lease } = context
  for (;;) {
    const state = replica.state(datasetId)
    if (state.lastScn === scn) return true
    if (state.lastScn > scn) return false
    if (lease?.acquire() === false) {
      if (performance.now() >= end) return false
      await pause(5)
      continue
    }
    await tailStep({ ...context, limits: { ...context.limits, upTo: scn } }, state)
  }
}

/** undefined when the replica is no longer at this SCN. */
function replicaChecksums(replica: Replica, datasetId: string, scn: bigint): Checksums | undefined {
  return inTransaction(replica.connection, 'BEGIN', () => {
    if (replica.state(datasetId).lastScn !== scn) return undefined
    const sums = new Checksums()
    for (const row of replica.rows(datasetId)) {
      const idHash = md5(row.id)
      sums.add(idHash, rowHash({ ...row, embeddingModel: row.embedding_model }, idHash))
    }
    return sums
  })
}

async function bisect(
  snapshot: Snapshot,
  replica: Replica,
  datasetId: string,
  scn: bigint,
  buckets: readonly string[],
  deadline: number,
): Promise<RowDifference[] | undefined> {
  if (buckets.length === 0) return []
  const upstream = await upstreamHashes(snapshot, datasetId, buckets, deadline)
  const wanted = new Set(buckets)
  return inTransaction(replica.connection, 'BEGIN', () => {
    if (replica.state(datasetId).lastScn !== scn) return undefined
    const differences: RowDifference[] = []
    const left = new Map(upstream)
    for (const row of replica.rows(datasetId)) {
      const idHash = md5(row.id)
      if (!wanted.has(bucketOf(idHash))) continue
      const theirs = left.get(row.id)
      left.delete(row.id)
      if (theirs === undefined) differences.push({ id: row.id, kind: 'extra' })
      else if (theirs !== rowHash({ ...row, embeddingModel: row.embedding_model }, idHash)) {
        differences.push({ id: row.id, kind: 'different' })
      }
    }
    for (const id of left.keys()) differences.push({ id, kind: 'missing' })
    return differences
  })
}

function skipped(state: SyncState, reason: string): DatasetVerification {
  const none = { rows: 0, checksum: '' }
  return {
    datasetId: state.datasetId,
    scn: state.lastScn,
    equal: state.phase === 'dropped',
    upstream: none,
    replica: none,
    differences: [],
    skipped: reason,
  }
}
