import { numberOf } from '../../database/query.ts'
import type { ShadowTable } from './shadow-table.ts'
import type { Shape } from './shape.ts'
import { SHADOW } from './table-schema.ts'

/** The facts about a shadow table that a writer needs. */
export interface WriteLayout extends Pick<Shape, 'columns' | 'rowid' | 'type'> {
  /**
   * Whether `scn`, a counter that only replication changes, must be set: the original's table lacks a default for it.
   */
  readonly needsScn: boolean
  /**
   * Whether an INSERT of all fields ON CONFLICT(dataset_id, id) can update a row: that is the key, and no other column
   * is required.
   */
  readonly upserts: boolean
  /** The condition under which a row counts at all, besides its dataset. */
  readonly visible: string
}

/**
 * The layout of a shadow table for one writer. A statement of many rows reads it for each row, and inside a transaction
 * that writes, the table's shape is not cached. So the layout is kept until the schema's version changes or a
 * transaction begins.
 */
export class WriteLayouts {
  readonly #shadow: ShadowTable
  #layout: WriteLayout | undefined
  #version = -1

  constructor(shadow: ShadowTable) {
    this.#shadow = shadow
  }

  get current(): WriteLayout {
    const version = this.#shadow.version()
    if (!this.#layout || this.#version !== version) {
      this.#layout = this.#read()
      this.#version = version
    }
    return this.#layout
  }

  /** A schema that was rolled back may have left its version to another one. */
  forget(): void {
    this.#layout = undefined
  }

  #read(): WriteLayout {
    const shadow = this.#shadow
    const { columns, rowid, type } = shadow.refresh()
    const scn = `SELECT count(*) FROM pragma_table_xinfo(?, ?)
      WHERE lower(name) = '${SHADOW.scn.stored}' AND "notnull" = 1 AND dflt_value IS NULL`
    const needsScn = numberOf(shadow.db, scn, shadow.name, shadow.schema) > 0
    const { dataset, id, ...others } = SHADOW
    const key = `SELECT count(*) = 2 AND sum(lower(name) IN ('${dataset.stored}', '${id.stored}')) = 2
      FROM pragma_table_xinfo(?, ?) WHERE pk > 0`
    const foreign = `SELECT count(*) FROM pragma_table_xinfo(?, ?) WHERE "notnull" = 1 AND dflt_value IS NULL
      AND pk = 0 AND lower(name) NOT IN (${Object.values(others)
        .map(({ stored }) => `'${stored}'`)
        .join(', ')})`
    const isKey = numberOf(shadow.db, key, shadow.name, shadow.schema) === 1
    const upserts = isKey && numberOf(shadow.db, foreign, shadow.name, shadow.schema) === 0
    return { columns, rowid, type, needsScn, upserts, visible: shadow.visible }
  }
}
