import type { FieldValue } from './facets.ts'
import type { StoredDocument } from './stored-document.ts'

/** A document that a query found. */
export interface Hit<M = unknown> extends StoredDocument<M> {
  /** Higher is better. */
  readonly score: number
  /** Lower is nearer; of a query by vectors alone. */
  readonly distance?: number
  /** Of a hybrid query: the places in both rankings, from 1, where it is among their best. */
  readonly vectorRank?: number
  readonly textRank?: number
  /** With `groupBy`: the value of the field; null where the document has none. */
  readonly group?: FieldValue | readonly unknown[] | object | null
  /** With `rerank`: what the function gave. */
  readonly rerankScore?: number
}

/** A page of hits, best first, and where the next one begins; without `cursor` there are no more. */
export interface HitPage<M = unknown> {
  readonly hits: Hit<M>[]
  readonly cursor?: string | undefined
}
