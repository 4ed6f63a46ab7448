import { stagedRows, type VectorIndex } from '../../vector-index.ts'

/**
 * Copies every position of `from`, which has its floats, to the same position of `to`, which is empty. Tombstones stay
 * tombstones.
 */
export function refill(from: VectorIndex, to: VectorIndex): void {
  const { dim, inMemoryVectors: vectors, positions } = from
  const batch = stagedRows(dim)
  for (let first = 0; first < positions; first += batch) {
    const rows = Math.min(batch, positions - first)
    const stage = to.stagingBuffer(rows)
    for (let i = 0; i < rows; i++) {
      if (from.isLive(first + i)) stage.set(vectors!.row(first + i), i * dim)
      else stage.fill(0, i * dim, (i + 1) * dim)
    }
    to.commit(rows)
    for (let i = 0; i < rows; i++) if (!from.isLive(first + i)) to.remove(first + i)
  }
}
