/** An `EmbedFunc` over an HTTP endpoint of OpenAI's shape: POST <baseUrl>/embeddings. */
import type { EmbedFunc } from '../src/entries/vecutil.ts'

export interface Endpoint {
  /** Without the last slash, e.g. `http://127.0.0.1:11434/v1`. */
  readonly baseUrl: string
  readonly model: string
  readonly apiKey?: string
  /** Texts in one request; default 256. */
  readonly batch?: number
}

interface Answer {
  readonly data: readonly { readonly index: number; readonly embedding: readonly number[] }[]
}

export function openaiCompatible({ baseUrl, model, apiKey, batch = 256 }: Endpoint): EmbedFunc {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (apiKey !== undefined) headers['authorization'] = `Bearer ${apiKey}`
  return async (texts, { signal }) => {
    const vectors: (readonly number[])[] = []
    for (let at = 0; at < texts.length; at += batch) {
      const input = texts.slice(at, at + batch)
      const response = await fetch(`${baseUrl}/embeddings`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ model, input }),
        signal: signal ?? null,
      })
      if (!response.ok) {
        throw new Error(`${baseUrl}/embeddings: ${response.status} ${await response.text()}`)
      }
      const { data } = (await response.json()) as Answer
      vectors.push(...data.toSorted((a, b) => a.index - b.index).map(item => item.embedding))
    }
    return vectors
  }
}
