/** The section that lists the others. */
export const COLUMNS_SECTION = 'columns'
/** The prefix of the names of the other sections. */
const SECTION = /^column\d+\./

/** Whether a section of a saved index belongs to a column store. */
export function isColumnSection(name: string): boolean {
  return name === COLUMNS_SECTION || SECTION.test(name)
}
