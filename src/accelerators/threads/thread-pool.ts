import { threads } from './threads.ts'

/** The threads of this process that share the work of a search. */
export interface ThreadPool {
  /**
   * The number of threads that a search may use, including the calling one: 1 to 16. The default is the value of the environment
   * variable SQLITE_VEC_THREADS, or the number of cores, at most 4. In a worker of the application the default is 1. An index that
   * was built while the size was 1 stays with one thread. In browsers, Bun and Deno the size is always 1, since threads cannot help
   * there. Throws RangeError if the value is not an integer from 1 to 16.
   *
   *     threadPool.size = 1 // no other threads from now on
   */
  size: number
  /** The number of other threads that are ready. They start with the second search of large indexes. */
  readonly running: number
}

export const threadPool: ThreadPool = threads
