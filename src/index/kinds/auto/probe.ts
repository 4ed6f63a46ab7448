import { MAX_STAGED_ROWS } from '../../vector-index.ts'
import { createCoverIndex } from '../cover-tree/cover-index.ts'
import type { CoverOptions } from '../cover-tree/cover-options.ts'

/**
 * The number of sample rows used as queries, which are not in the trees, and the number of neighbors searched for each.
 */
const QUERIES = 32
const NEIGHBOURS = 10

export interface Probe {
  /** The number of rows in the larger sample tree, and how many of them a search visited on average. */
  readonly rows: number
  readonly visited: number
  /** The expected number of visits in a tree of all rows. */
  readonly expected: number
}

/**
 * Searches two trees of a sample (row-major) of `total` rows, one four times as large as the other. The growth of the
 * visits from one to the other is extrapolated to the tree of all rows.
 */
export function probeTrees(options: CoverOptions, sample: Float32Array, total: number): Probe {
  const { dim } = options
  const queries: Float32Array[] = []
  const kept: Float32Array[] = []
  const count = sample.length / dim
  const apart = Math.max(2, Math.floor(count / QUERIES))
  for (let row = 0; row < count; row++) {
    const values = sample.subarray(row * dim, (row + 1) * dim)
    if (row % apart === apart - 1 && queries.length < QUERIES) queries.push(values)
    else kept.push(values)
  }
  const visited = visitsIn(options, kept, queries)
  const quarter = kept.filter((_, row) => row % 4 === 0)
  const growth = Math.log(visited / visitsIn(options, quarter, queries)) / Math.log(4)
  const expected = visited * (total / kept.length) ** Math.min(1, Math.max(0, growth))
  return { rows: kept.length, visited, expected: Math.min(expected, total) }
}

function visitsIn(
  options: CoverOptions,
  rows: readonly Float32Array[],
  queries: readonly Float32Array[],
): number {
  const index = createCoverIndex(options)
  const { dim } = options
  try {
    for (let from = 0; from < rows.length; from += MAX_STAGED_ROWS) {
      const part = rows.slice(from, from + MAX_STAGED_ROWS)
      const stage = index.stagingBuffer(part.length)
      for (const [i, row] of part.entries()) stage.set(row, i * dim)
      index.commit(part.length)
    }
    let visited = 0
    for (const query of queries) visited += index.search({ query, k: NEIGHBOURS }).visited
    return Math.max(1, visited / queries.length)
  } finally {
    index.dispose()
  }
}
