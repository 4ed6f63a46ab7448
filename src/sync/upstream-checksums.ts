import { integerIn, textIn } from './answer.ts'
import { bucketOf, Checksums, md5, rowHash } from './checksum.ts'
import type { Snapshot } from './source.ts'
import type { UpstreamRow } from './upstream.ts'

/** The database's own sums where it has md5; else every row is read and hashed here. */
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
  for await (const row of everyRow(snapshot, datasetId)) {
    const idHash = md5(String(row['id']))
    sums.add(idHash, hashOf(row, idHash))
  }
  return sums
}

/** Hashes by id of the rows in some buckets. */
export async function upstreamHashes(
  snapshot: Snapshot,
  datasetId: string,
  buckets: readonly string[],
  deadline: number,
): Promise<Map<string, string>> {
  const hashes = new Map<string, string>()
  if (snapshot.hasBuckets) {
    for (const bucket of buckets) {
      for (const row of await snapshot.bucket(datasetId, bucket, deadline)) {
        hashes.set(textIn(row, 'id'), textIn(row, 'hash'))
      }
    }
    return hashes
  }
  const wanted = new Set(buckets)
  for await (const row of everyRow(snapshot, datasetId)) {
    const idHash = md5(String(row['id']))
    if (wanted.has(bucketOf(idHash))) hashes.set(String(row['id']), hashOf(row, idHash))
  }
  return hashes
}

async function* everyRow(snapshot: Snapshot, datasetId: string): AsyncGenerator<UpstreamRow> {
  let cursor: string | null = null
  for (;;) {
    const page: { rows: UpstreamRow[]; last: boolean } = await snapshot.page(
      datasetId,
      cursor,
      2000,
      16 * 1024 * 1024,
    )
    yield* page.rows
    if (page.last || page.rows.length === 0) return
    cursor = String(page.rows[page.rows.length - 1]['id'])
  }
}

function hashOf(row: UpstreamRow, idHash: string): string {
  return rowHash(
    {
      id: String(row['id']),
      content: row['content'] as string | null,
      meta: row['meta'] as string | null,
      embedding: row['embedding'] as Uint8Array | null,
      embeddingModel: row['embedding_model'] as string | null,
      archived: row['archived'] as number,
    },
    idHash,
  )
}
