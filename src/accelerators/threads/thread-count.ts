import { describeValue } from '../../core/describe-value.ts'
import { permitted } from '../../core/permitted.ts'
import { MOST_THREADS } from './turns.ts'
import { workerThreads } from './worker-threads.ts'

/** With more threads, memory bandwidth limits a scan. */
const DEFAULT_MOST = 4
const VARIABLE = 'SQLITE_VEC_THREADS'

/** Returns a number of threads that a caller gave. Throws RangeError if it is not an integer from 1 to 16. */
export function checkedThreads(what: string, value: unknown): number {
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MOST_THREADS)
    return Number(value)
  throw new RangeError(
    `${what} is ${describeValue(value)}: expected an integer from 1 to ${MOST_THREADS}`,
  )
}

/**
 * The default number of threads of a search: the value of the environment variable, or the number of cores, at most 4.
 * It is 1 in a worker of the application, because other workers use the other cores, and where threads cannot share memory.
 */
export function defaultThreads(): number {
  const given =
    workerThreads()?.isMainThread === true ? permitted(() => process.env[VARIABLE]) : undefined
  if (given !== undefined && given !== '')
    return checkedThreads(VARIABLE, /^\d+$/.test(given) ? Number(given) : given)
  if (workerThreads()?.isMainThread !== true) return 1
  return Math.min(process.getBuiltinModule('os').availableParallelism(), DEFAULT_MOST)
}
