import { SCRATCH } from '../../../accelerators/arena.ts'
import { MAX_RESULTS, RESULT_BYTES } from '../../../accelerators/kernels.ts'

// How scans lay out the scratch of an arena.

/** The results of a scan. */
export const RESULTS: number = SCRATCH
/** The bitmap words of the rows of one scan. */
export const ALLOWED: number = RESULTS + RESULT_BYTES
/** Positions (u32 each) that the heads of rows in two parts could not rule out. */
export const LISTED: number = ALLOWED + MAX_RESULTS / 8
