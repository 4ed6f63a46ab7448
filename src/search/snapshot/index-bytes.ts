import type { IndexStore } from '../persistence/index-store.ts'
import { countOf } from '../schema/rows.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'

/** The approximate memory for a row besides its codes: scale, error, id. */
const ROW_BYTES = 32

/** The approximate memory for the index of a dataset: the size of its saved form, or that of codes of all its rows. */
export function indexBytes(shadow: ShadowTable, store: IndexStore, dataset: string): number {
  const saved = store.manifest(shadow.key, dataset)
  if (saved) return saved.sections.reduce((sum, { bytes }) => sum + bytes, 0)
  const { embedding, ofDataset } = shadow.documents
  const { type } = shadow.refresh()
  const rows = countOf(shadow, `SELECT count(*) FROM {table} WHERE ${ofDataset}`, [dataset])
  const length = countOf(
    shadow,
    `SELECT length(${embedding}) FROM {table} WHERE ${ofDataset} AND length(${embedding}) > 0 LIMIT 1`,
    [dataset],
  )
  return rows * (length / type.bytes + ROW_BYTES)
}
