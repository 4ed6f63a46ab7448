import { numberOf } from '../../database/query.ts'
import type { Shape, ShadowTable } from './shadow-table.ts'
import { SHADOW } from './table-schema.ts'

/** What a writer must know of a shadow table. */
export interface WriteLayout extends Pick<Shape, 'columns' | 'rowid'> {
  /** `scn`, a counter that only replication moves, must be given: the original's table has no default for it. */
  readonly needsScn: boolean
  /** The condition under which a row counts at all, beside its dataset. */
  readonly visible: string
}

/**
 * The layout of a shadow table for one writer. A statement of many rows asks for each of them, and inside a transaction
 * that writes the table's shape is not remembered: so this is kept until the schema's number moves or a transaction begins.
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

  /** A schema that was rolled back may have left its number to another. */
  forget(): void {
    this.#layout = undefined
  }

  #read(): WriteLayout {
    const shadow = this.#shadow
    const { columns, rowid } = shadow.refresh()
    const scn = `SELECT count(*) FROM pragma_table_xinfo(?, ?)
      WHERE lower(name) = '${SHADOW.scn.stored}' AND "notnull" = 1 AND dflt_value IS NULL`
    const needsScn = numberOf(shadow.db, scn, shadow.name, shadow.schema) > 0
    return { columns, rowid, needsScn, visible: shadow.visible }
  }
}
