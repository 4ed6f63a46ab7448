import { checkHead } from './checks.ts'
import { Poison, type SyncDocument } from './document.ts'
import { decodeRow } from './source.ts'
import type { SyncState } from './sync-state.ts'
import { guardOf, type StepContext } from './tail.ts'
import {
  verifyDatasets,
  type RowDifference,
  type VerifyOptions,
  type VerifyReport,
} from './verify.ts'

export interface RepairReport {
  /** As found. */
  readonly before: VerifyReport
  /** As left behind; the same report when nothing differed. */
  readonly after: VerifyReport
  readonly repaired: number
}

/** Writes anew the rows that differ and no others. */
export async function repairDatasets(
  context: StepContext,
  states: readonly SyncState[],
  options: VerifyOptions,
): Promise<RepairReport> {
  const before = await verifyDatasets(context, states, options)
  if (before.equal) return { before, after: before, repaired: 0 }
  let repaired = 0
  for (const dataset of before.datasets) {
    for (let at = 0; at < dataset.differences.length; at += 500) {
      repaired += await rewrite(context, dataset.datasetId, dataset.differences.slice(at, at + 500))
    }
  }
  return { before, after: await verifyDatasets(context, states, options), repaired }
}

/**
 * A row read at number S may overwrite whatever the replica has, as long as the checkpoint is not beyond S: then nothing
 * the row lacks has been applied.
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
    const guard = guardOf(context, state)
    let written = 0
    const usable = new Map<string, SyncDocument | undefined>()
    for (const { id } of differences) {
      const row = rows.get(id)
      try {
        const document = row === undefined ? undefined : decodeRow(row)
        if (document !== undefined) guard.check(document)
        usable.set(id, document)
      } catch (error) {
        if (!(error instanceof Poison)) throw error
        context.warn(`row ${JSON.stringify(id)} cannot be repaired: ${error.message}`, datasetId)
      }
    }
    replica.advance(state, lease, () => {
      for (const [id, document] of usable) {
        if (document === undefined) replica.remove(datasetId, id)
        else replica.overwrite(datasetId, head.lastScn, document)
        written++
      }
      return { ...state, dimension: guard.dimension, model: guard.model }
    })
    return written
  })
}
