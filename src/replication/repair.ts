import { isUtf8 } from 'node:buffer'
import { inTransaction } from '../database/sqlite-connection.ts'
import { checkHead } from './checks.ts'
import { Rejection, type SyncDocument } from './document.ts'
import { isStray } from './replica-rows.ts'
import type { RowDifference } from './row-difference.ts'
import { decodeRow } from './source.ts'
import { dimensionPolicyOf, type StepContext } from './step-context.ts'
import {
  foreignDatasets,
  verifyDatasets,
  type DatasetVerification,
  type VerifyOptions,
  type VerifyReport,
} from './verify.ts'

export interface RepairReport {
  /** The state before the repair. */
  readonly before: VerifyReport
  /** The state after the repair; the same report when no row differed. */
  readonly after: VerifyReport
  readonly repaired: number
}

/**
 * Rewrites the rows that differ, and only those. Rows of a dataset that the upstream does not have may belong to
 * another program, so they are deleted only when the dataset is `named`.
 */
export async function repairDatasets(
  context: StepContext,
  wanted: (datasetId: string) => boolean,
  named: readonly string[],
  options: VerifyOptions,
): Promise<RepairReport> {
  const before = await verifyDatasets(context, wanted, options)
  if (before.equal) return { before, after: before, repaired: 0 }
  let repaired = await removeForeign(context, named)
  for (const dataset of before.datasets) repaired += await repairDataset(context, dataset)
  return { before, after: await verifyDatasets(context, wanted, options), repaired }
}

async function repairDataset(
  context: StepContext,
  { datasetId, differences, replica: { rows } }: DatasetVerification,
): Promise<number> {
  const { replica, lease } = context
  const state = replica.state(datasetId)
  let repaired = 0
  if (state.phase === 'dropped') {
    if (rows === 0) return 0
    replica.advance(state, lease, () => {
      repaired += replica.deleteAll(datasetId) + replica.removeStrays(datasetId)
      return state
    })
    return repaired
  }
  if (differences.some(isStray)) repaired += removeNameless(context, datasetId)
  const byId = differences.filter(difference => !isStray(difference))
  for (let at = 0; at < byId.length; at += 500) {
    repaired += await rewrite(context, datasetId, byId.slice(at, at + 500))
  }
  return repaired
}

/**
 * A row read at number S may overwrite any row of the replica as long as the checkpoint is not beyond S: every
 * applied change is then in the row.
 */
async function rewrite(
  context: StepContext,
  datasetId: string,
  differences: readonly RowDifference[],
): Promise<number> {
  const { source, replica, lease } = context
  lease?.acquire()
  return source.snapshot(async snapshot => {
    const head = await snapshot.head(datasetId)
    const state = replica.state(datasetId)
    checkHead(state, head)
    const rows = await snapshot.documents(
      datasetId,
      differences.map(difference => difference.id),
    )
    const policy = dimensionPolicyOf(context, state)
    let written = 0
    const usable = new Map<string, SyncDocument | undefined>()
    for (const { id } of differences) {
      const row = rows.get(id)
      try {
        const document = row === undefined ? undefined : decodeRow(row)
        if (document !== undefined) policy.check(document)
        usable.set(id, document)
      } catch (error) {
        if (!(error instanceof Rejection)) throw error
        context.warn(`row ${JSON.stringify(id)} cannot be repaired: ${error.message}`, datasetId)
      }
    }
    replica.advance(state, lease, () => {
      for (const [id, document] of usable) {
        if (document === undefined) written += replica.remove(datasetId, id)
        else {
          replica.overwrite(datasetId, head.lastScn, document)
          written++
        }
      }
      return { ...state, dimension: policy.dimension, model: policy.model }
    })
    return written
  })
}

/** Removes rows whose key is not text, or not UTF-8: no log entry can name them. */
function removeNameless({ replica, lease }: StepContext, datasetId: string): number {
  let removed = 0
  const state = replica.state(datasetId)
  replica.advance(state, lease, () => {
    const nameless: Uint8Array[] = []
    for (const { id } of replica.rows(datasetId, state.lastScn)) if (!isUtf8(id)) nameless.push(id)
    for (const id of nameless) removed += replica.removeBytes(datasetId, id)
    removed += replica.removeStrays(datasetId)
    return state
  })
  return removed
}

async function removeForeign(context: StepContext, named: readonly string[]): Promise<number> {
  if (named.length === 0) return 0
  const { source, replica, lease } = context
  const heads = await source.heads()
  let removed = 0
  for (const { datasetId, stored } of foreignDatasets(context, heads)) {
    if (!named.includes(datasetId)) continue
    removed += inTransaction(replica.connection, 'BEGIN IMMEDIATE', () => {
      lease?.assertHeld()
      // The dataset was copied from the upstream meanwhile, so it is not foreign any more.
      return replica.state(datasetId).phase === 'new' ? replica.removeDataset(stored) : 0
    })
  }
  return removed
}
