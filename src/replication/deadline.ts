import { closedFailure, timeoutFailure } from './failure.ts'

/**
 * Waits for `work` at most `milliseconds`, then calls `giveUp` to end it. `closed` aborts when the connection is
 * destroyed, with an error as its reason if the driver failed; drivers then let a running statement wait for ever.
 */
export function withDeadline<T>(
  work: Promise<T>,
  milliseconds: number,
  doing: string,
  giveUp: () => void,
  closed?: AbortSignal,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const finish = (end: () => void): void => {
      clearTimeout(timer)
      closed?.removeEventListener('abort', onClosed)
      end()
    }
    const onClosed = (): void => finish(() => reject(closedFailure(doing, closed?.reason)))
    const timer = setTimeout(() => {
      finish(() => reject(timeoutFailure(doing, milliseconds)))
      giveUp()
    }, milliseconds)
    closed?.addEventListener('abort', onClosed, { once: true })
    work.then(
      value => finish(() => resolve(value)),
      (error: unknown) => finish(() => reject(error)),
    )
    if (closed?.aborted === true) onClosed()
  })
}

/** Sleeps at most this long. An abort ends the sleep at once, and is not an error. */
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

/** A delay that doubles from 100 ms to 30 s, of which a random part between half and all is taken. */
export function backoff(attempt: number): number {
  return Math.min(30_000, 100 * 2 ** Math.min(attempt, 20)) * (0.5 + Math.random() / 2)
}
