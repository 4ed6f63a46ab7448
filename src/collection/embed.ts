import { VecError } from '../errors.ts'
import { encodeEmbedding } from '../vector/embedding.ts'

export interface EmbedOptions {
  readonly signal?: AbortSignal | undefined
}

/** Turns texts into vectors, one a text and in their order, all of one dimension. */
export type EmbedFunc = (
  texts: readonly string[],
  options: EmbedOptions,
) => Promise<readonly ArrayLike<number>[]>

/** An `EmbedFunc` out of a function that knows one text at a time; the texts are embedded one after the other. */
export function embedEach(
  embed: (text: string, options: EmbedOptions) => Promise<ArrayLike<number>>,
): EmbedFunc {
  return async (texts, options) => {
    const vectors: ArrayLike<number>[] = []
    for (const text of texts) {
      options.signal?.throwIfAborted()
      vectors.push(await embed(text, options))
    }
    return vectors
  }
}

export function requireEmbed(embed: unknown): void {
  if (typeof embed === 'function') return
  throw new TypeError(
    `vecutil: embed must be a function from texts to vectors, not ${typeof embed}`,
  )
}

/**
 * Embeds texts, in one call, and returns the bytes of the embeddings. Throws VEC_EMBEDDING when the function gives
 * another number of vectors or numbers that are not finite, VEC_DIMENSION when their dimensions differ.
 */
export async function embedTexts(
  embed: EmbedFunc,
  texts: readonly string[],
  options: EmbedOptions = {},
): Promise<Uint8Array[]> {
  const { signal } = options
  signal?.throwIfAborted()
  requireEmbed(embed)
  if (texts.length === 0) return []
  const vectors = await embed(texts, signal === undefined ? {} : { signal })
  signal?.throwIfAborted()
  if (!Array.isArray(vectors) || vectors.length !== texts.length) {
    const given = Array.isArray(vectors) ? `${vectors.length} vectors` : typeof vectors
    throw new VecError(
      'VEC_EMBEDDING',
      `vecutil: the embed function returned ${given} for ${texts.length} texts: one vector a text is expected`,
    )
  }
  const embeddings = vectors.map(vector => encodeEmbedding(vector as ArrayLike<number>))
  const bytes = embeddings[0].length
  if (bytes === 0) {
    throw new VecError('VEC_EMBEDDING', 'vecutil: the embed function returned an empty vector')
  }
  const odd = embeddings.find(embedding => embedding.length !== bytes)
  if (odd) {
    throw new VecError(
      'VEC_DIMENSION',
      `vecutil: the embed function returned vectors of ${bytes / 4} and of ${odd.length / 4} dimensions for one batch`,
    )
  }
  return embeddings
}

/** The bytes of the embedding of one text, as a MATCH takes them. */
export async function embedText(
  embed: EmbedFunc,
  text: string,
  options: EmbedOptions = {},
): Promise<Uint8Array> {
  return (await embedTexts(embed, [text], options))[0]
}
