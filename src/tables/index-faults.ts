import { compareBytes } from '../store/id-table.ts'
import { visitRows } from '../store/rows.ts'
import type { Searcher } from '../store/search.ts'
import { decodeEmbedding, isFiniteVector } from '../vector/embedding.ts'

/** Where the index of a dataset and the rows of its table differ, as this transaction sees both. */
export function indexFaults(searcher: Searcher, dataset: string): string[] {
  const { shadow } = searcher
  const faults: string[] = []
  if (!shadow.refresh().journaled) faults.push('the triggers of the change journal are missing')
  const view = searcher.slices.view(dataset)
  if (!view) return faults
  const { slice, changed } = view
  const isChanged = (id: Uint8Array): boolean =>
    changed.some(other => compareBytes(other, id) === 0)
  let missing = 0
  let found = 0
  visitRows(shadow, dataset, (id, embedding) => {
    if (embedding.length !== slice.dim * 4 || !isFiniteVector(decodeEmbedding(embedding))) return
    if (isChanged(id)) return
    if (slice.ids.find(id) >= 0) found++
    else missing++
  })
  if (missing > 0) faults.push(`${missing} rows are missing in the index`)
  const masked = changed.filter(id => slice.ids.find(id) >= 0).length
  const ghosts = slice.count - masked - found
  if (ghosts > 0) faults.push(`${ghosts} rows of the index are not in the table`)
  return faults
}
