import { isUtf8 } from 'node:buffer'
import { inTransaction } from '../database/sqlite-connection.ts'
import { bucketOf, Checksums, flawedHash, keyOf, md5, rowHash, type HashedKey } from './checksum.ts'
import type { Replica, StoredRow } from './replica.ts'
import type { RowDifference } from './row-difference.ts'
import type { UpstreamHash } from './upstream-rows.ts'

/** A row of the replica as verification sees it. */
interface ReplicaHash extends HashedKey {
  readonly stored: Uint8Array
  readonly stray: boolean
  readonly hash: string
  /** Why a replicator would not have written the row in this form. */
  readonly flaw: string | undefined
}

/** Undefined when the replica is no longer at this SCN. */
export function replicaChecksums(
  replica: Replica,
  datasetId: string,
  scn: bigint,
): Checksums | undefined {
  return inTransaction(replica.connection, 'BEGIN', () => {
    if (replica.state(datasetId).lastScn !== scn) return undefined
    const sums = new Checksums()
    for (const { idHash, hash } of everyHash(replica, datasetId, scn)) sums.add(idHash, hash)
    return sums
  })
}

/** The rows of some buckets that differ from the upstream's; undefined when the replica is no longer at this SCN. */
export function differingRows(
  replica: Replica,
  datasetId: string,
  scn: bigint,
  buckets: readonly string[],
  upstream: ReadonlyMap<string, UpstreamHash>,
): RowDifference[] | undefined {
  if (buckets.length === 0) return []
  const wanted = new Set(buckets)
  return inTransaction(replica.connection, 'BEGIN', () => {
    if (replica.state(datasetId).lastScn !== scn) return undefined
    const differences: RowDifference[] = []
    const left = new Map(upstream)
    for (const row of everyHash(replica, datasetId, scn)) {
      if (!wanted.has(bucketOf(row.idHash))) continue
      const theirs = left.get(row.key)
      left.delete(row.key)
      const id = Buffer.from(row.stored).toString()
      if (theirs === undefined) differences.push(difference(id, 'extra', row.flaw, row.stray))
      else if (theirs.hash !== row.hash) {
        differences.push(difference(id, 'different', row.flaw ?? upstreamFlaw(theirs)))
      }
    }
    for (const row of left.values()) {
      differences.push(difference(row.id, 'missing', upstreamFlaw(row), row.stray))
    }
    return differences
  })
}

function difference(
  id: string,
  kind: RowDifference['kind'],
  reason: string | undefined,
  stray = false,
): RowDifference {
  const found: RowDifference = { id, kind, ...(reason === undefined ? {} : { reason }) }
  if (stray) strays.add(found)
  return found
}

const strays = new WeakSet<RowDifference>()

/**
 * Whether a difference concerns a stray row, which its id as text does not name. A row stored under that text may be
 * right.
 */
export const isStray = (found: RowDifference): boolean => strays.has(found)

const upstreamFlaw = ({ flaw }: UpstreamHash): string | undefined =>
  flaw === undefined ? undefined : `upstream, ${flaw}`

function* everyHash(replica: Replica, datasetId: string, scn: bigint): Generator<ReplicaHash> {
  for (const row of replica.rows(datasetId, scn)) yield hashOf(row)
  for (const { id, flaw } of replica.strays(datasetId)) {
    const stored = id ?? new Uint8Array()
    // Kept apart from a row whose id is this text.
    const key = `replica \u0100 ${flaw} ${keyOf(stored)}`
    const idHash = md5(key)
    yield { stored, stray: true, key, idHash, hash: flawedHash(idHash, flaw), flaw }
  }
}

function hashOf(row: StoredRow): ReplicaHash {
  const { id, flaw, embedding_model: embeddingModel } = row
  const idHash = md5(id)
  return {
    stored: id,
    stray: !isUtf8(id),
    key: keyOf(id),
    idHash,
    hash: flaw === null ? rowHash({ ...row, embeddingModel }, idHash) : flawedHash(idHash, flaw),
    flaw: flaw ?? undefined,
  }
}
