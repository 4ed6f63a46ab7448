import type { Dice } from '../dice.ts'
import type { Around, VfsCall } from '../engine/decorated-vfs.ts'

export type Operation = VfsCall['operation']

/**
 * How a call fails. 'part' then error: half of a read or write is done before the error. 'short': half is done, and that is
 * no error. 'end': a read finds the end of the file where there is none. 'refused': somebody else has the lock.
 */
export type Failure =
  | 'EIO'
  | 'ENOSPC'
  | 'EIO in part'
  | 'ENOSPC in part'
  | 'short'
  | 'end'
  | 'refused'

export interface Fault {
  readonly operation: Operation
  /** The first call that fails, from 1. */
  readonly nth: number
  readonly failure: Failure
  /** All calls from then on fail, until the fault is lifted. */
  readonly lasting: boolean
}

/** Calls that cannot fail, or whose failure SQLite cannot be told. */
const UNFAILING: ReadonlySet<Operation> = new Set<Operation>([
  'randomness',
  'sleep',
  'now',
  'sharedMemory.barrier',
])

/** The ways in which a call of an operation may fail. */
export function failuresOf(operation: Operation): readonly Failure[] {
  switch (operation) {
    case 'read':
      return ['EIO', 'EIO in part', 'short', 'end']
    case 'write':
      return ['EIO', 'ENOSPC', 'ENOSPC in part', 'short']
    case 'open':
    case 'truncate':
    case 'sync':
    case 'sharedMemory.map':
      return ['EIO', 'ENOSPC']
    case 'lock':
    case 'sharedMemory.lock':
      return ['EIO', 'refused']
    default:
      return ['EIO']
  }
}

/** Faults at random: each call fails with a chance, in one of its ways. */
export interface RandomFaults {
  readonly dice: Dice
  readonly chance: number
}

/** Lets faults happen, and counts the calls of each operation on the way. */
export class FaultPlan {
  readonly counts: Map<Operation, number> = new Map()
  readonly #faults: Fault | RandomFaults | undefined
  #isLifted = false

  constructor(faults?: Fault | RandomFaults) {
    this.#faults = faults
  }

  lift(): void {
    this.#isLifted = true
  }

  readonly around: Around = (call, go) => {
    const { operation } = call
    if (this.#isLifted || UNFAILING.has(operation)) return go()
    const count = (this.counts.get(operation) ?? 0) + 1
    this.counts.set(operation, count)
    const failure = this.#failureOf(operation, count)
    return failure === undefined ? go() : fail(failure, call, go)
  }

  #failureOf(operation: Operation, count: number): Failure | undefined {
    const faults = this.#faults
    if (faults === undefined) return undefined
    if ('dice' in faults) {
      const { dice, chance } = faults
      return dice.chance(chance) ? dice.pick(failuresOf(operation)) : undefined
    }
    const { nth, lasting, failure } = faults
    if (faults.operation !== operation) return undefined
    return count === nth || (lasting && count > nth) ? failure : undefined
  }
}

function fail<R>(failure: Failure, call: VfsCall, go: (bytes?: Uint8Array) => R): R {
  const half = call.bytes?.subarray(0, Math.ceil(call.bytes.length / 2))
  switch (failure) {
    case 'short':
      return go(half)
    case 'end':
      return 0 as R
    case 'refused':
      return false as R
    case 'EIO in part':
    case 'ENOSPC in part':
      go(half)
      throw systemError(failure === 'EIO in part' ? 'EIO' : 'ENOSPC', call)
    case 'EIO':
    case 'ENOSPC':
      // A file that was not closed, or a lock that was not given back, would stay so after the fault is lifted.
      if (AFTER.has(call.operation)) go()
      throw systemError(failure, call)
  }
}

const AFTER: ReadonlySet<Operation> = new Set<Operation>([
  'close',
  'unlock',
  'sharedMemory.unlock',
  'sharedMemory.unmap',
])

function systemError(code: 'EIO' | 'ENOSPC', { operation, path }: VfsCall): Error {
  return Object.assign(new Error(`${code}: by the test, ${operation} '${path}'`), { code })
}
