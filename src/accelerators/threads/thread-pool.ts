import { threads } from './threads.ts'

/** The threads of this process that share the work of a search. */
export interface ThreadPool {
  /**
   * How many threads a search may use, the calling one among them: 1 to 16. By default what the environment variable
   * SQLITE_VEC_THREADS says, or one for each core, at most 4; in a worker of the application 1. An index that was built while it was 1
   * stays with one thread. It stays 1 where threads cannot help: in browsers, Bun and Deno. RangeError for anything else.
   *
   *     threadPool.size = 1 // no other threads from now on
   */
  size: number
  /** Threads beside the calling one that are ready. They start when large indexes are searched for the second time. */
  readonly running: number
}

export const threadPool: ThreadPool = threads
