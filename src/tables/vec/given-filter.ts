import { lateParser } from '#late-parser'
import { lateSearch } from '#late-search'
import { VecError } from '../../core/errors.ts'
import { parseJson } from '../../core/exact-json.ts'
import type { FilterTarget } from '../../core/filter/compile-filter.ts'
import type { Condition } from '../../core/filter/condition.ts'
import { Utf8 } from '../../core/utf8.ts'
import type { ColumnTest } from '../../search/memory/columns/column-test.ts'
import { NUMERIC } from '../../search/memory/columns/numeric-text.ts'
import { filterOf, type FilterPart, type SearchFilter } from '../../search/query/search-filter.ts'
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
import { fieldOf } from './metadata-columns.ts'
import type { PlannedCondition, VecPlan } from './vec-plan.ts'

/** The conditions on metadata of one execution of a plan. */
export interface GivenFilter extends Required<SearchFilter> {
  /** The value that the column `filter` is compared with. */
  readonly text: string | undefined
  /** The columns of the shadow table that the filter reads. */
  readonly reads: readonly StoredColumn[]
}

/** Undefined if every row passes. Throws VEC_FILTER for a value that is not a filter in JSON. */
export function readFilter(
  plan: VecPlan,
  values: readonly (readonly TermValue[])[],
  foldsCase: () => boolean,
): GivenFilter | undefined {
  if (plan.filter === undefined && plan.conditions.length === 0) return undefined
  const parts: FilterPart[] = plan.conditions.map(condition => ({
    ...comparison(condition, values, foldsCase),
    test: testOf(condition, values, foldsCase),
  }))
  const reads = plan.conditions.map(({ column }) => column)
  const text = plan.filter === undefined ? undefined : textOf(values[plan.filter][0])
  if (text !== undefined) parts.push(...metaFilters(text, plan.metadata, reads))
  return { text, reads, ...filterOf(parts) }
}

/** Throws VEC_SHADOW if the shadow table lacks a column that a filter reads. */
export function requireColumns(shadow: ShadowTable, { reads }: Pick<GivenFilter, 'reads'>): void {
  const { columns } = shadow.refresh()
  const absent = reads.find(({ stored }) => !columns.has(stored.toLowerCase()))
  if (!absent) return
  throw new VecError(
    'VEC_SHADOW',
    `vec: ${shadow.schema}.${shadow.name} cannot be filtered: it lacks the column ${absent.stored}`,
    { hint: `ALTER TABLE ${shadow.name} ADD COLUMN ${columnDefinition(absent)}` },
  )
}

/** The test on the values of the column in memory, if they are known. */
function testOf(
  { column, operator, value }: PlannedCondition,
  values: readonly (readonly TermValue[])[],
  foldsCase: () => boolean,
): ColumnTest | undefined {
  const code = lateSearch.wanted
  if (!code) return undefined
  const given = values[value]
  switch (operator) {
    case 'IS NULL':
    case 'IS NOT NULL':
      return code.nullTest(column, operator === 'IS NULL')
    case 'IN':
      return code.listTest(column, given)
    case 'contains': {
      const condition = containing(column, given[0])
      return condition && code.filterTest(condition, () => column)
    }
    case 'LIKE':
    case 'GLOB':
      return code.patternTest(column, operator, given[0], operator === 'LIKE' && foldsCase())
    default:
      return code.comparisonTest(column, operator, given[0])
  }
}

/** An INTEGER is a bigint here, and a number is a REAL: a TEXT column takes them for '1' and '1.0'. */
function comparison(
  { column, operator, value }: PlannedCondition,
  values: readonly (readonly TermValue[])[],
  foldsCase: () => boolean,
): RowFilter {
  const left = `${sqlName(column)} COLLATE BINARY`
  const given = values[value]
  switch (operator) {
    case 'IS NULL':
    case 'IS NOT NULL':
      return { sql: `${left} ${operator}`, parameters: [] }
    case 'IN':
      return listed(left, given)
    case 'contains': {
      const condition = containing(column, given[0])
      const target = { json: left, column: () => ({ sql: left, json: true }) }
      return condition
        ? lateSearch.needed.compileFilter(condition, target)
        : { sql: '0', parameters: [] }
    }
    case 'GLOB':
      return { sql: `${left} GLOB ${pattern(given[0])}`, parameters: [given[0]] }
    case 'LIKE': {
      // Connections differ in PRAGMA case_sensitive_like, but share what is cached for a condition.
      const mode = foldsCase() ? "'a' LIKE 'A'" : "'a' NOT LIKE 'A'"
      return { sql: `${left} LIKE ${pattern(given[0])} AND ${mode}`, parameters: [given[0]] }
    }
    default:
      return { sql: `${left} ${operator} ${place(given[0], column)}`, parameters: [given[0]] }
  }
}

function isNumber(value: TermValue): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

/** vec_contains(column, value) as a condition; undefined if no element can equal the value. */
function containing({ stored: path }: StoredColumn, given: TermValue): Condition | undefined {
  if (given === null || given instanceof Uint8Array) return undefined
  if (!(given instanceof Utf8)) {
    return Number.isFinite(Number(given)) ? { kind: 'contains', path, value: given } : undefined
  }
  return isUtf8(given) ? { kind: 'contains', path, value: String(given) } : undefined
}

/** A REAL becomes text as SQLite writes it. */
function pattern(value: TermValue): string {
  return typeof value === 'number' ? 'CAST(? AS REAL)' : '?'
}

/** Numbers keep their type, and the comparison its affinity, whatever type the shadow table's column has. */
function place(value: TermValue, { type }: StoredColumn): string {
  const text = value instanceof Utf8 ? String(value) : ''
  if (type !== 'TEXT' && (isNumber(value) || NUMERIC.test(text))) return 'CAST(? AS NUMERIC)'
  if (!isNumber(value)) return '?'
  // A whole number would be bound as an INTEGER. Unary plus removes the affinity of CAST.
  return typeof value === 'number' ? '+CAST(? AS REAL)' : '?'
}

/**
 * All texts of a list are one parameter in JSON, and so are all numbers, however many there are. NULL equals nothing.
 * SQLite has converted the values for the comparison: a number is left only if the comparison is numeric.
 */
function listed(left: string, values: readonly TermValue[]): RowFilter {
  const texts = values.filter(isUtf8)
  const numbers = values.filter(isNumber)
  const others = values.filter(value => value !== null && !isNumber(value) && !isUtf8(value))
  const terms: RowFilter[] = []
  if (texts.length > 0) {
    const json = JSON.stringify(texts.map(String))
    terms.push({ sql: `${left} IN (SELECT value FROM json_each(?))`, parameters: [json] })
  }
  if (numbers.length > 0) {
    const json = `[${numbers.map(numberInJson).join(',')}]`
    terms.push({
      sql: `${left} IN (SELECT CAST(value AS NUMERIC) FROM json_each(?))`,
      parameters: [json],
    })
  }
  if (others.length > 0) {
    terms.push({ sql: `${left} IN (${others.map(() => '?').join(', ')})`, parameters: others })
  }
  if (terms.length === 0) return { sql: '0', parameters: [] }
  return {
    sql: terms.map(({ sql }) => sql).join(' OR '),
    parameters: terms.flatMap(({ parameters }) => parameters),
  }
}

/** Text that JSON can represent as it is. */
function isUtf8(value: TermValue): value is Utf8 {
  return value instanceof Utf8 && !String(value).includes('\ufffd')
}

function numberInJson(value: number | bigint): string {
  if (typeof value === 'bigint') return String(value)
  if (!Number.isFinite(value)) return value > 0 ? '9e999' : '-9e999'
  const digits = String(value)
  return /[.e]/.test(digits) ? digits : `${digits}.0`
}

function textOf(value: TermValue): string {
  if (value instanceof Utf8) return String(value)
  throw refused(`expected JSON text, got ${sqlText(value)}`)
}

/** The conditions that must all hold, one by one: those on declared columns are answered faster. */
function metaFilters(
  text: string,
  metadata: readonly StoredColumn[],
  reads: StoredColumn[],
): FilterPart[] {
  let json: unknown
  try {
    json = parseJson(text)
  } catch {
    throw refused(`the text is not valid JSON (${lateParser.needed.jsonProblem(text)})`)
  }
  return partsOfFilter(lateParser.needed.parseFilter(json), metadata, reads)
}

/** The parts of a parsed filter. `reads` receives the columns that they read. */
export function partsOfFilter(
  condition: Condition,
  metadata: readonly StoredColumn[],
  reads: StoredColumn[],
): FilterPart[] {
  const columnOf = (path: string): StoredColumn | undefined =>
    metadata.find(column => column.stored === path || fieldOf(column) === path)
  const target: FilterTarget = {
    json: SHADOW.meta.stored,
    column(path) {
      const column = columnOf(path)
      reads.push(column ?? SHADOW.meta)
      return column && { sql: `${sqlName(column)} COLLATE BINARY`, json: column.json ?? false }
    },
  }
  const parts = lateSearch.needed.filterParts(condition, target, columnOf)
  if (parts.length === 0) reads.push(SHADOW.meta)
  return parts
}

function refused(what: string): VecError {
  return new VecError('VEC_FILTER', `filter: ${what}`, {
    hint: `write a filter as '{"lang": "en", "year": {"$gte": 2020}}'; docs/api.md#filters lists the operators`,
  })
}
