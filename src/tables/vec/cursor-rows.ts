import type { HybridRow } from '../../search/hybrid/hybrid-search.ts'

/** The rows of a vec table, as a cursor visits them. */
export interface CursorRows {
  next(): void
  readonly eof: boolean
  readonly dataset: string
  id(): Uint8Array
  /** NaN if unknown. */
  rowid(): number
  /** Undefined without MATCH. */
  similarity(): number | undefined
  /** The ranking of the row in a search with words. */
  readonly fused?: HybridRow
  close(): void
}
