import { setTimeout } from 'node:timers/promises'
import type { EmbedFunc } from '../entries/vecutil.ts'
import { inputError } from './cli-error.ts'

/** An endpoint in the form of OpenAI's API: POST <url>/embeddings. */
export interface Endpoint {
  readonly url: string
  readonly model: string
  readonly apiKey: string | undefined
  /** The maximum number of requests per minute; undefined for no limit. */
  readonly rate: number | undefined
  /** The number of retries of a request. */
  readonly retries: number
}

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 60_000
const REQUEST_TIMEOUT_MS = 120_000
/** The maximum length of a response that an error repeats. */
const ANSWER_TAIL = 300

/** Embeds over HTTP. Requests to busy or failing servers are repeated, after growing pauses or when the server says. */
export function embedEndpoint(endpoint: Endpoint): EmbedFunc {
  let next = 0
  return async (texts, { signal }) => {
    if (endpoint.rate !== undefined) {
      const now = Date.now()
      const at = Math.max(now, next)
      next = at + 60_000 / endpoint.rate
      await pauseFor(at - now, signal)
    }
    return ask(endpoint, texts, signal)
  }
}

async function pauseFor(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await setTimeout(milliseconds, undefined, signal ? { signal } : {})
  } catch (error) {
    // Throws the signal's own reason instead of an AbortError.
    signal?.throwIfAborted()
    throw error
  }
}

async function ask(
  endpoint: Endpoint,
  texts: readonly string[],
  signal: AbortSignal | undefined,
): Promise<number[][]> {
  for (let attempt = 0; ; attempt++) {
    const outcome = await request(endpoint, texts, signal)
    if ('vectors' in outcome) return outcome.vectors
    const { pause, why } = outcome
    if (attempt >= endpoint.retries) {
      throw inputError(`${endpoint.url}: ${why}`, `gave up after ${attempt + 1} requests`)
    }
    const backoff = FIRST_PAUSE_MS * 2 ** attempt * (0.5 + Math.random())
    await pauseFor(Math.min(LONGEST_PAUSE_MS, pause ?? backoff), signal)
  }
}

type Outcome =
  | { readonly vectors: number[][] }
  /** Retry, after so many milliseconds if the server says so. */
  | { readonly pause: number | undefined; readonly why: string }

async function request(
  { url, model, apiKey }: Endpoint,
  texts: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
  let response: Response
  let body: string
  try {
    response = await fetch(`${url.replace(/\/+$/, '')}/embeddings`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify({ model, input: texts }),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    })
    body = await response.text()
  } catch (error) {
    signal?.throwIfAborted()
    return { pause: undefined, why: `no answer (${reasonOf(error)})` }
  }
  if (response.ok) return { vectors: vectorsIn(url, body, texts.length) }
  const why = `answered ${response.status} ${body.trim().slice(0, ANSWER_TAIL)}`.trimEnd()
  if (response.status === 429 || response.status >= 500) {
    return { pause: retryAfter(response.headers.get('retry-after')), why }
  }
  const hint = [401, 403].includes(response.status)
    ? 'set the variable that --api-key-env names to a valid key'
    : 'check --embed-url and --model'
  throw inputError(`${url}: ${why}`, hint)
}

/** The delay of a Retry-After header: seconds, or a date. */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined
  const seconds = Number(header)
  const pause = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now()
  return Number.isFinite(pause) && pause >= 0 ? pause : undefined
}

function vectorsIn(url: string, body: string, count: number): number[][] {
  let answer: unknown
  try {
    answer = JSON.parse(body)
  } catch {
    answer = undefined
  }
  const { data } = (answer ?? {}) as { data?: unknown }
  const items = Array.isArray(data) ? (data as { index?: unknown; embedding?: unknown }[]) : []
  const vectors: number[][] = []
  for (const [at, item] of items.entries()) {
    const place = typeof item?.index === 'number' ? item.index : at
    if (Array.isArray(item?.embedding)) vectors[place] = item.embedding as number[]
  }
  if (vectors.length === count && !vectors.includes(undefined as never)) return vectors
  throw inputError(
    `${url}: answered ${body.trim().slice(0, ANSWER_TAIL)}`,
    `expected {"data": [{"index": 0, "embedding": [...]}, ...]} with ${count} embeddings`,
  )
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { code?: string } }
  return cause?.code ?? message ?? String(error)
}
