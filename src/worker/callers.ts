import type { Outgoing } from './outgoing.ts'
import type { Call } from './protocol.ts'

/** Makes calls for which an AsyncDatabase does not have a method. */
export interface Caller {
  /** Runs a task that makes calls, and for which `close` waits. Throws VEC_CLOSED after `close`. */
  whole<R>(task: () => Promise<R>): Promise<R>
  /** Runs a function of the caller within such a task, which waits for it: `close` throws in there. */
  foreign<R>(task: () => Promise<R>): Promise<R>
  /** A call within such a task. */
  call(call: Call, out: Outgoing, signal: AbortSignal | undefined): Promise<unknown>
  /** A name for something that the worker keeps between two calls. */
  newKey(): string
}

const callers = new WeakMap<object, Caller>()

export function setCaller(db: object, caller: Caller): void {
  callers.set(db, caller)
}

/** The caller of an AsyncDatabase; undefined for anything else. */
export function callerOf(db: unknown): Caller | undefined {
  return typeof db === 'object' && db !== null ? callers.get(db) : undefined
}
