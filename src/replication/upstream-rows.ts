import { isUtf8 } from 'node:buffer'
import { integerIn, textIn } from './answer.ts'
import { bucketOf, Checksums, flawedHash, keyOf, md5, rowHash, type HashedKey } from './checksum.ts'
import { idForMessage, Rejection } from './document.ts'
import { decodeRow, storedId, type Snapshot } from './source.ts'
import type { UpstreamRow } from './upstream-session.ts'

/** A row of the upstream as verification sees it. */
export interface UpstreamHash extends HashedKey {
  readonly id: string
  readonly stray: boolean
  readonly hash: string
  /** Why no replica can hold the row. */
  readonly flaw?: string
}

/** The database's own sums if it has md5. Otherwise every row is read and hashed here. */
export async function upstreamChecksums(
  snapshot: Snapshot,
  datasetId: string,
  deadline: number,
): Promise<Checksums> {
  const sums = new Checksums()
  const rows = await snapshot.checksums(datasetId, deadline)
  if (rows !== undefined) {
    for (const row of rows) {
      const [n, a, b] = ['n', 'sum_a', 'sum_b'].map(column => integerIn(row, column))
      sums.set(textIn(row, 'bucket'), { n, a, b })
    }
    return sums
  }
  for await (const { idHash, hash } of everyHash(snapshot, datasetId)) sums.add(idHash, hash)
  return sums
}

/** The rows in some buckets, by key. */
export async function upstreamHashes(
  snapshot: Snapshot,
  datasetId: string,
  buckets: readonly string[],
  deadline: number,
): Promise<Map<string, UpstreamHash>> {
  const hashes = new Map<string, UpstreamHash>()
  if (buckets.length === 0) return hashes
  if (snapshot.hasBuckets) {
    for (const bucket of buckets) {
      for (const row of await snapshot.bucket(datasetId, bucket, deadline)) {
        const id = textIn(row, 'id')
        const key = keyOf(id)
        hashes.set(key, { id, stray: false, key, idHash: md5(id), hash: textIn(row, 'hash') })
      }
    }
    return hashes
  }
  const wanted = new Set(buckets)
  for await (const row of everyHash(snapshot, datasetId)) {
    if (wanted.has(bucketOf(row.idHash))) hashes.set(row.key, row)
  }
  return hashes
}

/** Every row as a replica should hold it. A row that no replica can hold has a hash that equals no other. */
async function* everyHash(snapshot: Snapshot, datasetId: string): AsyncGenerator<UpstreamHash> {
  for await (const row of everyRow(snapshot, datasetId)) yield hashOf(row)
  for (const { id, flaw } of await snapshot.strays(datasetId)) {
    // Kept apart from a row whose id is this text.
    const key = `upstream \u0100 ${flaw} ${id}`
    const idHash = md5(key)
    yield { id, stray: true, key, idHash, hash: flawedHash(idHash, flaw), flaw }
  }
}

async function* everyRow(snapshot: Snapshot, datasetId: string): AsyncGenerator<UpstreamRow> {
  let cursor: string | Uint8Array | null = null
  for (;;) {
    const page: { rows: UpstreamRow[]; last: boolean } = await snapshot.page(
      datasetId,
      cursor,
      2000,
      16 * 1024 * 1024,
    )
    yield* page.rows
    if (page.last || page.rows.length === 0) return
    cursor = storedId(page.rows[page.rows.length - 1])
  }
}

function hashOf(row: UpstreamRow): UpstreamHash {
  const stored = storedId(row)
  const key = keyOf(stored)
  const idHash = md5(stored)
  const id = idForMessage(row)
  const stray = typeof stored !== 'string' && !isUtf8(stored)
  try {
    return { id, stray, key, idHash, hash: rowHash(decodeRow(row), idHash) }
  } catch (error) {
    if (!(error instanceof Rejection)) throw error
    return { id, stray, key, idHash, hash: flawedHash(idHash, error.message), flaw: error.message }
  }
}
