import type { IndexSpec } from '../memory/index-spec.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'
import type { StoredColumn } from '../schema/table-schema.ts'
import type { TextSpec } from '../schema/text-spec.ts'

/** What search over one shadow table on one connection works with. */
export interface SearchContext {
  readonly shadow: ShadowTable
  /** How indexes of the table's datasets are made. */
  readonly spec: IndexSpec
  /** Metadata columns that are kept beside the indexes. */
  readonly columns?: readonly StoredColumn[]
  /** A query may make the journal and its triggers where they are missing. */
  readonly mayInstall: boolean
  /** Its text index; undefined: the table has none. */
  readonly text?: TextSpec | undefined
}
