import type { Readable, Writable } from 'node:stream'
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js'
import { readMessage, tooLong, type Refusal } from './message.ts'

export interface ServeStdioOptions {
  /** Default: `process.stdin`. */
  readonly input?: Readable | undefined
  /** Default: `process.stdout`. Nothing else may write to it. */
  readonly output?: Writable | undefined
  readonly signal?: AbortSignal | undefined
}

/** The maximum length of a message. */
const LONGEST = 16 * 2 ** 20
/** Milliseconds for the requests that are being answered when the input ends. */
const GRACE = 5000

/**
 * Serves one client over stdin and stdout, a message a line, until the input ends or the signal aborts. Unlike the
 * transport of the SDK, it answers lines that are not messages, limits their length, reads no faster than the client
 * reads, and ends with the client.
 */
export async function serveStdio(
  server: McpServer,
  options: ServeStdioOptions = {},
): Promise<void> {
  const { input = process.stdin, output = process.stdout, signal } = options
  const transport = new LineTransport(output)
  await server.connect(transport)
  const stop = (): void => void input.destroy()
  signal?.addEventListener('abort', stop, { once: true })
  try {
    if (signal?.aborted !== true) {
      for await (const line of untilAborted(linesOf(input), signal)) {
        transport.receive(line)
        if (output.writableNeedDrain) await drained(output)
      }
      await transport.answered(GRACE)
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error
  } finally {
    signal?.removeEventListener('abort', stop)
    await server.close()
  }
}

class LineTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: (message: JSONRPCMessage) => void
  readonly #output: Writable
  /** The requests that were not answered yet. */
  readonly #open = new Set<RequestId>()
  #done: (() => void) | undefined

  constructor(output: Writable) {
    this.#output = output
  }

  async start(): Promise<void> {}

  /** Handles a line of the client; undefined for one that was too long. */
  receive(line: string | undefined): void {
    if (line === undefined) return this.#write(tooLong(LONGEST))
    if (line.trim() === '') return
    const read = readMessage(line)
    if ('refusal' in read) return this.#write(read.refusal)
    const { message } = read
    if ('method' in message && 'id' in message) this.#open.add(message.id)
    if ('method' in message && message.method === 'notifications/cancelled') {
      this.#close(message.params?.['requestId'] as RequestId)
    }
    this.onmessage?.(message)
  }

  async send(message: JSONRPCMessage): Promise<void> {
    this.#write(message)
    if (!('method' in message) && message.id !== undefined) this.#close(message.id)
  }

  async close(): Promise<void> {
    this.onclose?.()
  }

  /** Waits until all requests have their answers, at most so many milliseconds. */
  async answered(milliseconds: number): Promise<void> {
    if (this.#open.size === 0) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, milliseconds)
      this.#done = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #close(id: RequestId): void {
    this.#open.delete(id)
    if (this.#open.size === 0) this.#done?.()
  }

  #write(message: JSONRPCMessage | Refusal): void {
    this.#output.write(`${JSON.stringify(message)}\n`)
  }
}

/** The lines of a stream; undefined for a line that is too long, whose rest is skipped. */
async function* linesOf(input: Readable): AsyncGenerator<string | undefined> {
  let parts: Buffer[] = []
  let length = 0
  for await (const chunk of input as AsyncIterable<Buffer | string>) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    let start = 0
    for (;;) {
      const end = bytes.indexOf(10, start)
      const part = bytes.subarray(start, end < 0 ? undefined : end)
      length += part.length
      if (length > LONGEST) parts = []
      else parts.push(part)
      if (end < 0) break
      yield length > LONGEST ? undefined : Buffer.concat(parts).toString()
      parts = []
      length = 0
      start = end + 1
    }
  }
  if (length > 0) yield length > LONGEST ? undefined : Buffer.concat(parts).toString()
}

/** Ends with the signal, too: a stdin that is destroyed while it is read does not end under Deno. */
async function* untilAborted<T>(
  values: AsyncGenerator<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  let wake: (() => void) | undefined
  const stop = (): void => wake?.()
  signal?.addEventListener('abort', stop, { once: true })
  try {
    for (;;) {
      if (signal?.aborted === true) return
      const next = await new Promise<IteratorResult<T> | undefined>((resolve, reject) => {
        wake = () => resolve(undefined)
        values.next().then(resolve, reject)
      })
      if (next === undefined || next.done === true) return
      yield next.value
    }
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

/** Waits for the client to read, or for the output to be gone. */
async function drained(output: Writable): Promise<void> {
  await new Promise<void>(resolve => {
    const done = (): void => {
      output.off('drain', done)
      output.off('close', done)
      resolve()
    }
    output.on('drain', done)
    output.on('close', done)
  })
}
