/** A row that is not the same on both sides. */
export interface RowDifference {
  readonly id: string
  readonly kind: 'missing' | 'extra' | 'different'
  /** What is wrong with how a row is stored, where that is what differs: a BLOB that should be text, for instance. */
  readonly reason?: string
}
