/** The facts of a database, which its statements and transactions also read. */
export interface DatabaseFacts {
  /** The file name it was opened with. */
  readonly name: string
  readonly open: boolean
  readonly inTransaction: boolean
  readonly readonly: boolean
  /** Whether the database is only in memory. */
  readonly memory: boolean
}
