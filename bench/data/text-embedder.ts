import { WORD_DIM, type WordVectors } from './word-vectors.ts'

/** Words that make up less than this share of all text weigh nearly 1. */
const SMOOTHING = 1e-3

/**
 * Embeds texts as the mean of their words' vectors, without a model: frequent words weigh a / (a + p), with their share
 * p of all text by Zipf's law from their place in the list, and the direction that all texts share is taken out (Arora,
 * Liang and Ma, "A simple but tough-to-beat baseline for sentence embeddings", 2017; there it is a principal component,
 * here the mean of a text at random).
 */
export class TextEmbedder {
  readonly #vectors: Float32Array
  readonly #places: Map<string, number>
  readonly #zipf: number
  readonly #common: Float64Array

  constructor({ words, vectors }: WordVectors) {
    this.#vectors = vectors
    this.#places = new Map(words.map((word, place) => [word, place]))
    this.#zipf = 1 / Math.log(words.length)
    const common = new Float64Array(WORD_DIM)
    for (let place = 0; place < words.length; place++) {
      this.#add(common, place, this.#share(place) * this.#weight(place))
    }
    const length = Math.hypot(...common)
    this.#common = common.map(x => (length === 0 ? 0 : x / length))
  }

  /** A vector of length 1; undefined where no word is known. */
  embed(text: string): Float32Array | undefined {
    const sum = new Float64Array(WORD_DIM)
    for (const [word] of text.toLowerCase().matchAll(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu)) {
      const place = this.#places.get(word)
      if (place !== undefined) this.#add(sum, place, this.#weight(place))
    }
    const common = this.#common
    let along = 0
    for (let i = 0; i < WORD_DIM; i++) along += sum[i] * common[i]
    for (let i = 0; i < WORD_DIM; i++) sum[i] -= along * common[i]
    const length = Math.hypot(...sum)
    return length > 0 ? Float32Array.from(sum, x => x / length) : undefined
  }

  #share(place: number): number {
    return this.#zipf / (place + 1)
  }

  #weight(place: number): number {
    return SMOOTHING / (SMOOTHING + this.#share(place))
  }

  #add(sum: Float64Array, place: number, weight: number): void {
    const at = place * WORD_DIM
    for (let i = 0; i < WORD_DIM; i++) sum[i] += weight * this.#vectors[at + i]
  }
}
