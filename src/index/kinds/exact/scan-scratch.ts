import { SCRATCH } from '../../../accelerators/arena.ts'
import { MAX_RESULTS, RESULT_BYTES } from '../../../accelerators/kernels.ts'

// The layout of an arena's scratch space during a scan.

/** The results of a scan. */
export const RESULTS: number = SCRATCH
/** The bitmap words of the rows of one scan. */
export const ALLOWED: number = RESULTS + RESULT_BYTES
/** The positions (u32 each) of rows in two parts that the heads could not rule out. */
export const LISTED: number = ALLOWED + MAX_RESULTS / 8
