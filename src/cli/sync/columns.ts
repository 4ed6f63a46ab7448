/** Rows under headings, each column as wide as its widest; numbers are right-aligned. */
export function columns(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const all = [headings, ...rows]
  const widths = headings.map((_, at) => Math.max(...all.map(row => row[at].length)))
  const numeric = headings.map((_, at) => rows.every(row => /^[-\d.,]*$/.test(row[at])))
  return all.map(row =>
    row
      .map((cell, at) => (numeric[at] ? cell.padStart(widths[at]) : cell.padEnd(widths[at])))
      .join('  ')
      .trimEnd(),
  )
}
