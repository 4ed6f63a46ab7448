import { argumentError, requirePlainObject } from '../../core/argument-error.ts'
import type { Condition } from '../../core/filter/condition.ts'
import type { Filter } from '../../core/filter/filter.ts'
import { knownWord } from '../../core/known-word.ts'
import { OF_DATASET } from '../../search/schema/names.ts'
import { countOf } from '../../search/schema/rows.ts'
import { andFilter, readCondition, rowFilter } from './condition.ts'
import type { DatasetHandle } from './dataset-handle.ts'
import { readIds } from './given-documents.ts'

/** The documents to delete. */
export type DocumentSelection<M = unknown> =
  | { readonly ids: readonly string[] }
  | { readonly filter: Filter<M> }
  | { readonly all: true }

const WAYS = ['ids', 'filter', 'all'] as const

/** The ids of the selected documents, as a function. Exactly one way of selecting must be used. */
export function selectedIds<M>(
  where: string,
  selection: DocumentSelection<M>,
  handle: DatasetHandle,
): () => readonly string[] {
  const expected = 'an object with one of ids, filter and all'
  requirePlainObject(where, 'selection', selection, expected)
  const given = Object.keys(selection)
  for (const way of given) knownWord(`way of ${where}`, way, WAYS)
  if (given.length !== 1) {
    throw new TypeError(
      `${where}: selection has ${given.length === 0 ? 'none' : given.join(' and ')} of ids, filter and all: expected one`,
    )
  }
  if ('ids' in selection) {
    const ids = readIds(where, selection.ids)
    return () => ids
  }
  if ('all' in selection) {
    const all: unknown = selection.all
    if (all !== true) throw argumentError(where, 'selection.all', all, 'true')
    return () => idsWhere(where, handle, undefined)
  }
  const { filter } = selection
  requirePlainObject(where, 'selection.filter', filter, 'a filter')
  if (Object.keys(filter).length === 0) {
    throw new RangeError(
      `${where}: selection.filter is {}, which every document passes: expected a condition, or { all: true } to delete all`,
    )
  }
  const condition = readCondition(filter)
  return () => idsWhere(where, handle, condition)
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
