import { untilAborted } from '../core/check-options.ts'
import { describeValue, typedArrayName } from '../core/describe-value.ts'
import { VecError } from '../core/errors.ts'
import { bytesOfVector, readVector, type VectorInput } from '../core/read-vector.ts'
import { requireEmbed, requireList, requireOptions, requireText, VECUTIL } from './arguments.ts'

export interface EmbedOptions {
  readonly signal?: AbortSignal | undefined
}

/** Turns texts into vectors: one per text, in the same order, all of the same dimension. */
export type EmbedFunc = (
  texts: readonly string[],
  options: EmbedOptions,
) => Promise<readonly VectorInput[]>

/**
 * Turns a function of one text into an `EmbedFunc`, which embeds texts one after the other.
 *
 *     const embed = embedEach(async text => await model.vectorOf(text))
 */
export function embedEach(
  embed: (text: string, options: EmbedOptions) => Promise<VectorInput>,
): EmbedFunc {
  requireEmbed(embed)
  return async (texts, options) => {
    const vectors: VectorInput[] = []
    for (const text of texts) {
      options.signal?.throwIfAborted()
      vectors.push(await embed(text, options))
    }
    return vectors
  }
}

/**
 * Embeds texts in one call, and returns the bytes of the embeddings. Throws VEC_EMBEDDING if the function returns
 * another number of vectors, an empty one or numbers that are not finite float32, VEC_DIMENSION when their dimensions
 * differ, TypeError if one of them is not a vector (a Promise, bytes, an object), and the reason of the signal as soon as
 * it is aborted.
 *
 *     const [bread, butter] = await embedTexts(embed, ['bread', 'butter']) // Uint8Arrays for BLOBs
 */
export async function embedTexts(
  embed: EmbedFunc,
  texts: readonly string[],
  options: EmbedOptions = {},
): Promise<Uint8Array[]> {
  requireEmbed(embed)
  requireList(texts, 'texts', 'texts')
  texts.forEach((text, i) => requireText(text, `texts[${i}]`))
  requireOptions(options)
  const { signal } = options
  signal?.throwIfAborted()
  if (texts.length === 0) return []
  const embedAll = async (): Promise<unknown> =>
    embed(texts, signal === undefined ? {} : { signal })
  const vectors = await untilAborted(embedAll, signal)
  signal?.throwIfAborted()
  if (!Array.isArray(vectors) || vectors.length !== texts.length) {
    throw new VecError(
      'VEC_EMBEDDING',
      `${VECUTIL}: the embed function returned ${returned(vectors)} for ${texts.length} text${texts.length === 1 ? '' : 's'}: expected an array with one vector per text`,
      {
        hint: 'return an array in the order of the texts; if your function embeds one text, wrap it in embedEach()',
      },
    )
  }
  const embeddings = Array.from(vectors, (vector: unknown, i) =>
    bytesOfVector(readVector(vector, VECUTIL, `vector ${i} of the embed function`)),
  )
  const bytes = embeddings[0].length
  const odd = embeddings.find(embedding => embedding.length !== bytes)
  if (odd) {
    throw new VecError(
      'VEC_DIMENSION',
      `${VECUTIL}: the embed function returned vectors of ${bytes / 4} and of ${odd.length / 4} dimensions for one batch`,
      { hint: 'embed all texts with the same model' },
    )
  }
  return embeddings
}

/**
 * The bytes of the embedding of one text, in the form that MATCH takes. Errors as for embedTexts.
 *
 *     search.all('en', await embedText(embed, 'how to bake bread'))
 */
export async function embedText(
  embed: EmbedFunc,
  text: string,
  options: EmbedOptions = {},
): Promise<Uint8Array> {
  requireEmbed(embed)
  requireText(text, 'text')
  return (await embedTexts(embed, [text], options))[0]
}

function returned(vectors: unknown): string {
  if (!Array.isArray(vectors)) return describeValue(vectors)
  const flat = vectors.length > 0 && typeof vectors[0] === 'number'
  const what = flat
    ? 'number'
    : typedArrayName(vectors[0]) || Array.isArray(vectors[0])
      ? 'vector'
      : 'value'
  return `${vectors.length} ${what}${vectors.length === 1 ? '' : 's'}`
}
