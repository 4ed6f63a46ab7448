import { checkEntries, checkHead, checkSparseEntries, name } from './checks.ts'
import type { DimensionPolicy } from './dimension-policy.ts'
import { documentFromPayload, Rejection, type SyncDocument } from './document.ts'
import { halted } from './halt.ts'
import { fingerprint, type EntryHead } from './log-entry.ts'
import { decodeRow, type Head, type Snapshot } from './source.ts'
import type { BatchLimits, RejectionPolicy, StepContext } from './step-context.ts'
import type { SyncState } from './sync-state.ts'

/** What an entry does to the replica. `scn` is the number that a row will carry. */
export type Change =
  | { readonly kind: 'upsert'; readonly scn: bigint; readonly document: SyncDocument }
  | { readonly kind: 'delete'; readonly scn: bigint; readonly id: string }
  | { readonly kind: 'drop'; readonly scn: bigint }
  | {
      readonly kind: 'dead-letter'
      readonly entry: EntryHead
      readonly payload: Uint8Array | string | null
      readonly reason: string
    }

export interface Batch {
  readonly head: Head
  readonly changes: readonly Change[]
  /** The checkpoint after this batch. */
  readonly lastScn: bigint
  readonly fingerprint: string | null
  readonly entries: number
  /** When the oldest entry after this batch was written, by the upstream's clock. */
  readonly oldestUs: bigint | undefined
}

/** Reads, checks and decodes the entries after the checkpoint: at least one, then as many as the limits allow. */
export async function readBatch(
  { source, limits, rejected }: StepContext,
  snapshot: Snapshot,
  state: SyncState,
  policy: DimensionPolicy,
): Promise<Batch> {
  const { datasetId } = state
  const head = await snapshot.head(datasetId)
  checkHead(state, head)
  // Two more than requested: the checkpoint's own entry comes first, and the first entry after the batch tells the
  // lag.
  const found = await snapshot.sizes(datasetId, state.lastScn, limits.entries + 2)
  const complete = found.length < limits.entries + 2
  const news =
    source.sparse !== undefined
      ? checkSparseEntries(state, head, found)
      : checkEntries(state, head, found, complete)
  const taken = withinBudget(news, limits)
  const changes = await decode(snapshot, state, head, taken, limits.bytes, rejected, policy)
  const last = taken.at(changes.taken - 1)
  const left = news[changes.taken]
  return {
    head,
    changes: changes.changes,
    lastScn: changes.taken === 0 || last === undefined ? state.lastScn : last.scn,
    fingerprint:
      changes.taken === 0 || last === undefined
        ? (state.fingerprint ?? fingerprintAt(found, state.lastScn))
        : fingerprint(last),
    entries: changes.taken,
    oldestUs: left?.createdUs,
  }
}

function fingerprintAt(found: readonly EntryHead[], scn: bigint): string | null {
  return found.length > 0 && found[0].scn === scn ? fingerprint(found[0]) : null
}

function withinBudget(entries: readonly EntryHead[], limits: BatchLimits): EntryHead[] {
  const taken: EntryHead[] = []
  let bytes = 0
  for (const entry of entries) {
    if (limits.upTo !== undefined && entry.scn > limits.upTo) break
    bytes += entry.size
    if (taken.length > 0 && (bytes > limits.bytes || taken.length >= limits.entries)) break
    taken.push(entry)
  }
  return taken
}

const carries = (entry: EntryHead): boolean => entry.op !== 'delete' && entry.op !== 'drop'

/** Rows that entries only refer to are read one by one. They end the batch when they fill it. */
async function decode(
  snapshot: Snapshot,
  state: SyncState,
  head: Head,
  entries: readonly EntryHead[],
  byteBudget: number,
  rejected: RejectionPolicy,
  policy: DimensionPolicy,
): Promise<{ changes: Change[]; taken: number }> {
  const { datasetId } = state
  const first = entries.find(carries)
  const payloads =
    first === undefined
      ? new Map<bigint, Uint8Array | string>()
      : await snapshot.payloads(datasetId, first.scn, entries[entries.length - 1].scn)
  const changes: Change[] = []
  let taken = 0
  let referred = 0
  for (const entry of entries) {
    const payload = payloads.get(entry.scn)
    try {
      const change = await decodeEntry(snapshot, datasetId, entry, payload, policy)
      if (change !== undefined) changes.push(change.change)
      referred += change?.bytes ?? 0
    } catch (error) {
      if (!(error instanceof Rejection)) throw error
      const reason = `entry ${entry.scn} of dataset ${name(datasetId)} (${entry.op} ${JSON.stringify(entry.documentId)}): ${error.message}`
      if (rejected === 'stop') {
        throw halted('POISON_ENTRY', reason, `fix it upstream, or use policy 'dead-letter'`)
      }
      changes.push({ kind: 'dead-letter', entry, payload: payload ?? null, reason })
      const row = await refetched(snapshot, datasetId, entry.documentId, head.lastScn, policy)
      if (row !== undefined) changes.push(row)
    }
    taken++
    if (referred > byteBudget) break
  }
  return { changes, taken }
}

async function decodeEntry(
  snapshot: Snapshot,
  datasetId: string,
  entry: EntryHead,
  payload: Uint8Array | string | undefined,
  policy: DimensionPolicy,
): Promise<{ change: Change; bytes: number } | undefined> {
  const { scn, documentId, flaw } = entry
  if (flaw !== undefined) throw new Rejection(flaw)
  switch (entry.op) {
    case 'delete':
      return { change: { kind: 'delete', scn, id: documentId }, bytes: 0 }
    case 'drop':
      return { change: { kind: 'drop', scn }, bytes: 0 }
    case 'insert':
    case 'update': {
      if (payload === undefined) throw new Rejection('the payload is missing')
      const document = documentFromPayload(payload, datasetId, documentId)
      if (document !== undefined) {
        policy.check(document)
        return { change: { kind: 'upsert', scn, document }, bytes: 0 }
      }
      // If the row has changed since, a later entry follows. If it was deleted, its delete follows.
      const row = (await snapshot.documents(datasetId, [documentId])).get(documentId)
      if (row === undefined) return undefined
      const referred = decodeRow(row)
      policy.check(referred)
      return { change: { kind: 'upsert', scn, document: referred }, bytes: sizeOf(referred) }
    }
    default:
      throw new Rejection(`unknown operation ${JSON.stringify(entry.op)}`)
  }
}

/** The current row, in place of an entry that cannot be read; undefined when the row cannot be used either. */
async function refetched(
  snapshot: Snapshot,
  datasetId: string,
  id: string,
  scn: bigint,
  policy: DimensionPolicy,
): Promise<Change | undefined> {
  const row = (await snapshot.documents(datasetId, [id])).get(id)
  if (row === undefined) return { kind: 'delete', scn, id }
  try {
    const document = decodeRow(row)
    policy.check(document)
    return { kind: 'upsert', scn, document }
  } catch (error) {
    if (error instanceof Rejection) return undefined
    throw error
  }
}

function sizeOf(document: SyncDocument): number {
  const { content, meta, embedding } = document
  return (content?.length ?? 0) + (meta?.length ?? 0) + (embedding?.length ?? 0)
}
