import { Progress } from '../progress.ts'
import { readCache, writeCache } from './cache.ts'
import { seededNormal, seededRandom } from './random.ts'
import { loadWordVectors, WORD_DIM } from './word-vectors.ts'

/** Rows to search and queries that are not among them. */
export interface DataSet {
  readonly name: string
  /** Names what is in it, seed and all: part of file names in the cache. */
  readonly key: string
  readonly dim: number
  readonly ids: readonly string[]
  readonly rows: Float32Array
  readonly queries: Float32Array
  readonly queryCount: number
}

export function rowOf(set: DataSet, i: number): Float32Array {
  return set.rows.subarray(i * set.dim, (i + 1) * set.dim)
}

export function queryOf(set: DataSet, i: number): Float32Array {
  const at = i % set.queryCount
  return set.queries.subarray(at * set.dim, (at + 1) * set.dim)
}

/**
 * The word vectors without 1000 queries. File order is by frequency, so the queries are taken by stride, from a start
 * that the seed chooses.
 */
export function wordSet(seed: number, queryCount = 1000): DataSet {
  const { words, vectors } = loadWordVectors()
  const stride = Math.floor(words.length / queryCount)
  const start = Math.floor(seededRandom(seed)() * stride)
  const ids: string[] = []
  const rows = new Float32Array((words.length - queryCount) * WORD_DIM)
  const queries = new Float32Array(queryCount * WORD_DIM)
  let asked = 0
  words.forEach((word, i) => {
    const vector = vectors.subarray(i * WORD_DIM, (i + 1) * WORD_DIM)
    if (i % stride === start && asked < queryCount) queries.set(vector, asked++ * WORD_DIM)
    else {
      rows.set(vector, ids.length * WORD_DIM)
      ids.push(word)
    }
  })
  const key = `words-${ids.length}-${queryCount}-${seed}`
  const name = `${ids.length} x 100 word vectors`
  return { name, key, dim: WORD_DIM, ids, rows, queries, queryCount }
}

const MIXTURE_DIM = 768

/** Rows of the mixture, and queries from the same one: drawn once, then read from the cache. */
export function mixtureSet(seed: number, count = 100_000, queryCount = 1000): DataSet {
  const dim = MIXTURE_DIM
  const total = count + queryCount
  const key = `mixture-${count}-${queryCount}-${seed}`
  const cached = readCache(`${key}.f32`)
  let all = new Float32Array(total * dim)
  if (cached?.length === all.byteLength) new Uint8Array(all.buffer).set(cached)
  else {
    all = drawMixture(seed, total, dim)
    writeCache(`${key}.f32`, new Uint8Array(all.buffer))
  }
  return {
    name: `${count} x 768 mixture`,
    key,
    dim,
    ids: Array.from({ length: count }, (_, i) => `doc-${String(i).padStart(6, '0')}`),
    rows: all.subarray(0, count * dim),
    queries: all.subarray(count * dim),
    queryCount,
  }
}

/** 500 Gaussian clusters: centres of N(0, 1), noise of 0.6 a number. */
export function drawMixture(seed: number, rows: number, dim: number): Float32Array<ArrayBuffer> {
  const progress = new Progress('drawing the mixture', rows)
  const normal = seededNormal(seed)
  const random = seededRandom(seed + 1)
  const centres = Float32Array.from({ length: 500 * dim }, normal)
  const all = new Float32Array(rows * dim)
  for (let i = 0; i < rows; i++) {
    const centre = Math.floor(random() * 500) * dim
    for (let j = 0; j < dim; j++) all[i * dim + j] = centres[centre + j] + 0.6 * normal()
    if (i % 1000 === 0) progress.update(i)
  }
  progress.end()
  return all
}

const SHEET_DIM = 64

/** Rows on a curved sheet of three dimensions in a space of 64, and queries from the same sheet. */
export function sheetSet(seed: number, count = 200_000, queryCount = 1000): DataSet {
  const dim = SHEET_DIM
  const all = drawSheet(seed, count + queryCount, dim)
  return {
    name: `${count} x 64 on a 3-d sheet`,
    key: `sheet-${count}-${queryCount}-${seed}`,
    dim,
    ids: Array.from({ length: count }, (_, i) => `doc-${String(i).padStart(6, '0')}`),
    rows: all.subarray(0, count * dim),
    queries: all.subarray(count * dim),
    queryCount,
  }
}

/** Three numbers of -1 to 1, put into `dim` by a random linear map, bent by a sine. */
function drawSheet(seed: number, rows: number, dim: number): Float32Array<ArrayBuffer> {
  const normal = seededNormal(seed)
  const random = seededRandom(seed + 1)
  const slopes = Float32Array.from({ length: 3 * dim }, normal)
  const bends = Float32Array.from({ length: 3 * dim }, normal)
  const all = new Float32Array(rows * dim)
  for (let i = 0; i < rows; i++) {
    const at = [2 * random() - 1, 2 * random() - 1, 2 * random() - 1]
    for (let j = 0; j < dim; j++) {
      let sum = 0
      for (let n = 0; n < 3; n++) {
        const k = n * dim + j
        sum += slopes[k] * at[n] + 0.3 * Math.sin(2 * bends[k] * at[n])
      }
      all[i * dim + j] = sum
    }
  }
  return all
}

/** Rows and queries alike in all directions: what no order and no turning makes faster. */
export function flatSet(seed: number, count: number, dim: number, queryCount = 500): DataSet {
  const normal = seededNormal(seed)
  const all = Float32Array.from({ length: (count + queryCount) * dim }, normal)
  return {
    name: `${count} x ${dim} alike in all directions`,
    key: `flat-${count}-${dim}-${queryCount}-${seed}`,
    dim,
    ids: Array.from({ length: count }, (_, i) => `doc-${String(i).padStart(6, '0')}`),
    rows: all.subarray(0, count * dim),
    queries: all.subarray(count * dim),
    queryCount,
  }
}

const SENTENCE_DIM = 384
const SENTENCES = 51_000
const SENTENCE_QUERIES = 1000

/**
 * Embeddings of WordNet's definitions by all-MiniLM-L6-v2: 50,000 rows, and 1000 queries that are not among them. Undefined while
 * `python3 bench/data/embed-definitions.py` has not written them to the cache.
 */
export function sentenceSet(): DataSet | undefined {
  const dim = SENTENCE_DIM
  const cached = readCache(`sentences-${SENTENCES}.f32`)
  if (cached?.length !== SENTENCES * dim * 4) return undefined
  const all = new Float32Array(SENTENCES * dim)
  new Uint8Array(all.buffer).set(cached)
  const rows = new Float32Array((SENTENCES - SENTENCE_QUERIES) * dim)
  const queries = new Float32Array(SENTENCE_QUERIES * dim)
  const stride = SENTENCES / SENTENCE_QUERIES
  let asked = 0
  for (let i = 0; i < SENTENCES; i++) {
    const vector = all.subarray(i * dim, (i + 1) * dim)
    if (i % stride === 0) queries.set(vector, asked++ * dim)
    else rows.set(vector, (i - asked) * dim)
  }
  const count = SENTENCES - SENTENCE_QUERIES
  return {
    name: `${count} x ${dim} sentence embeddings`,
    key: `sentences-${count}`,
    dim,
    ids: Array.from({ length: count }, (_, i) => `doc-${String(i).padStart(6, '0')}`),
    rows,
    queries,
    queryCount: SENTENCE_QUERIES,
  }
}
