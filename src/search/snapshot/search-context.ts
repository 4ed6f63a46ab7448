import type { EmbeddingType } from '../../core/embedding-type.ts'
import type { IndexSpec } from '../memory/index-spec.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'
import type { StoredColumn } from '../schema/table-schema.ts'
import type { TextSpec } from '../schema/text-spec.ts'

/** The context of searches over one shadow table on one connection. */
export interface SearchContext {
  readonly shadow: ShadowTable
  /** How the indexes of the table's datasets are built. */
  readonly spec: IndexSpec
  /** Metadata columns that are kept beside the indexes. */
  readonly columns?: readonly StoredColumn[]
  /** Whether a query may create a missing journal and its triggers. */
  readonly mayInstall: boolean
  /** The share of the nearest rows that a search has to find by default; undefined: all. */
  readonly recall?: number | undefined
  /** How the table's declaration says that embeddings are stored; the shadow table itself decides. */
  readonly type?: EmbeddingType | undefined
  /** Its text index; undefined for a table without one. */
  readonly text?: TextSpec | undefined
}
