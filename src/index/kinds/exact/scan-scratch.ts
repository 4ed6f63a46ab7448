import { SCRATCH, scratchOf } from '../../../accelerators/arena.ts'
import { MAX_RESULTS, RESULT_BYTES } from '../../../accelerators/kernels.ts'

// The layout of an arena's scratch space during a scan.

/** The results of a scan. */
export const RESULTS: number = SCRATCH
/** The bitmap words of the rows of one scan. */
export const ALLOWED: number = RESULTS + RESULT_BYTES
/** The positions (u32 each) of rows in two parts that the heads could not rule out. */
export const LISTED: number = ALLOWED + MAX_RESULTS / 8

/** The same in the scratch of a thread. */
export interface ScanScratch {
  readonly results: number
  readonly allowed: number
  readonly listed: number
}

export function scanScratch(thread: number): ScanScratch {
  const at = scratchOf(thread) - SCRATCH
  return { results: RESULTS + at, allowed: ALLOWED + at, listed: LISTED + at }
}
