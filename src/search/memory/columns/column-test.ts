import type { StoredColumn } from '../../schema/table-schema.ts'
import type { Cell } from './cell.ts'

/** A condition on metadata columns as a computation on their values. NULL counts as false. */
export type ColumnTest =
  | { readonly kind: 'all' | 'any'; readonly of: readonly ColumnTest[] }
  | { readonly kind: 'not'; readonly of: ColumnTest }
  | CellTest

/** A condition on the value of one column. */
export interface CellTest {
  readonly kind: 'cell'
  readonly column: StoredColumn
  passes(this: void, cell: Cell): boolean
  /** The matching numbers, if ranges describe them: equivalent to `passes` for every number. */
  readonly ranges?: readonly NumberRange[]
  /** The matching texts, if no other value matches: equivalent to `passes` for every value. */
  readonly texts?: readonly Uint8Array[]
}

/** All doubles from `low` to `high`, both included. */
export type NumberRange = readonly [low: number, high: number]

/** The columns that a test reads. */
export function columnsOf(test: ColumnTest): StoredColumn[] {
  switch (test.kind) {
    case 'cell':
      return [test.column]
    case 'not':
      return columnsOf(test.of)
    default:
      return test.of.flatMap(columnsOf)
  }
}

/** Conditions that must all hold; those on ranges of one column as one, which takes one pass over its cells. */
export function joinedTests(tests: readonly ColumnTest[]): ColumnTest[] {
  const joined: ColumnTest[] = []
  for (const test of tests) {
    const other = joined.findIndex(one => areOneRange(one, test))
    if (other < 0) joined.push(test)
    else joined[other] = bothRanges(joined[other] as RangeTest, test as RangeTest)
  }
  return joined
}

type RangeTest = CellTest & { readonly ranges: readonly NumberRange[] }

/** Whether both can be one test of one column. */
export function areOneRange(one: ColumnTest, other: ColumnTest): boolean {
  return isRange(one) && isRange(other) && one.column === other.column
}

function isRange(test: ColumnTest): test is RangeTest {
  return test.kind === 'cell' && test.ranges !== undefined && test.texts === undefined
}

function bothRanges(one: RangeTest, other: RangeTest): RangeTest {
  const ranges = one.ranges.flatMap(([low, high]) =>
    other.ranges.map(([from, to]): NumberRange => [Math.max(low, from), Math.min(high, to)]),
  )
  return {
    kind: 'cell',
    column: one.column,
    passes: cell => one.passes(cell) && other.passes(cell),
    ranges: ranges.filter(([low, high]) => low <= high),
  }
}
