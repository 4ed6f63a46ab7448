/** How a search applied a filter, and why. */
export interface FilterPlan {
  /**
   * Few rows are looked up by key; or a bitmap restricts the scan; or the condition is evaluated for candidates of a
   * scan.
   */
  readonly way: 'by key' | 'bitmap' | 'after the scan'
  /** The number of matching positions, and of all positions. */
  readonly passing: number
  readonly of: number
  /** The origin of that number. */
  readonly source: 'cached' | 'columns' | 'table' | 'estimate'
}
