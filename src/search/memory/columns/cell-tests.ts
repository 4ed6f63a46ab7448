import { compareBytes } from '../../../core/id-table.ts'
import { Utf8 } from '../../../core/utf8.ts'
import type { StoredColumn } from '../../schema/table-schema.ts'
import { compareCells, isNumber, type Cell } from './cell.ts'
import type { CellTest, NumberRange } from './column-test.ts'
import { NUMERIC } from './numeric-text.ts'

export type CellComparison = '=' | '<>' | '<' | '<=' | '>' | '>='

/**
 * A comparison of a metadata column, for a column whose values have the column's own affinity. Undefined for
 * conversions of SQLite that are not implemented here.
 */
export function comparisonTest(
  column: StoredColumn,
  comparison: CellComparison,
  value: Cell,
): CellTest | undefined {
  if (value === null) return never(column)
  const operand = asColumn(column, value)
  if (operand === undefined) return undefined
  const passes = (cell: Cell): boolean =>
    cell !== null && holds(comparison, compareCells(cell, operand))
  const common = { kind: 'cell', column, passes } as const
  if (comparison === '=' && operand instanceof Utf8) return { ...common, texts: [operand.bytes] }
  return { ...common, ranges: rangesOf(comparison, operand) }
}

/** NULL equals nothing. */
export function listTest(column: StoredColumn, values: readonly Cell[]): CellTest | undefined {
  const operands: Exclude<Cell, null>[] = []
  for (const value of values) {
    if (value === null) continue
    const operand = asColumn(column, value)
    if (operand === undefined) return undefined
    operands.push(operand)
  }
  const texts = operands.flatMap(operand => (operand instanceof Utf8 ? [operand.bytes] : []))
  if (texts.length === operands.length && operands.length <= FEW) {
    const passes = (cell: Cell): boolean =>
      cell instanceof Utf8 && texts.some(text => compareBytes(text, cell.bytes) === 0)
    return { kind: 'cell', column, passes, texts }
  }
  operands.sort(compareCells)
  const passes = (cell: Cell): boolean => cell !== null && includes(operands, cell)
  const few = operands.length <= FEW
  return few
    ? { kind: 'cell', column, passes, ranges: operands.flatMap(one => rangesOf('=', one)) }
    : { kind: 'cell', column, passes }
}

export function nullTest(column: StoredColumn, isNull: boolean): CellTest {
  const passes = (cell: Cell): boolean => (cell === null) === isNull
  return { kind: 'cell', column, passes, ranges: isNull ? [] : [[-Infinity, Infinity]] }
}

/** Up to this many values, a test compares one by one. */
const FEW = 8

function never(column: StoredColumn): CellTest {
  return { kind: 'cell', column, passes: () => false, ranges: [], texts: [] }
}

/** The value as SQLite converts it for a comparison with the column. */
function asColumn(
  { type }: StoredColumn,
  value: Exclude<Cell, null>,
): Exclude<Cell, null> | undefined {
  if (value instanceof Uint8Array) return value
  if (type !== 'TEXT') {
    // Only SQLite reads the number.
    return value instanceof Utf8 && NUMERIC.test(String(value)) ? undefined : value
  }
  if (typeof value === 'bigint') return new Utf8(new TextEncoder().encode(String(value)))
  // Only SQLite converts a REAL to text.
  return typeof value === 'number' ? undefined : value
}

export function holds(comparison: CellComparison, order: number): boolean {
  switch (comparison) {
    case '=':
      return order === 0
    case '<>':
      return order !== 0
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
  }
}

export function includes(
  sorted: readonly Exclude<Cell, null>[],
  cell: Exclude<Cell, null>,
): boolean {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = compareCells(sorted[middle], cell)
    if (order === 0) return true
    if (order < 0) low = middle + 1
    else high = middle
  }
  return false
}

/** The doubles that satisfy a comparison. Text and blobs come after all numbers. */
export function rangesOf(
  comparison: CellComparison,
  operand: Exclude<Cell, null>,
): readonly NumberRange[] {
  if (!isNumber(operand)) {
    return comparison.startsWith('<') ? [[-Infinity, Infinity]] : []
  }
  const at = Number(operand)
  // The nearest doubles on both sides, for an integer between two doubles.
  const order = compareCells(at, operand)
  const below = order < 0 ? at : before(at)
  const above = order > 0 ? at : after(at)
  const upTo = order > 0 ? before(at) : at
  const from = order < 0 ? after(at) : at
  switch (comparison) {
    case '=':
      return order === 0 ? [[at, at]] : []
    case '<>':
      return [
        [-Infinity, below],
        [above, Infinity],
      ]
    case '<':
      return [[-Infinity, below]]
    case '<=':
      return [[-Infinity, upTo]]
    case '>':
      return [[above, Infinity]]
    case '>=':
      return [[from, Infinity]]
  }
}

const double = new Float64Array(1)
const bits = new BigInt64Array(double.buffer)

/** The next double; after the last one NaN, which no range includes. */
function after(number: number): number {
  if (number === Infinity) return NaN
  if (number === 0) return Number.MIN_VALUE
  double[0] = number
  bits[0] += number > 0 ? 1n : -1n
  return double[0]
}

function before(number: number): number {
  return -after(-number)
}
