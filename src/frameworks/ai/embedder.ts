import { embedMany, type EmbeddingModel } from 'ai'
import { argumentError } from '../../core/argument-error.ts'
import { checkOptions, object, wholeNumber } from '../../core/check-options.ts'
import type { EmbedFunc } from '../../documents/embed.ts'

/** Options that `embedMany()` of the AI SDK takes. */
export interface EmbedderOptions {
  /** How often a failed request is repeated; default 2. */
  readonly maxRetries?: number | undefined
  /** The maximum number of requests at a time. Default: no limit. */
  readonly maxParallelCalls?: number | undefined
  /** Options of the provider, for example `{ openai: { dimensions: 512 } }`. */
  readonly providerOptions?: NonNullable<Parameters<typeof embedMany>[0]['providerOptions']>
  readonly headers?: Readonly<Record<string, string>> | undefined
}

const WHERE = 'embedder()'

/**
 * An embed function of a model of the Vercel AI SDK, for `Collection`, `migrate()` and everything else that embeds.
 * `embedMany()` splits the texts into requests of the size that the model takes.
 *
 *     const model = openai.embedding('text-embedding-3-small')
 *     const notes = new Collection(db, { table: 'notes', dataset: 'me', embed: embedder(model), model: model.modelId })
 */
export function embedder(model: EmbeddingModel, options: EmbedderOptions = {}): EmbedFunc {
  requireModel(model)
  checkOptions(WHERE, options, {
    maxRetries: wholeNumber(0, 100),
    maxParallelCalls: wholeNumber(1, 10_000),
    providerOptions: object,
    headers: object,
  })
  const { maxRetries, maxParallelCalls, providerOptions, headers } = options
  return async (texts, { signal }) => {
    const { embeddings } = await embedMany({
      model,
      values: [...texts],
      ...(signal === undefined ? {} : { abortSignal: signal }),
      ...(maxRetries === undefined ? {} : { maxRetries }),
      ...(maxParallelCalls === undefined ? {} : { maxParallelCalls }),
      ...(providerOptions === undefined ? {} : { providerOptions }),
      ...(headers === undefined ? {} : { headers: { ...headers } }),
    })
    return embeddings
  }
}

/** The SDK reports a wrong model only when it embeds. */
function requireModel(model: unknown): void {
  const { doEmbed } = (model ?? {}) as Record<string, unknown>
  if (typeof doEmbed === 'function' || (typeof model === 'string' && model.trim() !== '')) return
  throw argumentError(
    WHERE,
    'model',
    model,
    'an embedding model of the AI SDK, or the name of one, such as openai/text-embedding-3-small',
  )
}
