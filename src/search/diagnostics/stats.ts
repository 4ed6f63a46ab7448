import type { VectorIndex } from '../../index/vector-index.ts'
import type { Searcher } from '../query/search.ts'

/** What is known of the index of a dataset, one fact a line. */
export function stats({ recipe, slices }: Searcher, dataset: string): string[] {
  const view = slices.view(dataset)
  if (!view) return ['index: none: the table itself answers']
  const { slice } = view
  const { index } = slice
  if (!index) return ['index: none: the dataset has no vectors']
  const unfound = index.count - findable(index)
  return [
    `index: ${index.kind}, ${recipe.metric}, ${index.inMemoryVectors ? 'with its rows in memory' : 'codes in memory'}`,
    `why: ${slice.why}`,
    `dimension: ${index.dim}`,
    `rows: ${index.count}${unfound === 0 ? '' : `, ${unfound} of them of length zero, which ${recipe.metric} cannot find`}`,
    `tombstones: ${index.positions - index.count}`,
    `left out: ${slice.rejected.notFinite} with NaN or infinity, ${slice.rejected.otherDimension} of another dimension`,
    `memory: ${slice.bytes} bytes`,
    `journal: at ${view.seq}, saved at ${slice.savedSeq ?? 'never'}`,
  ]
}

/** How many rows a search for all of them finds: with cosine those of length zero are left out. */
function findable(index: VectorIndex): number {
  if (index.count === 0) return 0
  const query = new Float32Array(index.dim)
  query[0] = 1
  // A search of chosen rows is none that an index takes as a sample of its work.
  const allowed = new Uint32Array((index.positions + 31) >>> 5).fill(0xffffffff)
  return index.search({ query, k: index.count, allowed }).count
}
