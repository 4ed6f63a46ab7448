import { decodeBrute } from './brute-format.ts'
import { decodeCover, isCover } from './cover-format.ts'
import type { OriginalIndex } from './original-index.ts'

/**
 * Reads a persisted index of the original (docs/original-formats.md). Accepts what the original accepts and throws
 * VecError VEC_STORAGE for what it refuses, with two exceptions. It never trusts a count that the bytes cannot hold
 * (some of them crash the original), and it refuses vectors of unequal length in one tree. Ids are views of `bytes`.
 */
export function decodeOriginal(bytes: Uint8Array): OriginalIndex {
  return isCover(bytes) ? decodeCover(bytes) : decodeBrute(bytes)
}
