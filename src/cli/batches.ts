import type { Document } from './sources/document.ts'

/** A batch is a transaction, and what Ctrl-C waits for: however long the vectors, it is not larger than this. */
const MAX_BYTES = 2 ** 28

/** The same documents in portions of `rows`, or of MAX_BYTES where that is less. */
export async function* batchesOf(
  documents: AsyncIterable<readonly Document[]>,
  rows: number,
): AsyncGenerator<readonly Document[]> {
  let batch: Document[] = []
  let bytes = 0
  for await (const portion of documents) {
    for (const document of portion) {
      batch.push(document)
      bytes += (document.embedding?.length ?? 0) + (document.content?.length ?? 0)
      bytes += document.meta?.length ?? 0
      if (batch.length < rows && bytes < MAX_BYTES) continue
      yield batch
      batch = []
      bytes = 0
    }
  }
  if (batch.length > 0) yield batch
}
