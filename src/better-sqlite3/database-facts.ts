/** What a database tells of itself, and what its statements and transactions know of it. */
export interface DatabaseFacts {
  /** What it was opened with. */
  readonly name: string
  readonly open: boolean
  readonly inTransaction: boolean
  readonly readonly: boolean
  /** It is in memory alone. */
  readonly memory: boolean
}
