import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** Changes bytes on their way; returns what is delivered instead. */
export type Garbler = (data: Buffer, from: 'server' | 'client') => Buffer

/** A TCP relay that can cut, freeze or garble what passes through it. */
export interface Proxy {
  readonly port: number
  /** How many connections it has carried. */
  readonly connections: number
  /** A connection is held back by `freeze`: what was asked on it is never answered. */
  readonly frozen: boolean
  /** After so many more bytes from the server: `cut` closes both sides, `freeze` delivers nothing more. */
  arm(action: 'cut' | 'freeze', afterBytes: number): void
  disarm(): void
  /** What passes from now on goes through `garbler`, on all connections; undefined ends that. */
  garble(garbler: Garbler | undefined): void
  /** Closes every connection, as a server does that drops idle clients. */
  cutAll(): void
  close(): Promise<void>
}

export async function startProxy(target: number): Promise<Proxy> {
  const sockets = new Set<Socket>()
  let armed: { action: 'cut' | 'freeze'; left: number } | undefined
  let garbler: Garbler | undefined
  let connections = 0
  let anyFrozen = false
  const server = createServer(client => {
    connections++
    const upstream = connect(target, '127.0.0.1')
    let frozen = false
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (data: Buffer) => upstream.write(garbler?.(data, 'client') ?? data))
    upstream.on('data', (received: Buffer) => {
      if (frozen) return
      const data = garbler?.(received, 'server') ?? received
      if (armed === undefined || armed.left >= data.length) {
        if (armed !== undefined) armed.left -= data.length
        client.write(data)
        return
      }
      const { action, left } = armed
      client.write(data.subarray(0, left))
      // What follows must not arrive either: a gap in the stream is no cut.
      frozen = true
      anyFrozen = true
      if (action === 'cut') {
        armed = undefined
        setTimeout(() => client.destroy(), 5)
      }
    })
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections
    },
    get frozen() {
      return anyFrozen
    },
    arm(action, afterBytes) {
      anyFrozen = false
      armed = { action, left: afterBytes }
    },
    disarm() {
      armed = undefined
    },
    garble(how) {
      garbler = how
    },
    cutAll() {
      for (const socket of sockets) socket.destroy()
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => {
        server.close(resolve)
      })
    },
  }
}
