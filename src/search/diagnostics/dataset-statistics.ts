import { F32 } from '../../core/embedding-type.ts'
import { decodeEmbedding, isFiniteVector } from '../../core/embedding.ts'
import { RowSample } from '../../core/row-sample.ts'
import type { RowReader } from '../../database/row-reader.ts'
import { COLUMN } from '../schema/columns.ts'
import { countOf, visitRows, type RowVisitor } from '../schema/rows.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'

/** Counts of the rows of a dataset, by the rules for membership in its index. */
export interface DatasetStatistics {
  /** The dimension of the vectors; 0 if no row has one. */
  readonly dim: number
  /** Rows that belong to the index. */
  readonly members: number
  /** Members of length zero. */
  readonly zeros: number
  readonly otherDimension: RowSample
  readonly notFinite: RowSample
  /** Rows whose embedding has a length that is not a multiple of 4, or is not bytes. */
  readonly malformed: number
  /** Rows whose embedding is text, whose bytes are read as float32. */
  readonly texts: number
  /** Rows whose id is not text. */
  readonly unnamed: number
  readonly unembedded: number
  /** Rows hidden because they are archived. */
  readonly archived: number
  /** The number of embedded rows by model. Rows without a model are not counted. */
  readonly models: ReadonlyMap<string, number>
  /** Rows whose meta is JSON, and rows whose meta is any other value, for which json_extract fails. */
  readonly metas: { readonly json: number; readonly other: number }
}

export function datasetStatistics(shadow: ShadowTable, dataset: string): DatasetStatistics {
  let dim = 0
  let members = 0
  let zeros = 0
  const otherDimension = new RowSample()
  const notFinite = new RowSample()
  const skipped = visitRows(shadow, dataset, (id, embedding) => {
    const finite = isFiniteVector(decodeEmbedding(embedding))
    if (dim === 0 && finite) dim = embedding.length / 4
    // As in DatasetIndex.add, a row of another dimension counts as such, whatever its numbers.
    if (dim > 0 && embedding.length !== dim * 4) otherDimension.add(id)
    else if (!finite) notFinite.add(id)
    else {
      members++
      if (isZero(embedding)) zeros++
    }
  })
  return {
    dim,
    members,
    zeros,
    otherDimension,
    notFinite,
    malformed: skipped.malformed,
    texts: textRows(shadow, dataset),
    unnamed: skipped.unnamed,
    unembedded: skipped.unembedded,
    archived: archivedRows(shadow, dataset),
    models: modelsOf(shadow, dataset),
    metas: metasOf(shadow, dataset),
  }
}

/** Whether all numbers are 0 or -0, from their bits without the sign. */
function isZero(embedding: Uint8Array): boolean {
  return embedding.every((byte, i) => (i % 4 === 3 ? byte & 0x7f : byte) === 0)
}

/**
 * Visits the members of a dataset with their vectors, each a view of a buffer that is reused. `more` are SQL columns,
 * each after a comma.
 */
export function visitMembers(
  shadow: ShadowTable,
  dataset: string,
  dim: number,
  visit: (id: Uint8Array, vector: Float32Array, row: RowReader) => void,
  more = '',
): void {
  const vector = new Float32Array(dim)
  const bytes = new Uint8Array(vector.buffer)
  const visitMember: RowVisitor = (id, embedding, _, row) => {
    if (embedding.length !== bytes.length) return
    bytes.set(embedding)
    if (isFiniteVector(vector)) visit(id, vector, row)
  }
  visitRows(shadow, dataset, visitMember, more)
}

/** SQL: whether an embedding is stored as text. */
export function isText(embedding: string): string {
  return `typeof(${embedding}) = 'text' AND ${embedding} <> ''`
}

function textRows(shadow: ShadowTable, dataset: string): number {
  if (shadow.refresh().type !== F32) return 0
  return countOf(
    shadow,
    `SELECT count(*) FROM {table} WHERE ${shadow.documents.ofDataset} AND ${isText(shadow.documents.embedding)} ${shadow.visible}`,
    [dataset],
  )
}

function archivedRows(shadow: ShadowTable, dataset: string): number {
  if (shadow.visible === '') return 0
  return countOf(
    shadow,
    `SELECT count(*) FROM {table} WHERE ${shadow.documents.ofDataset} AND coalesce(${COLUMN.archived}, 0) <> 0`,
    [dataset],
  )
}

function modelsOf(shadow: ShadowTable, dataset: string): ReadonlyMap<string, number> {
  const { documents } = shadow
  if (!documents.standard || !shadow.refresh().columns.has(COLUMN.model)) return new Map()
  const models = new Map<string, number>()
  shadow.each(
    `SELECT CAST(${COLUMN.model} AS TEXT), count(*) FROM {table}
     WHERE ${documents.ofDataset} AND length(${COLUMN.embedding}) > 0
       AND ${COLUMN.model} <> '' ${shadow.visible} GROUP BY 1 ORDER BY 2 DESC, 1`,
    [dataset],
    row => {
      models.set(row.text(0), row.number(1))
    },
  )
  return models
}

/** SQL: whether json_extract fails on metadata. It accepts JSON, JSON5 and JSONB. */
export function notJson(meta: string): string {
  return `${meta} IS NOT NULL AND NOT json_valid(${meta}, 6)`
}

function metasOf(shadow: ShadowTable, dataset: string): DatasetStatistics['metas'] {
  const { meta, ofDataset } = shadow.documents
  if (meta === undefined || !shadow.hasMeta) return { json: 0, other: 0 }
  const count = (condition: string): number =>
    countOf(
      shadow,
      `SELECT count(*) FROM {table} WHERE ${ofDataset} AND ${condition} ${shadow.visible}`,
      [dataset],
    )
  const other = count(notJson(meta))
  return { json: other === 0 ? 0 : count(`json_valid(${meta}, 6)`), other }
}
