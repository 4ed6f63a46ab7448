import type { Filter } from '../core/filter/filter.ts'
import type { VectorInput } from '../core/read-vector.ts'
import type { SqlValue } from '../database/values.ts'
import type { DocumentId } from './keys.ts'

/** The rows of an operation. */
export interface InDataset {
  /** A value of the dataset column: required if `attach` was given that column, and refused otherwise. */
  readonly dataset?: DocumentId | undefined
}

export interface VectorSearch extends InDataset {
  /** The query: finite numbers, with the dimension of the stored vectors. */
  readonly vector: VectorInput
  /** The number of rows to find, from 0. */
  readonly k: number
  /** Only rows with at least this score. */
  readonly minScore?: number | undefined
  /** The share of the nearest rows that has to be found, on average: 0.98 for an approximate search. Exact unless given. */
  readonly recall?: number | undefined
  /** Only these rows. */
  readonly ids?: readonly DocumentId[] | undefined
  /** Only rows whose metadata match. */
  readonly filter?: Filter | undefined
  /** Columns of the table that each hit includes. */
  readonly columns?: readonly string[] | undefined
}

export interface VectorHit {
  /** The id as the table stores it: a number for an INTEGER (a bigint beyond 2^53), a string for a TEXT. */
  readonly id: DocumentId
  /** Higher is nearer. */
  readonly score: number
  /** Lower is nearer. */
  readonly distance: number
  /** The requested columns. */
  readonly columns: Readonly<Record<string, SqlValue>>
}
