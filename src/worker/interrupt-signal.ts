import { SHARES_MEMORY } from '#thread'

/** Where threads share memory, one number: that of the call which is to end. */
export function newControl(): Int32Array | undefined {
  return SHARES_MEMORY ? new Int32Array(new SharedArrayBuffer(4)) : undefined
}

/** A signal that is aborted once `control` holds the number of the call. Events cannot reach a busy thread. */
export function interruptSignal(control: Int32Array, id: number): AbortSignal {
  const signal = {
    get aborted() {
      return Atomics.load(control, 0) === id
    },
  }
  return signal as AbortSignal
}
