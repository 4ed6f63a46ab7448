/** One end of a line between a thread and a worker. */
export interface Port {
  /** Sends a message; `transfer` lists buffers that go over instead of being copied. */
  send(message: unknown, transfer?: readonly ArrayBuffer[]): void
  /** Calls `listener` with each message that arrives. */
  receive(listener: (message: unknown) => void): void
  /** Calls `listener` once, with the reason, when the other end is gone without `close`. */
  lost(listener: (reason: Error) => void): void
  /** Ends the worker. */
  close(): Promise<void>
}

/** A worker that the caller started: of `node:worker_threads`, or of a browser. */
export interface WorkerLike {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  terminate(): unknown
}
