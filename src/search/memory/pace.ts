/** When work that can wait is done. */
export interface Pace {
  /** Milliseconds. */
  now(): number
  /** Runs a part of the work once the program has done what was waiting. Returns what cancels it. */
  later(run: () => void): () => void
}

/** The least pause of a timer. */
const PAUSE_MS = 1
/**
 * A pending `setImmediate` keeps the process alive, and one that does not (`unref`) waits as long as the event loop sleeps. So
 * only every eighth part waits for a timer, which does neither: a program that has finished ends after a few parts.
 */
const PARTS = 8

let parts = 0

/** Work between the turns of the event loop. */
export const eventLoopPace: Pace = {
  now: () => performance.now(),
  later(run) {
    if (parts++ % PARTS > 0 && typeof setImmediate === 'function') {
      const immediate = setImmediate(run)
      return () => clearImmediate(immediate)
    }
    const timer = setTimeout(run, PAUSE_MS)
    ;(timer as { unref?: () => void }).unref?.()
    return () => clearTimeout(timer)
  },
}
