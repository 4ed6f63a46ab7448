/** A number in shared memory: that of the call to be ended. Undefined if threads do not share memory. */
export function newControl(): Int32Array | undefined {
  // Browsers have the class only on cross-origin isolated pages.
  if (typeof SharedArrayBuffer !== 'function') return undefined
  return new Int32Array(new SharedArrayBuffer(4))
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
