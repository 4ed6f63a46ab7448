import { metricOf } from '../../core/metric.ts'
import type { AllNeighbors, Neighbors } from '../contract.ts'
import type { Dataset } from '../dataset.ts'
import { NearestOthers } from '../nearest-others.ts'
import { SourceError } from '../source-error.ts'

/** Vectors are kept in memory up to this size: a gigabyte. */
const MOST_NUMBERS = 2 ** 28
const READ_AT_ONCE = 256
/** Rows whose nearest other row is looked for exactly, to tell how many of all were found. */
const TRIED = 100
const TRIED_AT_ONCE = 4
/** What is found exactly differs by rounding. */
const EQUAL = 1e-9
const ENOUGH = 0.98
/** So long may a search of a person wait, in milliseconds. */
const TURN = 40
/** Each page that shows a file looks once at a time. */
const MOST_KEPT = 2

/** For each row the other row that is nearest to it, by an exact search. */
export function neighbors(dataset: Dataset, rows: readonly number[]): Neighbors {
  const asked: { readonly row: number; readonly vector: Float32Array }[] = []
  const { dim } = dataset
  if (dim > 0)
    dataset.someVectors(rows, dim, (vector, row) => {
      if (Number.isFinite(squareOf(vector))) asked.push({ row, vector: vector.slice() })
    })
  const ids = asked.map(({ row }) => dataset.idOf(row))
  const found = dataset.collection
    .queryManySync(
      asked.map(({ vector }) => vector),
      { k: 2, include: [] },
    )
    .map((hits, i) => hits.find(({ id }) => id !== ids[i]))
  const pairs = asked.flatMap(({ row }, i) => {
    const hit = found[i]
    return hit === undefined ? [] : [{ row, nearest: dataset.rowOf(hit.id), score: hit.score }]
  })
  return {
    rows: Float64Array.from(pairs, ({ row }) => row),
    nearest: Float64Array.from(pairs, ({ nearest }) => nearest),
    scores: Float64Array.from(pairs, ({ score }) => score),
  }
}

function squareOf(vector: Float32Array): number {
  let square = 0
  for (let i = 0; i < vector.length; i++) square += vector[i] * vector[i]
  return square
}

type Step = Omit<AllNeighbors, 'found'>

/** Looks for the nearest other row of every row, a little at each call: other questions come between. */
export class NeighborSearches {
  readonly #kept = new Map<number, Generator<Step, AllNeighbors>>()
  #last = 0

  begin(dataset: Dataset): number {
    const { dim, rowids } = dataset
    if (rowids.length * dim > MOST_NUMBERS)
      throw new SourceError(
        'UI_ROWS',
        `${rowids.length} vectors of ${dim} numbers are too many to be kept in memory at once`,
        'look at some of the rows, or at all of them exactly',
      )
    const id = ++this.#last
    this.#kept.set(id, lookForAll(dataset, rowids))
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MOST_KEPT) break
      this.#kept.delete(oldest)
    }
    return id
  }

  continue(id: number): AllNeighbors {
    const search = this.#kept.get(id)
    if (search === undefined)
      throw new SourceError(
        'UI_GONE',
        'this search for neighbours is not kept any more',
        'start it again',
      )
    const end = performance.now() + TURN
    for (;;) {
      const { done, value } = search.next()
      if (done) {
        this.#kept.delete(id)
        return value
      }
      if (performance.now() > end) return value
    }
  }

  end(id: number): void {
    this.#kept.delete(id)
  }
}

function* lookForAll(dataset: Dataset, rowids: readonly number[]): Generator<Step, AllNeighbors> {
  const { dim } = dataset
  const { metric } = dataset.table
  const { directional, score } = metricOf(metric)
  const rows: number[] = []
  const values = new Float32Array(rowids.length * dim)
  const readable = dim > 0 ? rowids.length : 0
  for (let at = 0; at < readable; at += READ_AT_ONCE) {
    dataset.someVectors(rowids.slice(at, at + READ_AT_ONCE), dim, (vector, row) => {
      const square = squareOf(vector)
      if (!Number.isFinite(square) || (directional && square === 0)) return
      values.set(vector, dim * (rows.push(row) - 1))
    })
    yield { step: 'reading the vectors', done: at / rowids.length }
  }
  const search = new NearestOthers({ values, dim, count: rows.length, metric })
  for (const done of search.divide()) yield { step: 'putting near rows together', done }
  const trials = yield* tried(dataset, rows)
  let share = 1
  for (let round = 0; round < search.rounds; round++) {
    for (const done of search.round(round))
      yield { step: 'comparing', done: (round + done) / search.rounds }
    const right = trials.filter(
      ({ at, best }) =>
        scoreOf(search.nearest(at), score) >= best - EQUAL * Math.max(1, Math.abs(best)),
    )
    share = trials.length === 0 ? 1 : right.length / trials.length
    if (share >= ENOUGH) break
  }
  const found: { row: number; nearest: number; score: number }[] = []
  for (const [at, row] of rows.entries()) {
    const nearest = search.nearest(at)
    if (nearest === undefined) continue
    found.push({ row, nearest: rows[nearest.other], score: score(nearest.similarity) })
    if (at % 1000 === 0) yield { step: 'comparing', done: 1 }
  }
  return {
    step: 'comparing',
    done: 1,
    share,
    trials: trials.length,
    found: {
      rows: Float64Array.from(found, ({ row }) => row),
      nearest: Float64Array.from(found, ({ nearest }) => nearest),
      scores: Float64Array.from(found, each => each.score),
    },
  }
}

function scoreOf(
  found: { readonly similarity: number } | undefined,
  score: (similarity: number) => number,
): number {
  return found === undefined ? -Infinity : score(found.similarity)
}

interface Trial {
  /** The place of the row. */
  readonly at: number
  /** The score of the nearest other row. */
  readonly best: number
}

/** Some rows, evenly drawn, with the nearest of all others, by an exact search. */
function* tried(dataset: Dataset, rows: readonly number[]): Generator<Step, Trial[]> {
  const count = Math.min(TRIED, rows.length)
  const places = Array.from({ length: count }, (_, i) => Math.floor((i * rows.length) / count))
  const placeOf = new Map(places.map(at => [rows[at], at]))
  const trials: Trial[] = []
  for (let from = 0; from < count; from += TRIED_AT_ONCE) {
    const some = places.slice(from, from + TRIED_AT_ONCE).map(at => rows[at])
    const exact = neighbors(dataset, some)
    for (const [i, row] of exact.rows.entries())
      trials.push({ at: placeOf.get(row)!, best: exact.scores[i] })
    yield { step: 'looking for some exactly', done: from / count }
  }
  return trials
}
