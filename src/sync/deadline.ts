import { timeoutFailure } from './failure.ts'

/** Waits for `work` at most `milliseconds`; afterwards `giveUp` ends what is still going on. */
export function withDeadline<T>(
  work: Promise<T>,
  milliseconds: number,
  doing: string,
  giveUp: () => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      giveUp()
      reject(timeoutFailure(doing, milliseconds))
    }, milliseconds)
    work.then(
      value => {
        clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}

/** Sleeps, or less: an abort ends the sleep at once and is no error. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal?.aborted === true) {
      resolve()
      return
    }
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    signal?.addEventListener('abort', done, { once: true })
  })
}

/** 100 ms doubling to 30 s, each between half and all of that. */
export function backoff(attempt: number): number {
  return Math.min(30_000, 100 * 2 ** Math.min(attempt, 20)) * (0.5 + Math.random() / 2)
}
