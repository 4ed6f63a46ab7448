import { randomBytes, timingSafeEqual } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AsyncDatabase } from '../entries/worker.ts'
import type { PackedAnswer, TextEmbedder } from './contract.ts'
import { pack } from './packed.ts'
import { ASK } from './ui-function.ts'

export interface UiOptions {
  /** A connection whose worker is `ui-worker.js`. */
  readonly db: AsyncDatabase
  /** The name of the file, as the page shows it. */
  readonly name: string
  readonly writable: boolean
  /** Embeds the words of searches. */
  readonly embedder?: TextEmbedder | undefined
  /** 0 takes a free one. */
  readonly port: number
}

export interface UiServer {
  /** With the token, which the page keeps from the server's log and from other pages: it follows a `#`. */
  readonly url: string
  close(this: void): Promise<void>
}

const HOST = '127.0.0.1'
const MOST_BYTES = 4 << 20
/** The built page: `npm run build` copies it beside this file. */
const FOLDER = new URL('./ui-page/', import.meta.url)

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
}

/** What the page may do: run its own script, and ask this server. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
}

/** Serves the page and the answers to its questions on this machine alone. */
export async function serveUi(options: UiOptions): Promise<UiServer> {
  const token = randomBytes(24).toString('base64url')
  const pages = new Map(
    readdirSync(FOLDER).map(file => [`/${file}`, readFileSync(new URL(file, FOLDER))]),
  )
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo
    void respond(request, response, port)
  })

  async function respond(
    request: IncomingMessage,
    response: ServerResponse,
    port: number,
  ): Promise<void> {
    const refused = refusal(request, port)
    if (refused !== undefined) return send(response, refused.status, refused.text)
    const [path] = (request.url ?? '/').split('?')
    if (request.method === 'GET' || request.method === 'HEAD') {
      const name = path === '/' ? '/index.html' : path
      const body = pages.get(name)
      if (body === undefined) return send(response, 404, 'not found')
      return send(response, 200, request.method === 'HEAD' ? '' : body, TYPES[extname(name)])
    }
    if (request.method !== 'POST') return send(response, 405, 'expected GET or POST')
    if (!isAuthorized(request, token))
      return send(
        response,
        401,
        'the token is missing or wrong: open the address that svec ui printed',
      )
    try {
      send(
        response,
        200,
        await answer(path.slice(1), await bodyOf(request)),
        'application/octet-stream',
      )
    } catch (error) {
      const {
        code = 'UI_SERVER',
        message,
        hint,
      } = error as Error & { code?: string; hint?: string }
      send(response, 200, packedError(code, message, hint), 'application/octet-stream')
    }
  }

  async function answer(method: string, values: string): Promise<Uint8Array> {
    const { db, name, writable, embedder } = options
    if (method === 'about') {
      const model = embedder && { name: embedder.name, dim: embedder.dim }
      return pack({ value: { name, writable, ...(model ? { model } : {}) } })
    }
    if (method === 'embed' && embedder !== undefined) {
      const [text] = JSON.parse(values) as readonly unknown[]
      return pack({ value: await embedder.embed(String(text)) })
    }
    if (method === 'repair' && !writable)
      return packedError(
        'SQLITE_READONLY',
        'this page only reads the file',
        'start it with svec ui --write',
      )
    return (await db.get<Uint8Array>(ASK, [method, values], { rows: 'values' }))!
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, HOST, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${HOST}:${port}/#${token}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise(closed => server.close(closed))
    },
  }
}

function packedError(code: string, message: string, hint?: string): Uint8Array {
  const error = { code, message, ...(hint === undefined ? {} : { hint }) }
  return pack({ error } satisfies PackedAnswer)
}

/**
 * Why a request is not from the page. A page of another site can make a browser send requests here, and with a name
 * that it points to this machine it could read the answers: such a request has another Host, or another Origin.
 */
function refusal(
  { headers }: IncomingMessage,
  port: number,
): { readonly status: number; readonly text: string } | undefined {
  const hosts = [`${HOST}:${port}`, `localhost:${port}`]
  const { host = '', origin, 'sec-fetch-site': site } = headers
  if (!hosts.includes(host)) return { status: 421, text: 'unknown host' }
  if (origin !== undefined && origin !== `http://${host}`)
    return { status: 403, text: 'another origin' }
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return { status: 403, text: 'another site' }
  return undefined
}

function isAuthorized({ headers }: IncomingMessage, token: string): boolean {
  const given = Buffer.from(headers.authorization ?? '')
  const wanted = Buffer.from(`Bearer ${token}`)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length
    // What is too much is read, and dropped: a browser shows no answer to a request that was cut off.
    if (size <= MOST_BYTES) parts.push(part)
  }
  if (size > MOST_BYTES) throw new RangeError(`the request is larger than ${MOST_BYTES} bytes`)
  return Buffer.concat(parts).toString('utf8')
}

function send(
  response: ServerResponse,
  status: number,
  body: string | Uint8Array,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { ...HEADERS, 'content-type': type }).end(body)
}

/** The file of the worker that a connection for this server needs. */
export const UI_WORKER: string = fileURLToPath(new URL('./ui-worker.js', import.meta.url))
