import type * as WorkerThreads from 'node:worker_threads'

/**
 * Node's threads. Undefined elsewhere: Bun and Deno have a module of that name, too, but it is not known whether theirs can
 * be stopped, waited for and left behind at any time; browsers cannot start a thread without a file.
 */
export function workerThreads(): typeof WorkerThreads | undefined {
  const { Deno, process } = globalThis as { Deno?: unknown; process?: Partial<NodeJS.Process> }
  if (process?.versions?.node === undefined || Deno !== undefined) return undefined
  if (process.versions['bun'] !== undefined || typeof SharedArrayBuffer !== 'function')
    return undefined
  // By its name without `node:`, which bundlers for browsers take for an import.
  return process.getBuiltinModule?.('worker_threads')
}
