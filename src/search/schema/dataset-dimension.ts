import type { EmbeddingType } from '../../core/embedding-type.ts'
import { decodeEmbedding, isFiniteVector } from '../../core/embedding.ts'
import { compareBytes } from '../../core/id-table.ts'
import { Utf8 } from '../../core/utf8.ts'
import type { RowReader } from '../../database/row-reader.ts'
import type { ShadowTable } from './shadow-table.ts'
import { vectorBytes, vectorLength } from './stored-vector.ts'
import type { WriteLayout } from './write-layout.ts'

/** The condition for rows that count, and the name of their rowid. */
type RowLayout = Pick<WriteLayout, 'rowid' | 'visible'>

/** A row that determines the dimension of its dataset. */
interface SampleRow {
  readonly id: Uint8Array
  readonly dim: number
}

function sampleLength({ documents: { embedding, ofKey } }: ShadowTable): string {
  return `SELECT CASE typeof(${embedding}) WHEN 'blob' THEN length(${embedding}) WHEN 'text' THEN length(CAST(${embedding} AS BLOB)) END
 FROM {table} WHERE ${ofKey}`
}
/** The number of remembered datasets. A program that writes more of them in turn reads again. */
const MOST = 1000

/**
 * The dimension of a dataset is that of its first vector in file order. A full scan is needed only to reject a vector:
 * one that matches the first and the last vector by key is accepted without it. Only a dataset that already mixes
 * dimensions can fool this check. The row that determined the dimension is remembered. It is valid as long as it exists
 * with the same number of bytes.
 */
export class DatasetDimensions {
  readonly #shadow: ShadowTable
  readonly #known = new Map<string, SampleRow>()

  constructor(shadow: ShadowTable) {
    this.#shadow = shadow
  }

  /**
   * The dimension that a new vector of a dataset must have: `offered` if that is right, 0 if any dimension is. `but` is
   * the row that the vector replaces, which does not count.
   */
  required(layout: RowLayout, dataset: string, offered: number, but: Uint8Array | null): number {
    const known = this.#known.get(dataset)
    if (known?.dim === offered && this.#holds(layout, dataset, known)) return offered
    const end = this.#end(layout, dataset, 'ASC')
    if (end?.dim === offered && this.#end(layout, dataset, 'DESC')?.dim === offered) {
      this.#remember(dataset, end)
      return offered
    }
    const first = this.#look(layout, dataset, null)
    if (first) this.#remember(dataset, first)
    if (!first || first.dim === offered) return first?.dim ?? 0
    if (!but || compareBytes(first.id, but) !== 0) return first.dim
    return this.#look(layout, dataset, but)?.dim ?? 0
  }

  #remember(dataset: string, sample: SampleRow): void {
    if (this.#known.size >= MOST) this.#known.clear()
    this.#known.set(dataset, sample)
  }

  #holds({ visible }: RowLayout, dataset: string, { id, dim }: SampleRow): boolean {
    const sql = `${sampleLength(this.#shadow)} ${visible}`
    const { type } = this.#shadow.shape
    const length = dim * type.bytes
    const holds = this.#shadow.first(sql, [dataset, new Utf8(id)], row => row.number(0) === length)
    return holds ?? false
  }

  /** The first vector from one end of the key; undefined if it is not found at once. */
  #end({ visible }: RowLayout, dataset: string, order: 'ASC' | 'DESC'): SampleRow | undefined {
    return this.#first(
      `${this.#columns} FROM {table} WHERE ${this.#shadow.documents.ofDataset} ${visible} ORDER BY ${this.#shadow.documents.idColumn} ${order} LIMIT 16`,
      dataset,
      null,
    )
  }

  #look(layout: RowLayout, dataset: string, but: Uint8Array | null): SampleRow | undefined {
    const { rowid, visible } = layout
    if (rowid === undefined) {
      return this.#first(
        `${this.#columns} FROM {table} WHERE ${this.#shadow.documents.ofDataset} ${visible}`,
        dataset,
        but,
      )
    }
    // The first row usually has a vector, and the index on the key knows its rowid.
    const quick = this.#first(
      `${this.#columns} FROM {table} WHERE ${rowid} = (SELECT min(${rowid}) FROM {table} WHERE ${this.#shadow.documents.ofDataset}) ${visible}`,
      dataset,
      but,
    )
    return (
      quick ??
      this.#first(
        `${this.#columns} FROM {table} WHERE ${rowid} IN (SELECT ${rowid} FROM {table} WHERE ${this.#shadow.documents.ofDataset}) ${visible} ORDER BY ${rowid}`,
        dataset,
        but,
      )
    )
  }

  get #columns(): string {
    const { id, embedding } = this.#shadow.documents
    return `SELECT ${id}, ${embedding}`
  }

  #first(sql: string, dataset: string, but: Uint8Array | null): SampleRow | undefined {
    let found: SampleRow | undefined
    const { type } = this.#shadow.shape
    this.#shadow.each(sql, [dataset], row => {
      const dim = dimensionIn(type, row)
      if (dim === 0) return true
      const id = row.bytes(0).slice()
      if (!but || compareBytes(id, but) !== 0) found = { id, dim }
      return found === undefined
    })
    return found
  }
}

/** The dimension of a row that searches find; 0 for any other row. */
function dimensionIn(type: EmbeddingType, row: RowReader): number {
  if (!row.isText(0)) return 0
  const dim = vectorLength(type, row, 1)
  if (dim <= 0) return 0
  return isFiniteVector(decodeEmbedding(vectorBytes(type, row, 1, dim))) ? dim : 0
}
