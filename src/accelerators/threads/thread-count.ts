import { describeValue } from '../../core/describe-value.ts'
import { MOST_THREADS } from './turns.ts'
import { workerThreads } from './worker-threads.ts'

/** A scan by more threads is bound by the memory. */
const DEFAULT_MOST = 4
const VARIABLE = 'SQLITE_VEC_THREADS'

/** A number of threads that was asked for. Throws RangeError for anything else. */
export function checkedThreads(what: string, value: unknown): number {
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MOST_THREADS)
    return Number(value)
  throw new RangeError(
    `${what} is ${describeValue(value)}: expected an integer from 1 to ${MOST_THREADS}`,
  )
}

/**
 * How many threads a search may use unless it is told: what the environment variable says, or one for each core, at most 4. In
 * a worker of the application 1, as other workers have the other cores; also 1 where threads cannot share memory.
 */
export function defaultThreads(): number {
  const given = workerThreads()?.isMainThread === true ? process.env[VARIABLE] : undefined
  if (given !== undefined && given !== '')
    return checkedThreads(VARIABLE, /^\d+$/.test(given) ? Number(given) : given)
  if (workerThreads()?.isMainThread !== true) return 1
  return Math.min(process.getBuiltinModule('os').availableParallelism(), DEFAULT_MOST)
}
