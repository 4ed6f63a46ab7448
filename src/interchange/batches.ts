import type { Document, Portion } from './document.ts'

/**
 * The maximum size of a batch. A batch is a transaction, and Ctrl-C waits for its end. It is not much larger than
 * this, however long the vectors are.
 */
const MAX_BYTES = 2 ** 27

/** Documents that are stored together. */
export type Batch = readonly Portion[]

/** The same documents in batches of `rows`, or of MAX_BYTES if that is less. */
export async function* batchesOf(
  portions: AsyncIterable<Portion>,
  rows: number,
): AsyncGenerator<Batch> {
  let batch: Portion[] = []
  let length = 0
  let bytes = 0
  for await (const portion of portions) {
    for (let from = 0; from < portion.length;) {
      const to = Math.min(portion.length, from + rows - length)
      const part = from === 0 && to === portion.length ? portion : portion.slice(from, to)
      batch.push(part)
      length += to - from
      bytes += bytesOf(part)
      from = to
      if (length < rows && bytes < MAX_BYTES) continue
      yield batch
      batch = []
      length = 0
      bytes = 0
    }
  }
  if (length > 0) yield batch
}

export function lengthOf(batch: Batch): number {
  return batch.reduce((sum, portion) => sum + portion.length, 0)
}

export function* documentsOf(batch: Batch): Generator<Document> {
  for (const portion of batch) yield* portion
}

/** An estimate of the bytes: the first documents of a portion represent the others. */
function bytesOf(portion: Portion): number {
  const SAMPLE = 20
  let bytes = 0
  for (const { embedding, content, meta, columns = [] } of portion.slice(0, SAMPLE)) {
    bytes += (embedding?.length ?? 0) + (content?.length ?? 0) + (meta?.length ?? 0)
    for (const value of columns) {
      if (typeof value === 'string' || value instanceof Uint8Array) bytes += value.length
    }
  }
  return (bytes / Math.min(SAMPLE, portion.length)) * portion.length
}
