import { SMALL_INDEX } from '../../vector-index.ts'

/** What the choice between the scan and the tree goes by. Numbers measured: ARCHITECTURE.md. */
export interface AutoRule {
  /**
   * Up to so many bytes of floats, and so many rows, are scanned without a look: about the 4,000 rows of 64 numbers where
   * the original begins with trees.
   */
  readonly bytes: number
  readonly manyRows: number
  /** Fewer rows say too little about the rest. */
  readonly rows: number
  /** Data of more intrinsic dimensions than this is scanned without a trial. */
  readonly dimensions: number
  /** Rows that the scan does in the time of one row that a tree visits. */
  readonly visitCost: number
  /** The tree is chosen if its cost is below this share of the scan's. */
  readonly margin: number
  /** After so many searches of a tree it is looked at what they cost, and it is given up above so many times a scan's. */
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
