import type { Condition } from '../../core/filter/condition.ts'
import type { Filter } from '../../core/filter/filter.ts'
import { OF_DATASET } from '../../search/schema/names.ts'
import { countOf } from '../../search/schema/rows.ts'
import { deleteSelected } from '../write-documents.ts'
import { andFilter, rowFilter } from './condition.ts'
import type { DatasetHandle } from './dataset-handle.ts'
import { readCondition } from './read-condition.ts'
import { readSelection, type DocumentSelection } from './read-selection.ts'

/** Deletes the selected documents, all or none. Returns how many there were. */
export function deleteSelection<M>(
  where: string,
  selection: DocumentSelection<M>,
  handle: DatasetHandle,
): number {
  const { db, shadow, dataset } = handle
  const read = readSelection(where, selection)
  return deleteSelected(db, shadow, dataset, () =>
    'ids' in read ? read.ids : idsWhere(where, handle, read.condition),
  )
}

/** The number of documents that match a filter. */
export function countWhere<M>(
  where: string,
  handle: DatasetHandle,
  filter: Filter<M> | undefined,
): number {
  const condition = readCondition(filter)
  const table = handle.open()
  const rows = rowFilter(where, condition, table)
  const { shadow } = table
  return countOf(
    shadow,
    `SELECT count(*) FROM {table} WHERE ${OF_DATASET} ${shadow.visible} ${andFilter(rows)}`,
    [handle.dataset, ...(rows?.parameters ?? [])],
  )
}

function idsWhere(
  where: string,
  handle: DatasetHandle,
  condition: Condition | undefined,
): string[] {
  const table = handle.open()
  const rows = rowFilter(where, condition, table)
  const { shadow } = table
  const ids: string[] = []
  shadow.each(
    `SELECT id FROM {table} WHERE ${OF_DATASET} ${shadow.visible} AND typeof(id) = 'text' ${andFilter(rows)}`,
    [handle.dataset, ...(rows?.parameters ?? [])],
    row => {
      ids.push(row.text(0))
    },
  )
  return ids
}
