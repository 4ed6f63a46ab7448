import { checkHead, checkIdentity, name } from './checks.ts'
import { idForMessage, idFromRow, Rejection, type SyncDocument } from './document.ts'
import { halted } from './halt.ts'
import { fingerprint } from './log-entry.ts'
import { decodeRow } from './source.ts'
import { dimensionPolicyOf, type StepContext } from './step-context.ts'
import type { SyncState } from './sync-state.ts'
import type { UpstreamRow } from './upstream-session.ts'

/**
 * A bootstrap copies rows page by page, each page in its own snapshot, and then follows the log from the number at
 * which it began. A row read at number S carries S, so entries up to S cannot undo it. Rows that the cursor missed
 * are in the log. An interrupted bootstrap continues at its cursor. Rows of an earlier copy stay searchable until the
 * end and are then swept.
 */
export async function beginBootstrap(context: StepContext, state: SyncState): Promise<SyncState> {
  const { datasetId } = state
  return context.source.snapshot(async snapshot => {
    const head = await snapshot.head(datasetId)
    checkIdentity({ ...state, upstreamId: null }, head)
    if (head.epoch === undefined || head.deleted) return state
    const [checkpoint] = await snapshot.sizes(datasetId, head.lastScn, 1)
    return context.replica.advance(state, context.lease, () => {
      context.replica.markStale(datasetId)
      return {
        ...state,
        phase: 'bootstrap',
        lastScn: head.lastScn,
        readyScn: head.lastScn,
        bootScn: head.lastScn,
        bootCursor: null,
        applied: 0n,
        upstreamId: head.upstreamId,
        epoch: head.epoch ?? null,
        fingerprint: checkpoint?.scn === head.lastScn ? fingerprint(checkpoint) : null,
        dimension: null,
        model: null,
        haltCode: null,
        haltMessage: null,
      }
    })
  })
}

/** Copies one page. */
export async function bootstrapStep(
  context: StepContext,
  state: SyncState,
): Promise<{ state: SyncState; rows: number }> {
  const { replica, limits } = context
  const { datasetId } = state
  return context.source.snapshot(async snapshot => {
    const head = await snapshot.head(datasetId)
    checkHead(state, head)
    const policy = dimensionPolicyOf(context, state)
    const { rows, last } = await snapshot.page(
      datasetId,
      state.bootCursor,
      limits.entries,
      limits.bytes,
    )
    const documents: SyncDocument[] = []
    const deadLetters: { id: string; reason: string }[] = []
    const refuse = (id: string, why: string): void => {
      const reason = `row ${JSON.stringify(id)} of dataset ${name(datasetId)}: ${why}`
      if (context.rejected === 'stop') throw halted('POISON_ENTRY', reason, FIX_OR_DEAD_LETTER)
      deadLetters.push({ id, reason })
    }
    for (const row of rows) {
      try {
        const document = decodeRow(row)
        policy.check(document)
        documents.push(document)
      } catch (error) {
        if (!(error instanceof Rejection)) throw error
        refuse(idForMessage(row), error.message)
        // The copy continues after its last id. An id that is not UTF-8 does not have a place in that order.
        if (!isReadable(row)) throw halted('POISON_ENTRY', deadLetters.at(-1)!.reason, FIX)
      }
    }
    for (const { id, flaw } of last ? await snapshot.strays(datasetId) : []) refuse(id, flaw)
    const next = replica.advance(state, context.lease, () => {
      for (const document of documents) replica.upsert(datasetId, head.lastScn, document)
      for (const { id, reason } of deadLetters) {
        const entry = { scn: head.lastScn, op: 'row', documentId: id }
        replica.deadLetter(datasetId, entry, null, reason)
      }
      if (last) replica.sweepStale(datasetId)
      const readyScn = head.lastScn > state.readyScn ? head.lastScn : state.readyScn
      const copied = rows.at(-1)
      return {
        ...state,
        phase: !last ? 'bootstrap' : state.lastScn >= readyScn ? 'live' : 'catchup',
        readyScn,
        bootCursor: copied === undefined ? state.bootCursor : idFromRow(copied),
        dimension: policy.dimension,
        model: policy.model,
      }
    })
    return { state: next, rows: rows.length }
  })
}

const FIX = 'fix it upstream'
const FIX_OR_DEAD_LETTER = `${FIX}, or use policy 'dead-letter'`

function isReadable(row: UpstreamRow): boolean {
  try {
    idFromRow(row)
    return true
  } catch {
    return false
  }
}
