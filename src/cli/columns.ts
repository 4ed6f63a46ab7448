/** The layout of rows on a terminal. */
export interface Layout {
  /** The maximum width of cells in all columns but the last. */
  readonly widest?: number
  /** The maximum width of lines. */
  readonly width?: number
  /** Left-aligns numbers, too. */
  readonly leftAligned?: boolean
}

/** Rows under headings. Each column is as wide as its widest cell; numbers are right-aligned. */
export function columns(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  { widest = Infinity, width = Infinity, leftAligned = false }: Layout = {},
): string[] {
  const last = headings.length - 1
  const all = [headings, ...rows].map(row =>
    row.map((cell, at) => (at === last ? cell : cell.slice(0, widest))),
  )
  const widths = headings.map((_, at) => Math.max(...all.map(row => row[at].length)))
  const right = headings.map(
    (_, at) => !leftAligned && rows.every(row => /^[-\d.,]*$/.test(row[at])),
  )
  return all.map(row =>
    row
      .map((cell, at) => (right[at] ? cell.padStart(widths[at]) : cell.padEnd(widths[at])))
      .join('  ')
      .slice(0, width)
      .trimEnd(),
  )
}
