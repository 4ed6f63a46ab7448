import { DatasetDimensions } from '../../search/schema/dataset-dimension.ts'
import { shadowTableName } from '../../search/schema/names.ts'
import { ShadowTable } from '../../search/schema/shadow-table.ts'
import { WriteLayouts } from '../../search/schema/write-layout.ts'
import type { Connection } from '../../sqlite/connection.ts'
import { requireVecTable } from './find-vec-table.ts'
import { locate } from './vec-location.ts'

/**
 * The rule by which a vec table checks the dimension of a new vector, for programs that write its shadow table
 * directly. The first vector that searches find determines the dimension of a dataset.
 *
 * ```ts
 * const rule = new DimensionRule(db, 'docs')
 * const dim = rule.required('default', 384)
 * if (dim !== 0 && dim !== 384) throw new Error(`the dataset holds vectors of ${dim} numbers`)
 * rule.dispose()
 * ```
 */
export class DimensionRule {
  /**
   * Whether rows with `archived = 1` count like the others (`include_archived`). If not, they may have any dimension.
   */
  readonly archivedCounts: boolean
  readonly #shadow: ShadowTable
  readonly #layouts: WriteLayouts
  readonly #dimensions: DatasetDimensions

  /** `table` is a vec table of `schema`. Throws VecError (VEC_QUERY) when it does not exist. */
  constructor(db: Connection, table: string, schema = 'main') {
    const connected = requireVecTable(db, table, schema)
    const { includeArchived, dbpath } = connected.options
    const location = locate(db, schema, dbpath)
    this.archivedCounts = includeArchived
    this.#shadow = new ShadowTable(
      location.db,
      location.schema,
      shadowTableName(table),
      includeArchived,
    )
    this.#layouts = new WriteLayouts(this.#shadow)
    this.#dimensions = new DatasetDimensions(this.#shadow)
  }

  /**
   * The dimension that a new vector of `dataset` must have: `offered` if that is right, 0 if any dimension is.
   * `replaces` is the id of a row that the vector replaces, which does not count.
   */
  required(dataset: string, offered: number, replaces?: string): number {
    const but = replaces === undefined ? null : new TextEncoder().encode(replaces)
    return this.#dimensions.required(this.#layouts.current, dataset, offered, but)
  }

  /** Finalizes the statements. Closing the connection does so, too. */
  dispose(): void {
    this.#shadow.dispose()
  }
}
