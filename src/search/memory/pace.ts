/** When work that can wait is done. */
export interface Pace {
  /** Milliseconds. */
  now(): number
  /** Runs a part of the work once the program has done what was waiting. Returns what cancels it. */
  later(run: () => void): () => void
}

/** Where there is no `setImmediate`: the least pause between two parts. */
const PAUSE_MS = 1

/** What timers return where a pending one can keep the process alive. */
interface Pending {
  unref?: () => void
}

/** Work between the turns of the event loop. A program that has finished need not wait for it. */
export const eventLoopPace: Pace = {
  now: () => performance.now(),
  later(run) {
    if (typeof setImmediate === 'function') {
      const immediate = setImmediate(run)
      ;(immediate as Pending).unref?.()
      return () => clearImmediate(immediate)
    }
    const timer = setTimeout(run, PAUSE_MS)
    ;(timer as Pending).unref?.()
    return () => clearTimeout(timer)
  },
}
