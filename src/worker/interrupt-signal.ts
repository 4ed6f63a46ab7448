/** Where threads share memory, one number: that of the call which is to end. */
export function newControl(): Int32Array | undefined {
  // Browsers have the class on cross-origin isolated pages alone.
  if (typeof SharedArrayBuffer !== 'function') return undefined
  return new Int32Array(new SharedArrayBuffer(4))
}

/** A signal that is aborted once `control` holds the number of the call: events cannot reach a thread that is busy. */
export function interruptSignal(control: Int32Array, id: number): AbortSignal {
  const signal = {
    get aborted() {
      return Atomics.load(control, 0) === id
    },
  }
  return signal as AbortSignal
}
