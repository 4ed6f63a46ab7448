import { CLUSTERED_DIM, CLUSTERED_ROWS, ClusteredVectors, PROMISES } from './clustered.ts'

/** A table whose index is saved, and damaged. */
export interface DamageWorld {
  readonly index: string
  readonly rows: number
  readonly dim: number
  readonly vectors: (random: () => number) => () => Float32Array
}

/** By turns: the codes of the scan, or a tree. */
export const FEW_ROWS: readonly DamageWorld[] = ['brute', 'cover', 'cover, cover_bound=level'].map(
  (index): DamageWorld => {
    const dim = 4000
    const vectors = (random: () => number) => () =>
      Float32Array.from({ length: dim }, () => random() - 0.5)
    return { index, rows: 70, dim, vectors }
  },
)
/** Rows of an index that has clusters. */
export const CLUSTERED: DamageWorld = {
  index: `brute, recall=${PROMISES[0]}`,
  rows: CLUSTERED_ROWS,
  dim: CLUSTERED_DIM,
  vectors: random => {
    const vectors = new ClusteredVectors(random)
    return () => vectors.next()
  },
}
