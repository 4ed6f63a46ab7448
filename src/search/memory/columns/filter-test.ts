import type { Condition, Scalar } from '../../../core/filter/condition.ts'
import { compareBytes } from '../../../core/id-table.ts'
import { Utf8 } from '../../../core/utf8.ts'
import type { StoredColumn } from '../../schema/table-schema.ts'
import { holds, includes, nullTest, rangesOf } from './cell-tests.ts'
import { compareCells, isNumber, type Cell } from './cell.ts'
import { joinedTests, type CellTest, type ColumnTest } from './column-test.ts'
import { textElements } from './json-cells.ts'
import { NUMERIC } from './numeric-text.ts'

type ColumnOf = (this: void, path: string) => StoredColumn | undefined

/**
 * A filter on declared columns alone as a computation on their values: it matches the same rows as its SQL. Undefined
 * if a field lacks a column, or for conversions of SQLite that are not implemented here.
 */
export function filterTest(condition: Condition, columnOf: ColumnOf): ColumnTest | undefined {
  switch (condition.kind) {
    case 'all':
    case 'any': {
      const of: ColumnTest[] = []
      for (const one of condition.of) {
        const test = filterTest(one, columnOf)
        if (!test) return undefined
        of.push(test)
      }
      // It reads no column, so SQLite answers it.
      if (of.length === 0) return undefined
      return condition.kind === 'any' ? { kind: 'any', of } : { kind: 'all', of: joinedTests(of) }
    }
    case 'not': {
      const of = filterTest(condition.of, columnOf)
      return of && { kind: 'not', of }
    }
    default:
      return fieldTest(condition, columnOf)
  }
}

type FieldCondition = Extract<Condition, { readonly path: string }>
type ValueCondition = Exclude<FieldCondition, { readonly kind: 'exists' | 'size' | 'element' }>

function fieldTest(condition: FieldCondition, columnOf: ColumnOf): ColumnTest | undefined {
  const column = columnOf(condition.path)
  if (!column) return undefined
  if (condition.kind === 'exists') return nullTest(column, false)
  if (condition.kind === 'size' || condition.kind === 'element') return undefined
  return column.json === true ? elementTest(column, condition) : valueTest(column, condition)
}

/** Text is compared only with text, and a number only with numbers. */
function valueTest(column: StoredColumn, condition: ValueCondition): CellTest | undefined {
  switch (condition.kind) {
    case 'compare': {
      const value = cellOf(condition.value)
      if (isConverted(column, value)) return undefined
      const { comparison } = condition
      if (isNumber(value)) {
        const passes = (cell: Cell): boolean =>
          isNumber(cell) && holds(comparison, compareCells(cell, value))
        return { kind: 'cell', column, passes, ranges: rangesOf(comparison, value) }
      }
      const passes = (cell: Cell): boolean =>
        cell instanceof Utf8 && holds(comparison, compareBytes(cell.bytes, value.bytes))
      const texts = comparison === '=' ? { texts: [value.bytes] } : {}
      return { kind: 'cell', column, passes, ranges: [], ...texts }
    }
    case 'in': {
      const values = condition.values.map(cellOf)
      if (values.some(value => isConverted(column, value))) return undefined
      const sorted = values.toSorted(compareCells)
      return { kind: 'cell', column, passes: cell => cell !== null && includes(sorted, cell) }
    }
    case 'contains':
      return textTest(column, condition.value, (text, wanted) => indexOf(text, wanted) >= 0)
    case 'startsWith':
      return textTest(column, condition.prefix, beginsWith)
  }
}

function textTest(
  column: StoredColumn,
  wanted: Scalar,
  test: (text: Uint8Array, wanted: Uint8Array) => boolean,
): CellTest {
  if (typeof wanted !== 'string') {
    return { kind: 'cell', column, passes: () => false, ranges: [], texts: [] }
  }
  const { bytes } = utf8(wanted)
  const passes = (cell: Cell): boolean => cell instanceof Utf8 && test(cell.bytes, bytes)
  return { kind: 'cell', column, passes, ranges: [] }
}

/** A test of the elements of a JSON array. Only SQLite reads numbers in JSON text. */
function elementTest(column: StoredColumn, condition: ValueCondition): CellTest | undefined {
  const test = elementPasses(condition)
  if (!test) return undefined
  const passes = (cell: Cell): boolean =>
    cell instanceof Utf8 && textElements(cell).some(element => test(element))
  return { kind: 'cell', column, passes, ranges: [] }
}

function elementPasses(condition: ValueCondition): ((element: string) => boolean) | undefined {
  switch (condition.kind) {
    case 'in': {
      const wanted = new Set(condition.values)
      const known = [...wanted].every(value => isPlainText(value))
      return known ? element => wanted.has(element) : undefined
    }
    case 'startsWith': {
      const { prefix } = condition
      return isPlainText(prefix) ? element => element.startsWith(prefix) : undefined
    }
    case 'compare':
      if (condition.comparison !== '=') return undefined
      break
    case 'contains':
  }
  const { value } = condition
  return isPlainText(value) ? element => element === value : undefined
}

/** Whether no conversion between JSON and SQL text alters the text. */
function isPlainText(value: Scalar): value is string {
  return typeof value === 'string' && !value.includes('\0') && !value.includes('\ufffd')
}

function cellOf(value: Scalar): number | bigint | Utf8 {
  if (typeof value === 'boolean') return value ? 1 : 0
  return typeof value === 'string' ? utf8(value) : value
}

function utf8(text: string): Utf8 {
  return new Utf8(new TextEncoder().encode(text))
}

/** Whether a numeric column converts the text to a number. */
function isConverted({ type }: StoredColumn, value: Cell): boolean {
  return type !== 'TEXT' && value instanceof Utf8 && NUMERIC.test(String(value))
}

function beginsWith(text: Uint8Array, prefix: Uint8Array): boolean {
  return compareBytes(text.subarray(0, prefix.length), prefix) === 0
}

function indexOf(text: Uint8Array, wanted: Uint8Array): number {
  if (wanted.length === 0) return 0
  const [first] = wanted
  for (let at = text.indexOf(first); at >= 0; at = text.indexOf(first, at + 1)) {
    if (beginsWith(text.subarray(at), wanted)) return at
  }
  return -1
}
