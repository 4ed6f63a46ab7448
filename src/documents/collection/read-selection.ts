import { argumentError, requirePlainObject } from '../../core/argument-error.ts'
import type { Condition } from '../../core/filter/condition.ts'
import type { Filter } from '../../core/filter/filter.ts'
import { knownWord } from '../../core/known-word.ts'
import { readIds } from './given-documents.ts'
import { readCondition } from './read-condition.ts'

/** The documents to delete. */
export type DocumentSelection<M = unknown> =
  | { readonly ids: readonly string[] }
  | { readonly filter: Filter<M> }
  | { readonly all: true }

const WAYS = ['ids', 'filter', 'all'] as const

/** What a checked selection selects by: ids, a condition, or all documents. */
type Selection = { readonly ids: readonly string[] } | { readonly condition: Condition | undefined }

/** Checks a selection. Exactly one way of selecting must be used. */
export function readSelection(where: string, selection: unknown): Selection {
  const expected = 'an object with one of ids, filter and all'
  requirePlainObject(where, 'selection', selection, expected)
  const given = Object.keys(selection)
  for (const way of given) knownWord(`way of ${where}`, way, WAYS)
  if (given.length !== 1) {
    throw new TypeError(
      `${where}: selection has ${given.length === 0 ? 'none' : given.join(' and ')} of ids, filter and all: expected one`,
    )
  }
  const { ids, filter, all } = selection as { ids?: unknown; filter?: unknown; all?: unknown }
  if ('ids' in selection) return { ids: readIds(where, ids) }
  if ('all' in selection) {
    if (all !== true) throw argumentError(where, 'selection.all', all, 'true')
    return { condition: undefined }
  }
  requirePlainObject(where, 'selection.filter', filter, 'a filter')
  if (Object.keys(filter).length === 0) {
    throw new RangeError(
      `${where}: selection.filter is {}, which every document passes: expected a condition, or { all: true } to delete all`,
    )
  }
  return { condition: readCondition(filter as Filter) }
}
