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
