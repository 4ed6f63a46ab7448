import { VecError } from '../core/errors.ts'
import { backoff, pause } from './deadline.ts'
import { isRetryable, isSameFailure, isSyncError, messageOf } from './failure.ts'
import type { PassResult, ReplicatorStatus } from './replicator-options.ts'

interface Followed {
  pass(signal?: AbortSignal): Promise<PassResult>
  status(): ReplicatorStatus
}

interface FollowOptions {
  readonly interval: number
  /** Milliseconds between attempts to take a lease that another replicator holds. */
  readonly standby: number
  /** Whether all datasets are named. If every one of them halts, there is nothing left to do. */
  readonly fixed: boolean
  readonly warn: (message: string) => void
  readonly signal?: AbortSignal
}

/** A thin timer over `pass`: repeats it at once while there is more to do, and backs off with jitter while it fails. */
export async function followLoop(replicator: Followed, options: FollowOptions): Promise<void> {
  const { signal } = options
  const aborted = (): boolean => signal?.aborted === true
  let failures = 0
  let succeeded = false
  let refused: unknown
  while (!aborted()) {
    let wait: number
    try {
      const result = await replicator.pass(signal)
      failures = 0
      succeeded = true
      if (options.fixed && !result.more) throwWhenAllHalted(replicator.status())
      wait = result.standby ? options.standby : result.more ? 0 : options.interval
    } catch (error) {
      if (aborted()) return
      if (isFenced(error)) {
        options.warn(messageOf(error))
        wait = options.standby
      } else if (
        mayPass(error, succeeded) ||
        (isRefusal(error) && !isSameFailure(refused, error))
      ) {
        // A garbled stream can look like a refusal, so a refusal ends the loop only when it appears on two
        // connections.
        refused = error
        wait = backoff(failures++)
        options.warn(`${messageOf(error)}; trying again in ${Math.round(wait)} ms`)
      } else {
        throw error
      }
    }
    // Yields to timers and signals, even with more to do.
    await (wait === 0 ? new Promise(resolve => setImmediate(resolve)) : pause(wait, signal))
  }
}

const isFenced = (error: unknown): boolean => error instanceof VecError && error.code === 'FENCED'

/**
 * A problem that exists from the first moment does not go away by itself. Later, permissions and disks may come back.
 */
function mayPass(error: unknown, succeeded: boolean): boolean {
  if (isRetryable(error)) return true
  if (!succeeded) return false
  if (isSyncError(error)) return isRefusal(error)
  return /^SQLITE_(FULL|IOERR|CANTOPEN)/.test(String((error as { code?: unknown }).code))
}

/** The upstream answered, and refused. */
const isRefusal = (error: unknown): error is VecError =>
  isSyncError(error) && (error.code === 'SYNC_ACCESS' || error.code === 'SYNC_UPSTREAM')

function throwWhenAllHalted(status: ReplicatorStatus): void {
  const { datasets } = status
  if (datasets.length === 0 || !datasets.every(dataset => dataset.haltCode !== undefined)) return
  const [{ haltCode, haltMessage }] = datasets
  throw new VecError(haltCode!, haltMessage ?? 'every dataset is halted')
}
