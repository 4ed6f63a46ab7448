import { parentPort, Worker } from 'node:worker_threads'
import { threads } from '../../accelerators/threads/threads.ts'
import { workerThreads } from '../../accelerators/threads/worker-threads.ts'
import { VecError } from '../../core/errors.ts'
import {
  SHARING_LOCKS,
  sharedIndexes,
  type IndexSharing,
} from '../../search/memory/shared-indexes.ts'
import type { ForeignCalls, Port, WorkerLike } from '../port.ts'
import { FollowedCalls } from './foreign-calls.ts'

/** Whether several workers can have a file open. */
export const SHARES_FILES = true
/** Whether threads share memory. */
export const SHARES_MEMORY = true

/** With this command line option, which a worker inherits, Node refuses to run a file. */
const TEXT_OPTION = /^--input-type\b/

/** What the workers of a client need to share their indexes; undefined: one reader has none to share, or Node is missing. */
export function newSharing(places: number): Omit<IndexSharing, 'place'> | undefined {
  if (places < 3 || !workerThreads()) return undefined
  const locks = new SharedArrayBuffer(SHARING_LOCKS * 4)
  return { channel: `sqlite-vec-ts ${crypto.randomUUID()}`, locks, places }
}

/** Shares the indexes of this worker with the others. */
export function joinSharing(sharing: IndexSharing): void {
  sharedIndexes.join(sharing)
  threads.borrowers = sharing.places
}

/** Follows functions of the caller that a call waits for. */
export function newForeignCalls(): ForeignCalls {
  return new FollowedCalls()
}

/** What to do about the end of a worker, where its cause says it. */
export function hintOfThread(cause: Error): string | undefined {
  if ((cause as { code?: unknown }).code !== 'ERR_WORKER_OUT_OF_MEMORY') return undefined
  return 'read fewer rows at a time, or give Node more memory: --max-old-space-size'
}

/** Starts a worker thread. Node, Bun and Deno have the same module for it. */
export function startThread(given: (() => WorkerLike) | undefined): Port {
  const worker =
    given === undefined
      ? new Worker(
          new URL('./worker-thread.js', import.meta.url),
          // Node would refuse V8's options in an explicit list. A worker inherits them in any case.
          process.execArgv.some(option => TEXT_OPTION.test(option)) ? { execArgv: [] } : {},
        )
      : (given() as Worker)
  let isClosed = false
  worker.unref()
  return {
    send(message, transfer = []) {
      worker.postMessage(message, transfer as ArrayBuffer[])
    },
    receive(listener) {
      worker.on('message', listener)
    },
    lost(listener) {
      let isLost = false
      const once = (reason: Error): void => {
        if (!isClosed && !isLost) listener(reason)
        isLost = true
      }
      worker.on('error', once)
      worker.on('messageerror', once)
      worker.on('exit', code => {
        once(new Error(`the worker exited with code ${code}`))
      })
    },
    awaits(isAwaited) {
      // A worker that is being ended is awaited until it has ended.
      if (isClosed) return
      if (isAwaited) worker.ref()
      else worker.unref()
    },
    async close() {
      isClosed = true
      await worker.terminate()
    },
  }
}

/** The channel to the thread that started this worker. */
export function hostPort(): Port {
  const port = parentPort
  if (port === null)
    throw new VecError('VEC_ENGINE', 'serve() was called on the main thread', {
      hint: 'call it in the file of a worker that connect() starts',
    })
  return {
    send: (message, transfer = []) => {
      port.postMessage(message, transfer as ArrayBuffer[])
    },
    receive: listener => void port.on('message', listener),
    awaits: () => undefined,
    lost: listener => {
      port.on('close', () => {
        listener(new Error('the thread that started this worker is gone'))
      })
    },
    close: async () => {
      port.close()
    },
  }
}
