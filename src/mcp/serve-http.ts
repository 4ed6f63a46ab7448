import { createHash, timingSafeEqual } from 'node:crypto'
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { argumentError } from '../core/argument-error.ts'
import { callback, checkOptions, wholeNumber, type Check } from '../core/check-options.ts'
import { readMessage, tooLong } from './message.ts'

export interface ServeHttpOptions {
  /** Makes the server of one request: `() => createServer(options)`. */
  readonly server: () => McpServer
  /** What clients send as `Authorization: Bearer <token>`: at least 16 characters. */
  readonly token: string
  /** Default 0: a free one. */
  readonly port?: number | undefined
}

/** A server that listens. */
export interface HttpServing {
  readonly url: string
  close(): void
}

const WHERE = 'serveHttp()'
const HOST = '127.0.0.1'
const PATH = '/mcp'
const LEAST_TOKEN = 16
/** The maximum length of a request. */
const LONGEST = 16 * 2 ** 20

const requireToken: Check = (where, name, token) => {
  if (typeof token === 'string' && new RegExp(`^[\\x21-\\x7e]{${LEAST_TOKEN},}$`).test(token))
    return
  // The token is a secret: its value is not repeated.
  const given = typeof token === 'string' ? 'text of another form' : typeof token
  throw new TypeError(
    `${where}: ${name} is ${given}: expected at least ${LEAST_TOKEN} printable ASCII characters without blanks`,
  )
}

/**
 * Serves streamable HTTP at `http://127.0.0.1:<port>/mcp`, for any number of clients. Requests need the token, and must
 * name this host: a page of another origin cannot reach the server through a name that it controls. There are no
 * sessions, so a client that goes away leaves nothing behind.
 *
 *     const { url, close } = await serveHttp({ server: () => createServer({ sources }), token })
 */
export async function serveHttp(options: ServeHttpOptions): Promise<HttpServing> {
  const checks = { server: callback, token: requireToken, port: wholeNumber(0, 65_535) }
  checkOptions(WHERE, options, checks)
  const { server, token, port = 0 } = options
  if (server === undefined) throw argumentError(WHERE, 'options.server', server, 'a function')
  requireToken(WHERE, 'options.token', token)
  let bound = port
  const http = createHttpServer((request, response) => {
    const refusal = refusalOf(request, bound, token)
    if (refusal) {
      refuse(response, refusal)
      return
    }
    answer(request, response, server).catch((error: unknown) => {
      const text = `the request failed (${(error as Error).message}): send it again`
      if (response.headersSent) response.destroy()
      else refuse(response, { status: 500, text })
    })
  })
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, HOST, resolve)
  })
  bound = (http.address() as AddressInfo).port
  return {
    url: `http://${HOST}:${bound}${PATH}`,
    close: () => {
      http.close()
      http.closeAllConnections()
    },
  }
}

interface HttpRefusal {
  readonly status: number
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
}

function refusalOf(
  { headers, method, url = '' }: IncomingMessage,
  port: number,
  token: string,
): HttpRefusal | undefined {
  const hosts = [`${HOST}:${port}`, `localhost:${port}`]
  if (!hosts.includes((headers.host ?? '').toLowerCase())) {
    return { status: 403, text: `wrong Host: expected ${hosts.join(' or ')}` }
  }
  const { origin } = headers
  if (origin !== undefined && !hosts.some(host => origin.toLowerCase() === `http://${host}`)) {
    return {
      status: 403,
      text: `wrong Origin: expected none, or http://${hosts.join(' or http://')}`,
    }
  }
  if (!isToken(headers.authorization, token)) {
    return {
      status: 401,
      text: 'no token, or a wrong one: expected the header Authorization: Bearer <token>',
      headers: { 'www-authenticate': 'Bearer' },
    }
  }
  if (url.split('?')[0] !== PATH) return { status: 404, text: `expected ${PATH}` }
  if (method === 'POST') return undefined
  return {
    status: 405,
    text: 'expected POST: there are neither sessions nor events',
    headers: { allow: 'POST' },
  }
}

/** Compares in constant time, whatever the length. */
function isToken(header: string | undefined, token: string): boolean {
  const given = /^Bearer +(.*)$/i.exec(header ?? '')?.[1] ?? ''
  return timingSafeEqual(digest(given), digest(token))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  create: () => McpServer,
): Promise<void> {
  const body = await bodyOf(request)
  if (body === undefined) {
    // The rest of the request is not read.
    refuseMessage(response, 413, tooLong(LONGEST), { connection: 'close' })
    return
  }
  const read = readMessage(body)
  if ('refusal' in read) {
    refuseMessage(response, 400, read.refusal)
    return
  }
  const server = create()
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
  response.on('close', () => void server.close())
  await server.connect(transport)
  await transport.handleRequest(request, response, read.message)
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length > LONGEST) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

function refuse(response: ServerResponse, { status, text, headers }: HttpRefusal): void {
  const error = { code: -32_000, message: text }
  refuseMessage(response, status, { jsonrpc: '2.0', id: null, error }, headers)
}

function refuseMessage(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}
