import { VecError } from '../core/errors.ts'
import { inTransaction } from '../database/sqlite-connection.ts'
import { checkHead } from './checks.ts'
import { pause } from './deadline.ts'
import { differingRows, replicaChecksums } from './replica-rows.ts'
import type { RowDifference } from './row-difference.ts'
import type { Heads } from './source.ts'
import type { StepContext } from './step-context.ts'
import { newState, type SyncState } from './sync-state.ts'
import { tailStep } from './tail.ts'
import { upstreamChecksums, upstreamHashes } from './upstream-rows.ts'

export interface VerifyOptions {
  readonly datasets?: readonly string[]
  /** Milliseconds that the upstream may take for its sums; ten minutes by default. */
  readonly deadline?: number
  /** Milliseconds to wait for a replica that another process writes to reach the SCN; 30,000 by default. */
  readonly patience?: number
}

export interface DatasetVerification {
  readonly datasetId: string
  /** The change at which both sides were compared. */
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

/**
 * Compares datasets that the replica knows, and lists those that only one side has: datasets of the upstream that
 * were not copied yet, and rows under a name that the upstream does not have.
 */
export async function verifyDatasets(
  context: StepContext,
  wanted: (datasetId: string) => boolean,
  options: VerifyOptions,
): Promise<VerifyReport> {
  const datasets: DatasetVerification[] = []
  const states = context.replica.states().filter(state => wanted(state.datasetId))
  for (const state of states) datasets.push(await verifyDataset(context, state, options))
  const heads = await context.source.heads()
  const known = new Set(context.replica.states().map(state => state.datasetId))
  for (const [datasetId, { deleted }] of heads.datasets) {
    if (wanted(datasetId) && !known.has(datasetId) && !deleted) {
      datasets.push(skipped(newState(datasetId, context.source.shadowTable), 'not copied yet'))
    }
  }
  for (const { datasetId, rows } of foreignDatasets(context, heads)) {
    if (!wanted(datasetId)) continue
    const reason = `the dataset is not in the upstream, but ${rows} of its rows are here`
    datasets.push({
      ...skipped(newState(datasetId, context.source.shadowTable), reason),
      replica: { rows, checksum: '' },
    })
  }
  return { equal: datasets.every(dataset => dataset.equal), datasets }
}

/** Rows in the replica's table whose dataset neither the checkpoints nor the upstream know. */
export function foreignDatasets(
  { replica }: StepContext,
  heads: Heads,
): { readonly datasetId: string; readonly stored: Uint8Array; readonly rows: number }[] {
  return inTransaction(replica.connection, 'BEGIN', () => {
    const known = new Set(replica.states().map(state => state.datasetId))
    return replica
      .datasets()
      .map(({ stored, rows }) => ({ datasetId: Buffer.from(stored).toString(), stored, rows }))
      .filter(
        ({ datasetId }) =>
          !known.has(datasetId) && heads.datasets.get(datasetId)?.deleted !== false,
      )
  })
}

async function verifyDataset(
  context: StepContext,
  state: SyncState,
  options: VerifyOptions,
): Promise<DatasetVerification> {
  if (state.phase === 'dropped') return verifyDropped(context, state)
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
        { hint: 'verify while nothing writes, or call the running replicator' },
      )
    }
  }
}

/** A dropped dataset is equal if it is gone on both sides. */
async function verifyDropped(
  { source, replica }: StepContext,
  state: SyncState,
): Promise<DatasetVerification> {
  const { datasetId } = state
  const head = await source.snapshot(snapshot => snapshot.head(datasetId))
  if (head.epoch !== undefined && !head.deleted && head.epoch !== state.epoch) {
    return skipped(state, 'dropped here, re-created upstream')
  }
  const left = replica.countAll(datasetId)
  if (left === 0) return { ...skipped(state, 'dropped'), equal: true }
  return {
    ...skipped(state, `dropped, but ${left} of its rows are still here`),
    replica: { rows: left, checksum: '' },
  }
}

function whyNot(state: SyncState): string | undefined {
  if (state.haltCode !== null) return `halted: ${state.haltCode}`
  return state.phase === 'live' || state.phase === 'catchup' ? undefined : state.phase
}

/** Uses a second connection, whose snapshot stays open while the replica is brought to the snapshot's SCN. */
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
      await source.sparse?.audit(snapshot, replica.state(datasetId))
      const upstream = await upstreamChecksums(snapshot, datasetId, deadline)
      const local = replicaChecksums(replica, datasetId, scn)
      if (local === undefined) return undefined
      const buckets = upstream.differing(local)
      const rows = await upstreamHashes(snapshot, datasetId, buckets, deadline)
      const differences = differingRows(replica, datasetId, scn, buckets, rows)
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

/**
 * Brings the replica to the SCN. With the lease, it applies batches that end there. Without it, it waits for that
 * moment.
 */
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

function skipped(state: SyncState, reason: string): DatasetVerification {
  const none = { rows: 0, checksum: '' }
  return {
    datasetId: state.datasetId,
    scn: state.lastScn,
    equal: false,
    upstream: none,
    replica: none,
    differences: [],
    skipped: reason,
  }
}
