import type { FieldValue } from './facets.ts'
import type { StoredDocument } from './stored-document.ts'

/** A document that a query found. */
export interface Hit<M = unknown> extends StoredDocument<M> {
  /** Higher is better. */
  readonly score: number
  /** Lower is nearer. Only for queries by vector alone. */
  readonly distance?: number
  /** For a hybrid query: the ranks in both rankings, from 1, if the document is among their best. */
  readonly vectorRank?: number
  readonly textRank?: number
  /** With `groupBy`: the value of the field; null if the document lacks it. */
  readonly group?: FieldValue | readonly unknown[] | object | null
  /** With `rerank`: the score that the function returned. */
  readonly rerankScore?: number
}

/** A page of hits, best first, and the cursor of the next page. Without `cursor`, this is the last page. */
export interface HitPage<M = unknown> {
  readonly hits: Hit<M>[]
  readonly cursor?: string | undefined
}
