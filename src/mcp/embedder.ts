import { decodeEmbedding } from '../core/embedding.ts'
import { embedTexts, type EmbedFunc } from '../documents/embed.ts'

/** An embed function may start a process for each call. */
const CONCURRENT = 4
const REMEMBERED = 200
/** Longer texts are not remembered. */
const LONGEST = 10_000

/**
 * Calls an embed function for a few requests at a time. Remembers the vectors of recent texts: the cursor of a page
 * belongs to the vector of its query.
 */
export class Embedder {
  static readonly #known = new WeakMap<EmbedFunc, Embedder>()
  readonly #embed: EmbedFunc
  readonly #recent = new Map<string, Float32Array>()
  readonly #waiting: (() => void)[] = []
  #running = 0

  private constructor(embed: EmbedFunc) {
    this.#embed = embed
  }

  /** The same one for all servers with this function. */
  static of(embed: EmbedFunc): Embedder {
    const embedder = Embedder.#known.get(embed) ?? new Embedder(embed)
    Embedder.#known.set(embed, embedder)
    return embedder
  }

  /** The vector of a query. */
  async queryVector(text: string, signal: AbortSignal): Promise<Float32Array> {
    const known = this.#recent.get(text)
    if (known) return known
    const [vector] = await this.vectors([text], signal)
    if (text.length > LONGEST) return vector
    if (this.#recent.size >= REMEMBERED) {
      const [oldest] = this.#recent.keys()
      this.#recent.delete(oldest)
    }
    this.#recent.set(text, vector)
    return vector
  }

  async vectors(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    while (this.#running >= CONCURRENT) {
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    }
    this.#running++
    try {
      return (await embedTexts(this.#embed, texts, { signal })).map(decodeEmbedding)
    } finally {
      this.#running--
      this.#waiting.shift()?.()
    }
  }
}
