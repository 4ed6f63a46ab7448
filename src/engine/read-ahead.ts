import { readSync } from 'node:fs'
import { NO_LOCK } from './file-locks.ts'
import type { OpenFile } from './open-file.ts'

/** Read at once where a file is read from front to back. */
const AHEAD = 1 << 18
/** A jump forward of at most this much goes on with a run: pages of other tables stand between. */
const GAP = 1 << 17
/** Reads that make a run. */
const RUN = 3

// One buffer for all files: a scan reads one of them.
let buffer: Uint8Array | undefined
let owner: OpenFile | undefined
let start = 0
let end = 0
let next = 0
let run = 0

/**
 * Gives what was read ahead, reading on where `file` is read from front to back; false when the caller has to read
 * itself. What is held was read under a lock that has been held ever since, so nobody can have changed it.
 */
export function readAhead(
  file: OpenFile,
  heap: Uint8Array,
  p: number,
  bytes: number,
  from: number,
): boolean {
  if (!file.database || file.database.lock.level === NO_LOCK) return false
  if (owner !== file) {
    owner = file
    start = end = run = 0
  } else if (from >= start && from + bytes <= end) {
    next = from + bytes
    give(heap, p, bytes, from)
    return true
  }
  run = from >= next && from - next <= GAP ? run + 1 : 0
  next = from + bytes
  if (run < RUN || bytes > AHEAD) return false
  buffer ??= new Uint8Array(AHEAD)
  start = from
  end = from + readSync(file.fd, buffer, 0, AHEAD, from)
  if (from + bytes > end) return false
  give(heap, p, bytes, from)
  return true
}

/** The file is written, or no longer locked. */
export function forgetReadAhead(file: OpenFile): void {
  if (owner === file) owner = undefined
}

function give(heap: Uint8Array, p: number, bytes: number, from: number): void {
  heap.set(buffer!.subarray(from - start, from - start + bytes), p)
}
