import { VecError } from '../../core/errors.ts'
import type { ForeignCalls, Port, WorkerLike } from '../port.ts'

/** Whether several workers can have a file open. */
export const SHARES_FILES = false
/** Whether threads share memory: only pages with special headers do, and a call may run in another tab. */
export const SHARES_MEMORY = false

/** One worker has the file, so no other one can use its indexes. */
export function newSharing(): undefined {
  return undefined
}

export function joinSharing(): void {}

/** A browser cannot tell which function a call comes from. */
export function newForeignCalls(): ForeignCalls {
  return {
    run: async task => task(),
    steps: iterable => iterable,
    refuse: () => undefined,
  }
}

/** Browsers do not say why a worker has ended. */
export function hintOfThread(): undefined {}

/** Starts a worker of a browser. */
export function startThread(given: (() => WorkerLike) | undefined): Port {
  // Bundlers find the file only in this form. In dist/lib, it is beside the calling code.
  const worker =
    given === undefined
      ? new Worker(new URL('./worker-thread.browser.js', import.meta.url), { type: 'module' })
      : (given() as Worker)
  return {
    send(message, transfer = []) {
      worker.postMessage(message, transfer as ArrayBuffer[])
    },
    receive(listener) {
      worker.addEventListener('message', ({ data }) => {
        listener(data)
      })
    },
    lost(listener) {
      worker.addEventListener('error', event => {
        // An event without a message means that the file could not be loaded.
        const { message } = event as { message?: string }
        listener(new Error(message ?? 'the file of the worker could not be loaded'))
      })
      worker.addEventListener('messageerror', () => {
        listener(new Error('an answer of the worker could not be read'))
      })
    },
    // A page lives without its workers.
    awaits: () => undefined,
    async close() {
      worker.terminate()
    },
  }
}

/** The channel to the thread that started this worker. */
export function hostPort(): Port {
  const scope = globalThis as unknown as DedicatedWorkerGlobalScope
  if ('document' in scope || typeof scope.postMessage !== 'function')
    throw new VecError('VEC_ENGINE', 'serve() was called on the main thread', {
      hint: 'call it in the file of a worker that connect() starts',
    })
  return {
    send: (message, transfer = []) => {
      scope.postMessage(message, transfer as ArrayBuffer[])
    },
    receive: listener => {
      scope.addEventListener('message', ({ data }) => {
        listener(data)
      })
    },
    awaits: () => undefined,
    // A browser does not tell a worker: the worker ends with its page.
    lost: () => undefined,
    close: async () => {
      scope.close()
    },
  }
}
