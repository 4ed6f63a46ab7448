import { VecError } from '../../core/errors.ts'
import { compileFilter } from '../../core/filter/compile-filter.ts'
import { parseFilter } from '../../core/filter/parse-filter.ts'
import { Utf8 } from '../../core/utf8.ts'
import type { RowFilter } from '../../search/schema/row-filter.ts'
import type { ShadowTable } from '../../search/schema/shadow-table.ts'
import {
  columnDefinition,
  SHADOW,
  sqlName,
  type StoredColumn,
} from '../../search/schema/table-schema.ts'
import type { TermValue } from '../../sqlite/vtab/virtual-table.ts'
import { sqlText } from '../number-text.ts'
import type { PlannedCondition, VecPlan } from './vec-plan.ts'

/** The conditions on metadata of one execution of a plan. */
export interface GivenFilter extends RowFilter {
  /** What the column `filter` is compared with. */
  readonly text: string | undefined
  /** The columns of the shadow table that it reads. */
  readonly reads: readonly StoredColumn[]
}

/** Undefined: every row passes. Throws VEC_FILTER for what is not a filter in JSON. */
export function readFilter(
  plan: VecPlan,
  values: readonly (readonly TermValue[])[],
): GivenFilter | undefined {
  if (plan.filter === undefined && plan.conditions.length === 0) return undefined
  const parts: RowFilter[] = plan.conditions.map(condition => comparison(condition, values))
  const reads = plan.conditions.map(({ column }) => column)
  const text = plan.filter === undefined ? undefined : textOf(values[plan.filter][0])
  if (text !== undefined) {
    parts.push(metaFilter(text))
    reads.push(SHADOW.meta)
  }
  return {
    text,
    reads,
    sql: parts.map(({ sql }) => `(${sql})`).join(' AND '),
    parameters: parts.flatMap(({ parameters }) => parameters),
  }
}

/** Throws VEC_SHADOW where the shadow table lacks a column that a filter reads. */
export function requireColumns(shadow: ShadowTable, { reads }: GivenFilter): void {
  const { columns } = shadow.refresh()
  const absent = reads.find(({ stored }) => !columns.has(stored.toLowerCase()))
  if (!absent) return
  throw new VecError(
    'VEC_SHADOW',
    `vec: ${shadow.schema}.${shadow.name} cannot be filtered: it lacks the column ${absent.stored}`,
    { hint: `ALTER TABLE ${shadow.name} ADD COLUMN ${columnDefinition(absent)}` },
  )
}

function comparison(
  { column, operator, value }: PlannedCondition,
  values: readonly (readonly TermValue[])[],
): RowFilter {
  const left = `${sqlName(column)} COLLATE BINARY`
  const given = values[value]
  switch (operator) {
    case 'IS NULL':
    case 'IS NOT NULL':
      return { sql: `${left} ${operator}`, parameters: [] }
    case 'IN':
      return listed(left, given)
    default:
      return { sql: `${left} ${operator} ?`, parameters: [given[0]] }
  }
}

/** Texts and whole numbers are one parameter in JSON, however many they are. */
function listed(left: string, values: readonly TermValue[]): RowFilter {
  const json = values.map(value => {
    if (value instanceof Utf8) return JSON.stringify(String(value))
    return typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : undefined
  })
  const plain = values.every(value => !(value instanceof Utf8) || !String(value).includes('\ufffd'))
  if (plain && json.every(one => one !== undefined)) {
    return {
      sql: `${left} IN (SELECT value FROM json_each(?))`,
      parameters: [`[${json.join(',')}]`],
    }
  }
  return { sql: `${left} IN (${values.map(() => '?').join(', ')})`, parameters: values }
}

function textOf(value: TermValue): string {
  if (value instanceof Utf8) return String(value)
  throw refused(`expected JSON text, got ${sqlText(value)}`)
}

function metaFilter(text: string): RowFilter {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw refused(`the text is not JSON (${(error as Error).message})`)
  }
  const target = { json: SHADOW.meta.stored, column: () => undefined }
  return compileFilter(parseFilter(json), target)
}

function refused(what: string): VecError {
  return new VecError('VEC_FILTER', `filter: ${what}`, {
    hint: `write a filter as '{"lang": "en", "year": {"$gte": 2020}}'; docs/api.md#filters lists the operators`,
  })
}
