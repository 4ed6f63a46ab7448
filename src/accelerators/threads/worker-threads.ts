import type * as WorkerThreads from 'node:worker_threads'

/**
 * Node's threads, or undefined in other runtimes. Bun and Deno also have a module of that name, but no test shows that their
 * threads can end or be late at any time. Browsers cannot start a thread without a file.
 */
export function workerThreads(): typeof WorkerThreads | undefined {
  const { Deno, process } = globalThis as { Deno?: unknown; process?: Partial<NodeJS.Process> }
  if (process?.versions?.node === undefined || Deno !== undefined) return undefined
  if (process.versions['bun'] !== undefined || typeof SharedArrayBuffer !== 'function')
    return undefined
  // Without `node:`, because bundlers for browsers take such a name for an import.
  return process.getBuiltinModule?.('worker_threads')
}
