import { VecError } from '../core/errors.ts'
import type { Answer, Call } from './protocol.ts'
import type { RemoteWorker } from './remote-worker.ts'
import { errorFrom } from './wire-error.ts'

/** A call, with the buffers that are moved. */
export interface Outgo {
  readonly call: Call
  readonly transfer?: readonly ArrayBuffer[]
}

/** Calls that follow each other on one worker. */
interface Waiting {
  readonly calls: Iterable<Outgo>
  /** Whether none of them can write. */
  readonly isRead: boolean
  readonly signal: AbortSignal | undefined
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Calls in their order. The first call goes to the first idle worker. */
export class CallQueue {
  readonly #workers: readonly RemoteWorker[]
  readonly #waiting: Waiting[] = []
  readonly #running = new Map<Waiting, RemoteWorker>()
  #broken: Error | undefined

  constructor(workers: readonly RemoteWorker[]) {
    this.#workers = workers
  }

  /**
   * Resolves with the result of the last of these calls, between which no other call is made. An iterator makes each of
   * them when its turn comes. If one fails, the calls after it are not made.
   */
  async add(calls: Iterable<Outgo>, signal?: AbortSignal, isRead = false): Promise<unknown> {
    if (this.#broken !== undefined) throw this.#broken
    signal?.throwIfAborted()
    let aborted: (() => void) | undefined
    const result = new Promise<unknown>((resolve, reject) => {
      const waiting = { calls, isRead, signal, resolve, reject }
      this.#waiting.push(waiting)
      aborted = () => {
        this.#abort(waiting)
      }
      signal?.addEventListener('abort', aborted, { once: true })
      this.#next()
    })
    try {
      return await result
    } catch (error) {
      const isEnded = error instanceof VecError && error.code === 'SQLITE_INTERRUPT'
      if (isEnded && signal?.aborted) throw signal.reason
      throw error
    } finally {
      signal?.removeEventListener('abort', aborted!)
    }
  }

  /** Rejects all running, waiting and future calls. */
  fail(error: Error): void {
    this.#broken = error
    for (const { reject } of [...this.#running.keys(), ...this.#waiting.splice(0)]) reject(error)
  }

  #next(): void {
    for (const worker of this.#workers) {
      if (this.#waiting.length === 0) return
      const isBusy = [...this.#running.values()].includes(worker)
      if (!isBusy) void this.#run(worker, this.#waiting.shift()!)
    }
  }

  async #run(worker: RemoteWorker, waiting: Waiting): Promise<void> {
    const { calls, signal, resolve, reject } = waiting
    this.#running.set(waiting, worker)
    try {
      let value: unknown
      for (const { call, transfer } of calls) {
        signal?.throwIfAborted()
        value = valueOf(await worker.ask(call, transfer))
      }
      resolve(value)
    } catch (error) {
      reject(error)
    }
    this.#running.delete(waiting)
    this.#next()
  }

  #abort(waiting: Waiting): void {
    const reason: unknown = waiting.signal!.reason
    const place = this.#waiting.indexOf(waiting)
    if (place >= 0) {
      this.#waiting.splice(place, 1)
      waiting.reject(reason)
      return
    }
    const isInterrupted = this.#running.get(waiting)?.interrupt() ?? true
    // The result of a read is no longer needed. A write that continues is awaited, since it may still be committed.
    if (!isInterrupted && waiting.isRead) waiting.reject(reason)
  }
}

function valueOf(answer: Answer): unknown {
  if ('error' in answer) throw errorFrom(answer.error)
  return answer.value
}
