/** How a search went about a filter, and why. */
export interface FilterPlan {
  /** Few rows are looked up by key; a bitmap goes into the scan; or the candidates of a scan are asked. */
  readonly way: 'by key' | 'bitmap' | 'after the scan'
  /** Positions that pass, of how many. */
  readonly passing: number
  readonly of: number
  /** Where that number comes from. */
  readonly source: 'cached' | 'columns' | 'table' | 'estimate'
}
