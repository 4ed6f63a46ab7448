import { SMALL_INDEX } from '../../vector-index.ts'

/** The parameters of the choice between scan and tree. ARCHITECTURE.md has the measurements. */
export interface AutoRule {
  /**
   * Up to this many bytes of floats, and this many rows, rows are scanned without a check. That is about 4,000 rows of
   * 64 numbers, where the original begins to use trees.
   */
  readonly bytes: number
  readonly manyRows: number
  /** Fewer rows say too little about the rest. */
  readonly rows: number
  /** Data with a higher intrinsic dimension is scanned without a trial. */
  readonly dimensions: number
  /** The number of rows that a scan processes in the time in which a tree visits one. */
  readonly visitCost: number
  /** The tree is chosen if its cost is below this fraction of the scan's. */
  readonly margin: number
  /**
   * After this many searches, the cost of a tree is reviewed. It is given up if it exceeds the scan's by this factor.
   */
  readonly review: number
  readonly tooDear: number
}

export const AUTO_RULE: AutoRule = {
  bytes: SMALL_INDEX,
  manyRows: 16_384,
  rows: 256,
  dimensions: 8,
  visitCost: 24,
  margin: 0.85,
  review: 64,
  tooDear: 2,
}
