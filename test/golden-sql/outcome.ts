import { VecError, type Connection, type SqlValue } from '../../src/entries/main.ts'
import { fromGolden, type GoldenValue, type Step } from './golden-folder.ts'

/** What became of a step here. */
export interface Outcome {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly SqlValue[])[]
  readonly error: VecError | undefined
}

export function run(db: Connection, sql: string, params: readonly SqlValue[]): Outcome {
  try {
    const statement = db.prepare(sql)
    try {
      if (!statement.reader) {
        statement.run(...params)
        return { columns: [], rows: [], error: undefined }
      }
      const rows = statement.raw().all(...params) as SqlValue[][]
      return { columns: statement.columns().map(column => column.name), rows, error: undefined }
    } finally {
      statement.finalize()
    }
  } catch (error) {
    if (error instanceof VecError) return { columns: [], rows: [], error }
    throw error
  }
}

export function paramsOf(step: Step): SqlValue[] {
  return (step.params ?? []).map(fromGolden)
}

export function recordedRows(step: Step): SqlValue[][] {
  return (step.rows ?? []).map((row: readonly GoldenValue[]) => row.map(fromGolden))
}

/**
 * How two answers differ; undefined: not at all. Reals may differ by `tolerance`; rows of equal score may stand in any
 * order, and at a LIMIT any of them may be the one that is left out.
 */
export function difference(
  expected: readonly (readonly SqlValue[])[],
  actual: readonly (readonly SqlValue[])[],
  {
    columns,
    tolerance,
    ordered,
  }: { columns: readonly string[]; tolerance: number; ordered: boolean },
): string | undefined {
  if (expected.length !== actual.length)
    return `${expected.length} rows expected, ${actual.length} found`
  if (expected.every((row, i) => sameRow(row, actual[i], tolerance))) return undefined
  const score = columns.indexOf('match_score')
  const groups = ordered ? tiesOf(expected, score, tolerance) : [[0, expected.length] as const]
  for (const [start, end] of groups) {
    if (score >= 0) {
      for (let i = start; i < end; i++) {
        if (!sameValue(expected[i][score], actual[i][score], tolerance)) {
          return `row ${i}: score ${text(expected[i])} expected, ${text(actual[i])} found`
        }
      }
    }
    if (end === expected.length && ordered && score >= 0 && end - start > 1) continue
    for (let i = start; i < end; i++) {
      const found = actual.slice(start, end).some(row => sameRow(expected[i], row, tolerance))
      if (!found) return `row ${i}: ${text(expected[i])} expected, ${text(actual[i])} found`
    }
  }
  return undefined
}

/** Stretches of rows with the same score. */
function tiesOf(
  rows: readonly (readonly SqlValue[])[],
  score: number,
  tolerance: number,
): (readonly [number, number])[] {
  const groups: [number, number][] = []
  rows.forEach((row, i) => {
    const last = groups.at(-1)
    if (last && score >= 0 && sameValue(rows[i - 1][score], row[score], tolerance)) last[1] = i + 1
    else groups.push([i, i + 1])
  })
  return groups
}

function sameRow(a: readonly SqlValue[], b: readonly SqlValue[], tolerance: number): boolean {
  return a.length === b.length && a.every((value, i) => sameValue(value, b[i], tolerance))
}

function sameValue(a: SqlValue, b: SqlValue, tolerance: number): boolean {
  if (typeof a === 'number' && typeof b === 'number') {
    return a === b || (!Number.isInteger(a) && Math.abs(a - b) <= tolerance)
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0
  return a === b
}

function text(row: readonly SqlValue[] | undefined): string {
  return JSON.stringify(row, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  )
}
