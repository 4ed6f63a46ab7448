/** A row that differs between the two sides. */
export interface RowDifference {
  readonly id: string
  readonly kind: 'missing' | 'extra' | 'different'
  /** The flaw in the stored form of the row, if that is the difference: for instance a BLOB that should be text. */
  readonly reason?: string
}
