const sleeper =
  typeof SharedArrayBuffer === 'function' ? new Int32Array(new SharedArrayBuffer(4)) : undefined

/** Blocks this thread for some milliseconds. Returns at once where that is not allowed, as on the main thread of a browser. */
export function pause(milliseconds: number): void {
  try {
    if (sleeper) Atomics.wait(sleeper, 0, 0, milliseconds)
  } catch {
    // The thread may not wait.
  }
}
