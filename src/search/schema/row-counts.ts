import { countOf } from './rows.ts'
import type { ShadowTable } from './shadow-table.ts'
import { holdsBytes } from './stored-vector.ts'

/** The number of rows of a dataset with an embedding. */
export function countEmbeddings(shadow: ShadowTable, dataset: string): number {
  const { documents, visible } = shadow
  const where = `${documents.ofDataset} AND length(${documents.embedding}) > 0 ${visible}`
  return countOf(shadow, `SELECT count(*) FROM {table} WHERE ${where}`, [dataset])
}

/** The number of named rows of a dataset with a vector of this dimension. */
export function countVectors(shadow: ShadowTable, dataset: string, dim: number): number {
  const { ofDataset, embedding, named } = shadow.documents
  const { type } = shadow.refresh()
  return countOf(
    shadow,
    `SELECT count(*) FROM {table} WHERE ${ofDataset}
     AND ${holdsBytes(type, embedding)} AND length(CAST(${embedding} AS BLOB)) = ?2 AND ${named} ${shadow.visible}`,
    [dataset, dim * type.bytes],
  )
}
