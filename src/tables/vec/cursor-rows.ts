import type { HybridRow } from '../../search/hybrid/hybrid-search.ts'

/** Rows of a vec table, as a cursor walks over them. */
export interface CursorRows {
  next(): void
  readonly eof: boolean
  readonly dataset: string
  id(): Uint8Array
  /** NaN: not known. */
  rowid(): number
  /** Undefined where nothing was matched. */
  similarity(): number | undefined
  /** How the row was ranked, where words were searched for. */
  readonly fused?: HybridRow
  close(): void
}
