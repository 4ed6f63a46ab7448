import { textIn } from './answer.ts'
import type { TableColumns, UpstreamRow } from './upstream-session.ts'

/** The columns of a table from rows of `name`, `part`: the position in the primary key, or 0, and perhaps `type`. */
export function tableColumns(rows: readonly UpstreamRow[]): TableColumns {
  const key = rows.filter(row => partOf(row) > 0).toSorted((a, b) => partOf(a) - partOf(b))
  const types = Object.fromEntries(
    rows.map(row => [nameOf(row), typeof row['type'] === 'string' ? row['type'] : '']),
  )
  return { columns: rows.map(nameOf), key: key.map(nameOf), types }
}

const partOf = (row: UpstreamRow): number => Number(row['part'])

const nameOf = (row: UpstreamRow): string => textIn(row, 'name')
