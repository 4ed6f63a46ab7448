import { checkOptions, object, wholeNumber } from '../../core/check-options.ts'
import type { Filter } from '../../core/filter/filter.ts'
import type { SqlValue } from '../../database/values.ts'
import { OF_DATASET } from '../../search/schema/names.ts'
import { andFilter, rowFilter } from './condition.ts'
import type { DatasetHandle } from './dataset-handle.ts'
import { readField } from './field.ts'
import { readCondition } from './read-condition.ts'

export interface FacetOptions<M = unknown> {
  readonly filter?: Filter<M> | undefined
  /** The maximum number of values; default: all. */
  readonly limit?: number | undefined
}

/** A value of a field. */
export type FieldValue = string | number | bigint | boolean

/** A value of a field, and how many documents have it. */
export interface Facet {
  readonly value: FieldValue
  readonly count: number
}

const CHECKS = { filter: object, limit: wholeNumber(1, 1_000_000) }

/**
 * The values of a field with the number of documents for each, most documents first. The elements of an array count one
 * by one.
 */
export function countFacets<M>(
  where: string,
  handle: DatasetHandle,
  path: unknown,
  options: FacetOptions<M>,
  order: 'count' | 'value',
): Facet[] {
  checkOptions(where, options, CHECKS)
  const table = handle.open()
  const rows = rowFilter(where, readCondition(options.filter), table)
  const { values, valuesAt } = readField(where, 'field', path, table)
  const { shadow } = table
  const facets: Facet[] = []
  shadow.each(
    `WITH r(document, json) AS (
       SELECT id, ${values} FROM {table} WHERE ${OF_DATASET} ${shadow.visible} ${andFilter(rows)})
     SELECT CASE WHEN e.type IN ('true', 'false') THEN 'boolean' WHEN e.type = 'text' THEN 'text' ELSE 'number' END,
       e.value, count(DISTINCT r.document)
     FROM r, json_each(r.json, ${valuesAt}) AS e
     WHERE e.type NOT IN ('null', 'array', 'object')
     GROUP BY 1, 2 ORDER BY ${order === 'count' ? '3 DESC, 1, 2' : '1, 2'} LIMIT ?`,
    [handle.dataset, ...(rows?.parameters ?? []), options.limit ?? -1],
    row => {
      facets.push({ value: valueOf(row.text(0), row.value(1)), count: row.number(2) })
    },
  )
  return facets
}

function valueOf(kind: string, value: SqlValue): FieldValue {
  return kind === 'boolean' ? value === 1 : (value as FieldValue)
}
