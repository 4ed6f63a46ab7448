import { Utf8 } from '../../core/utf8.ts'
import { OF_KEY } from '../../search/schema/names.ts'
import type { CollectionTable } from './collection-table.ts'
import type { Field } from './field.ts'
import { isBehind, type Place, type RankedRow, type Ranking } from './ranked-rows.ts'

/** Makes the ranking of a query. `behind` allows it to skip rows that do not come after a position. */
export type Ranker = (wanted: {
  readonly behind?: Place | undefined
  readonly first: number
  readonly more: boolean
}) => Ranking

export interface Selected {
  readonly rows: readonly RankedRow[]
  /** The grouping values of the rows, as JSON; null for none. */
  readonly groups: readonly (string | null)[] | undefined
  /** Whether there are more rows. */
  readonly more: boolean
}

/** The best rows after a position, at most `most`. */
export function selectRows(rank: Ranker, behind: Place | undefined, most: number): Selected {
  const rows: RankedRow[] = []
  let more = false
  rank({ behind, first: most + 1, more: behind !== undefined })(row => {
    if (behind && !isBehind(row, behind)) return true
    more = rows.length === most
    if (more) return false
    rows.push(row)
    return true
  })
  return { rows, groups: undefined, more }
}

/**
 * The best row of each value of a field, at most `most`, for groups whose best row comes after a position. Ranks rows
 * until there are enough groups, so it finds `most` of them whenever that many exist.
 */
export function selectGroups(
  rank: Ranker,
  table: CollectionTable,
  dataset: string,
  field: Field,
  behind: Place | undefined,
  most: number,
): Selected {
  const rows: RankedRow[] = []
  const groups: (string | null)[] = []
  const seen = new Set<string | null>()
  let more = false
  rank({ first: 2 * most + 1, more: true })(row => {
    const group = groupOf(table, dataset, field, row.id)
    if (seen.has(group)) return true
    seen.add(group)
    if (behind && !isBehind(row, behind)) return true
    more = rows.length === most
    if (more) return false
    rows.push(row)
    groups.push(group)
    return true
  })
  return { rows, groups, more }
}

function groupOf(
  { shadow }: CollectionTable,
  dataset: string,
  { json }: Field,
  id: Uint8Array,
): string | null {
  const sql = `SELECT ${json} FROM {table} WHERE ${OF_KEY} ${shadow.visible}`
  const group = shadow.first(sql, [dataset, new Utf8(id)], row => row.value(0))
  return group === null || group === undefined || group === 'null' ? null : (group as string)
}
