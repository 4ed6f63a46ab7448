// The work that Node and a browser do alike: the same rows, searches and checks.

import { xorshift } from '../../src/core/xorshift.ts'
import { encodeEmbedding, insertMany, open, type Connection } from '../../src/entries/main.ts'

export const ROWS = 100_000
export const DIM = 384
export const NEAREST =
  "SELECT doc_id FROM docs WHERE dataset_id = 'main' AND doc_id MATCH ? LIMIT 10"
const LIMIT = 10
const QUERIES = 100
/** Searches before those that are measured, so that every runtime has compiled its code for speed. */
const WARM_UP = 100
const CHECKED = 20

/** What one runtime measures; times in milliseconds. */
export interface WorkloadTimes {
  /** One search, for each of the queries. */
  readonly searches: readonly number[]
  /** The searches whose results equal those of a scan in double precision, of `checked`. */
  readonly equal: number
  readonly checked: number
}

/** From `open()` to the answer of the first search. */
export interface Reopened {
  readonly milliseconds: number
  readonly firstSearch: number
  readonly isEqual: boolean
}

/** A row of uniform random numbers. Queries have positions from ROWS on. */
export function rowAt(seed: number, position: number): Float32Array {
  let state = Math.imul(seed * 1_000_003 + position, 0x9e3779b1) | 1
  return Float32Array.from({ length: DIM }, () => (state = xorshift(state)) / 2 ** 31)
}

/** Creates the table in a new file, searches, compares, and closes it with its index. */
export async function run(path: string, seed: number): Promise<WorkloadTimes> {
  using db = await open(path)
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  insertMany(db, '_vec_docs', ['dataset_id', 'id', 'embedding'], rows(seed))
  const search = searchOf(db)
  const searches = timed(seed, search)
  const some = queriesFrom(seed, 0, CHECKED)
  const expected = scan(seed, some)
  const equal = some.filter((query, i) => String(search(query)) === String(expected[i])).length
  return { searches, equal, checked: CHECKED }
}

/** Opens the file, whose index was saved, and searches once. */
export async function reopen(path: string, seed: number): Promise<Reopened> {
  const start = performance.now()
  using db = await open(path, { create: false })
  const search = searchOf(db)
  const query = rowAt(seed, ROWS)
  const begun = performance.now()
  const found = search(query)
  const end = performance.now()
  const isEqual = String(found) === String(scan(seed, [query])[0])
  return { milliseconds: end - start, firstSearch: end - begun, isEqual }
}

/** Milliseconds of each search of a file whose index was saved. */
export async function searchAgain(path: string, seed: number): Promise<number[]> {
  using db = await open(path, { create: false })
  return timed(seed, searchOf(db))
}

function* rows(seed: number): Generator<[string, string, Uint8Array]> {
  for (let i = 0; i < ROWS; i++) yield ['main', String(i), encodeEmbedding(rowAt(seed, i))]
}

function searchOf(db: Connection): (query: Float32Array) => unknown[] {
  const statement = db.prepare(NEAREST).pluck()
  return query => statement.all(encodeEmbedding(query))
}

/** Milliseconds of each search for the queries, after others that warm up. */
function timed(seed: number, search: (query: Float32Array) => unknown): number[] {
  for (const query of queriesFrom(seed, QUERIES, WARM_UP)) search(query)
  return queriesFrom(seed, 0, QUERIES).map(query => {
    const start = performance.now()
    search(query)
    return performance.now() - start
  })
}

/** `count` queries. */
export function queriesFrom(seed: number, first: number, count: number): Float32Array[] {
  return Array.from({ length: count }, (_, i) => rowAt(seed, ROWS + first + i))
}

/** The nearest rows of each query by cosine, in double precision. */
function scan(seed: number, queries: readonly Float32Array[]): string[][] {
  const scores = queries.map(() => new Float64Array(ROWS))
  for (let i = 0; i < ROWS; i++) {
    const row = rowAt(seed, i)
    let square = 0
    for (const x of row) square += x * x
    const length = Math.sqrt(square)
    for (const [q, query] of queries.entries()) {
      let dot = 0
      for (let d = 0; d < DIM; d++) dot += row[d] * query[d]
      scores[q][i] = dot / length
    }
  }
  return scores.map(of =>
    Array.from(of.keys())
      .toSorted((a, b) => of[b] - of[a])
      .slice(0, LIMIT)
      .map(String),
  )
}
