import { argumentError, requirePlainObject } from '../core/argument-error.ts'
import { checkOptions, text as nonEmpty, type Check } from '../core/check-options.ts'
import { VecError } from '../core/errors.ts'
import { float32OfFloat16 } from '../core/float16.ts'
import { readSafetensors, type Tensor } from './safetensors.ts'
import { WordPieceTokenizer } from './word-piece.ts'

/** The files of a static model, and its name. */
export interface StaticModel {
  /** The content of `model.safetensors`. */
  readonly tensors: Uint8Array
  /** The content of `tokenizer.json`: its text, or what JSON.parse makes of it. */
  readonly tokenizer: string | object
  /** The name of the model, which collections store with each vector. */
  readonly name: string
}

const WHERE = 'StaticEmbedder'
const bytes: Check = (where, name, value) => {
  if (!(value instanceof Uint8Array)) throw argumentError(where, name, value, 'a Uint8Array')
}
const textOrObject: Check = (where, name, value) => {
  if (typeof value !== 'string')
    requirePlainObject(where, name, value, 'the text of tokenizer.json, or an object')
}
const CHECKS: Readonly<Record<string, Check>> = {
  tensors: bytes,
  tokenizer: textOrObject,
  name: nonEmpty,
}

/**
 * Embeds texts without running a model: the vector of a text is the weighted mean of the vectors of its tokens, of length
 * 1. A text without a known token has the vector 0, which cosine searches never find. Reads models in the format of
 * model2vec whose tokenizer is BERT's.
 *
 *     const embedder = await loadStaticEmbedder('models/potion-base-8M')
 *     const docs = new Collection(db, { table: 'docs', dataset: 'en', embed: embedder.embed, model: embedder.name })
 */
export class StaticEmbedder {
  readonly name: string
  /** The number of dimensions. */
  readonly dim: number
  readonly #tokenizer: WordPieceTokenizer
  readonly #numbers: Float32Array | Int8Array
  /** What the vector of a token is multiplied by. */
  readonly #weights: Float32Array | undefined

  /** Throws TypeError for arguments of another kind, VEC_EMBEDDING for files that are not those of such a model. */
  constructor(model: StaticModel) {
    checkOptions(WHERE, model, CHECKS, 'model')
    for (const name of Object.keys(CHECKS))
      if (model[name as keyof StaticModel] === undefined)
        throw argumentError(WHERE, `model.${name}`, undefined, 'a value')
    const { tensors, tokenizer, name } = model
    this.name = name
    this.#tokenizer = new WordPieceTokenizer(
      typeof tokenizer === 'string' ? parsed(tokenizer) : tokenizer,
    )
    const named = readSafetensors(tensors)
    const matrix = named.get('embeddings')
    if (matrix?.shape.length !== 2 || matrix.shape[1] < 1)
      throw unusable('model.safetensors lacks the matrix embeddings')
    const [count, dim] = matrix.shape
    if (count < this.#tokenizer.size)
      throw unusable(`the model has ${count} vectors for ${this.#tokenizer.size} tokens`)
    this.dim = dim
    this.#numbers = numbersOf(matrix)
    const weights = named.get('weights')
    if (weights !== undefined && weights.shape[0] !== count)
      throw unusable(`the model has ${String(weights.shape[0])} weights for ${count} vectors`)
    this.#weights = weights && Float32Array.from(numbersOf(weights))
  }

  /** The vector of a text. */
  embedText(text: string): Float32Array {
    if (typeof text !== 'string') throw argumentError(`${WHERE}.embedText()`, 'text', text, 'text')
    const { dim } = this
    const sum = new Float64Array(dim)
    for (const token of this.#tokenizer.tokens(text)) {
      if (token === this.#tokenizer.unknown) continue
      const weight = this.#weights?.[token] ?? 1
      const at = token * dim
      for (let j = 0; j < dim; j++) sum[j] += weight * this.#numbers[at + j]
    }
    let squares = 0
    for (const value of sum) squares += value * value
    const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0
    return Float32Array.from(sum, value => value * scale)
  }

  /** The vectors of texts: an `EmbedFunc`. It needs no `this`. */
  readonly embed = async (
    texts: readonly string[],
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Float32Array[]> =>
    texts.map(text => {
      options.signal?.throwIfAborted()
      return this.embedText(text)
    })
}

function numbersOf({ type, bytes: given }: Tensor): Float32Array | Int8Array {
  if (type === 'I8') return new Int8Array(given.buffer, given.byteOffset, given.length)
  // A copy: the numbers of a file need not lie at a multiple of their size.
  const { buffer } = new Uint8Array(given)
  if (type === 'F32') return new Float32Array(buffer)
  if (type === 'F64') return Float32Array.from(new Float64Array(buffer))
  if (type === 'F16') {
    const bits = float32OfFloat16()
    return new Float32Array(Uint32Array.from(new Uint16Array(buffer), half => bits[half]).buffer)
  }
  throw unusable(`the numbers of the model are ${type}: expected F32, F64, F16 or I8`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw unusable('tokenizer.json is not JSON')
  }
}

function unusable(problem: string): VecError {
  return new VecError('VEC_EMBEDDING', problem, {
    hint: 'give model.safetensors and tokenizer.json of one static model in the format of model2vec',
  })
}
