import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'

/** The members of a driver's socket that are watched. */
export interface DriverSocket {
  on(event: 'data', listener: (data: Uint8Array) => void): unknown
  emit(event: string | symbol, ...values: unknown[]): boolean
  destroy(error?: Error): unknown
}

const watched = new WeakSet<DriverSocket>()

/**
 * Drivers read packets in a listener of their socket. An exception thrown there, over a garbled stream, would end the
 * process. The guard ends the socket instead, and reports the error to `fault`, because the driver may never answer
 * the open query.
 */
export function guardSocket(socket: DriverSocket, fault: (error: Error) => void): void {
  if (watched.has(socket)) return
  watched.add(socket)
  const emit = socket.emit.bind(socket)
  socket.emit = (event, ...values) => {
    try {
      return emit(event, ...values)
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error))
      fault(cause)
      socket.destroy(cause)
      return true
    }
  }
}

/** A property of a driver's object that is itself an object. Drivers differ, and so do their versions. */
export function partOf(object: unknown, name: string): unknown {
  return typeof object === 'object' && object !== null && name in object
    ? (object as Record<string, unknown>)[name]
    : undefined
}

export function isSocket(value: unknown): value is DriverSocket {
  return ['on', 'emit', 'destroy'].every(name => typeof partOf(value, name) === 'function')
}

/** Guards the sockets that a driver opens before it hands out a connection. */
export class ConnectingSockets {
  readonly #sockets = new Set<DriverSocket>()
  readonly #fault: (error: Error) => void
  #connecting = true

  constructor(fault: (error: Error) => void) {
    this.#fault = fault
  }

  /** Calls `connect`, and guards the sockets that it opens, now or later while it connects. */
  run<T>(connect: () => T): T {
    watchSockets()
    return connecting.run(this, connect)
  }

  /** The connection exists: sockets opened later in its context are not ours. */
  connected(): void {
    this.#connecting = false
  }

  /** Ends the sockets and timers of a failed attempt. */
  destroy(): void {
    this.#connecting = false
    for (const socket of this.#sockets) socket.destroy()
  }

  add(socket: DriverSocket): void {
    if (!this.#connecting) return
    this.#sockets.add(socket)
    guardSocket(socket, this.#fault)
  }
}

const connecting = new AsyncLocalStorage<ConnectingSockets>()
let watching = false

/** Node announces each socket that a client opens, in the context of the call that opens it. */
function watchSockets(): void {
  if (watching) return
  watching = true
  subscribe('net.client.socket', message => {
    const socket = partOf(message, 'socket')
    if (isSocket(socket)) connecting.getStore()?.add(socket)
  })
}
