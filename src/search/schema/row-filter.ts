import { Utf8 } from '../../core/utf8.ts'
import { isLargePart } from './rows.ts'
import type { ShadowTable } from './shadow-table.ts'

/** A condition over the columns of one row of a shadow table. */
export interface RowFilter {
  /** The parameters are plain `?`, in order. */
  readonly sql: string
  readonly parameters: readonly (string | number | bigint | null | Utf8 | Uint8Array)[]
}

/** The conjunction of conditions. */
export function conjunction(parts: readonly RowFilter[]): RowFilter {
  if (parts.length === 1) return parts[0]
  return {
    sql: parts.length === 0 ? '1' : parts.map(({ sql }) => `(${sql})`).join(' AND '),
    parameters: parts.flatMap(({ parameters }) => parameters),
  }
}

/** Visits the ids of a dataset whose rows match. Their bytes are views into SQLite's memory. */
export function eachIdWhere(
  shadow: ShadowTable,
  dataset: string,
  { sql, parameters }: RowFilter,
  visit: (id: Uint8Array) => void,
): void {
  const { rowid } = shadow.refresh()
  const { documents } = shadow
  const ofDataset =
    rowid !== undefined && isLargePart(shadow, dataset, rowid)
      ? documents.inFileOrder
      : documents.ofDataset
  shadow.each(
    `SELECT ${documents.id} FROM {table} WHERE ${ofDataset} ${shadow.visible} AND (${sql})`,
    [dataset, ...parameters],
    row => {
      if (row.isText(0)) visit(row.bytes(0))
    },
  )
}

/** Whether the current row of an id matches. */
export function passes(
  shadow: ShadowTable,
  dataset: string,
  id: Uint8Array,
  { sql, parameters }: RowFilter,
): boolean {
  const found = shadow.first(
    `SELECT 1 FROM {table} WHERE ${shadow.documents.ofKey} ${shadow.visible} AND (${sql})`,
    [dataset, new Utf8(id), ...parameters],
    () => true,
  )
  return found ?? false
}
