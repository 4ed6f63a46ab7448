/** One end of a channel between a thread and a worker. */
export interface Port {
  /** Sends a message. `transfer` lists buffers that are moved instead of copied. */
  send(message: unknown, transfer?: readonly ArrayBuffer[]): void
  /** Calls `listener` with each message that arrives. */
  receive(listener: (message: unknown) => void): void
  /** Calls `listener` once, with the reason, when the other end disappears without `close`. */
  lost(listener: (reason: Error) => void): void
  /** Whether the other end owes an answer. An idle worker does not keep the process alive. */
  awaits(isAwaited: boolean): void
  /** Ends the worker. */
  close(): Promise<void>
}

/** The functions of the caller that a call waits for: they cannot wait for the end of that call. */
export interface ForeignCalls {
  /** Runs such a function. */
  run<R>(task: () => Promise<R>): Promise<R>
  /** The same iterable, whose steps are such functions. */
  steps<T>(iterable: AsyncIterable<T>): AsyncIterable<T>
  /** Throws SQLITE_MISUSE within such a function, where the platform can tell. */
  refuse(what: string): void
}

/** A worker started by the caller: of `node:worker_threads`, or of a browser. */
export interface WorkerLike {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  terminate(): unknown
}
