import {
  NOWHERE,
  type NearestOfSample,
  type Place,
  type PointMap,
  type RowSample,
  type Source,
} from '../src/ui/contract.ts'
import { SourceError } from '../src/ui/source-error.ts'
import { placeAmong, type NeighborGraph } from '../src/ui/umap.ts'
import type { LayoutAnswer, LayoutRequest } from './layout-worker.ts'

/** Rows that are laid out; all others are put among their neighbours. */
const SAMPLE = 5000
/** Neighbours that the layout keeps near, and those that place another row. */
const NEAR = 15
const PLACING = 5
/** Of more rows than these, the nearest are looked for among fewer: a million rows would take minutes. */
const MANY = 200_000
const FEW = 1000
/** So long may a search of the person wait for a block of rows, in milliseconds. */
const BLOCK_TIME = 25
const MOST_IN_BLOCK = 2000
const SEED = 7

/** The map by neighbours, and the number of rows that were laid out for it. */
export interface NeighborMap {
  readonly points: Float32Array
  readonly sampled: number
  /** The number of those that placed the other rows. */
  readonly placing: number
  readonly milliseconds: number
}

export interface Making {
  readonly signal: AbortSignal
  /** What is done, and which part of it, from 0 to 1. */
  progress(this: void, step: string, done: number): void
}

/**
 * Lays the rows of a map out by their neighbours: a sample by UMAP, in a worker of its own, and every other row among the
 * rows of the sample that are nearest to it. The questions to the database are short, so that searches get between them.
 */
export async function neighborMap(
  source: Source,
  place: Place,
  map: PointMap,
  making: Making,
): Promise<NeighborMap> {
  const began = performance.now()
  const asker = await SampleAsker.of(source, place, evenly(map.rows, SAMPLE))
  const { rows } = asker.sample
  const graph = await graphOf(asker, making)
  const pointOf = new Map(Array.from(map.rows, (row, point) => [row, point]))
  const start = new Float32Array(rows.length * 2)
  for (const [i, row] of rows.entries()) {
    const point = pointOf.get(row) ?? 0
    start.set(map.points.subarray(2 * point, 2 * point + 2), 2 * i)
  }
  const layout = await arranged({ graph, start, seed: SEED }, making)
  const points = new Float32Array(map.points.length)
  for (const [i, row] of rows.entries()) {
    const point = pointOf.get(row)
    if (point !== undefined) points.set(layout.subarray(2 * i, 2 * i + 2), 2 * point)
    pointOf.delete(row)
  }
  const rest = Float64Array.from(pointOf.keys())
  const isMany = rest.length > MANY
  const placing = isMany ? await SampleAsker.of(source, place, evenly(rows, FEW)) : asker
  const anchors = isMany ? layoutOf(placing.sample.rows, rows, layout) : layout
  await placing.each(rest, PLACING, making, 'placing the other rows', (row, own, distances) => {
    const point = pointOf.get(row)!
    points.set(placeAmong(anchors, own, distances, point), 2 * point)
  })
  return {
    points,
    sampled: rows.length,
    placing: placing.sample.rows.length,
    milliseconds: performance.now() - began,
  }
}

/** The layout of some of the rows. */
function layoutOf(some: Float64Array, rows: Float64Array, layout: Float32Array): Float32Array {
  const placeOf = new Map(Array.from(rows, (row, i) => [row, i]))
  return Float32Array.from(
    Array.from(some).flatMap(row => {
      const i = placeOf.get(row)!
      return [layout[2 * i], layout[2 * i + 1]]
    }),
  )
}

/** At most so many of the rows, from the first to the last. */
function evenly(rows: Float64Array, most: number): number[] {
  const count = Math.min(rows.length, most)
  return Array.from({ length: count }, (_, i) => rows[Math.floor((i * rows.length) / count)])
}

async function graphOf(asker: SampleAsker, making: Making): Promise<NeighborGraph> {
  const { rows } = asker.sample
  const k = Math.min(NEAR, rows.length - 1)
  if (k < 2) throw new SourceError('UI_MAP', 'a map by neighbours needs at least three vectors')
  const graph = {
    k,
    neighbors: new Uint32Array(rows.length * k),
    distances: new Float32Array(rows.length * k),
  }
  let at = 0
  // Each row is among its own neighbours, as a rule the first; of more than k equal rows, it may be missing.
  await asker.each(rows, k + 1, making, 'looking for neighbours', (_, own, distances) => {
    const self = own.indexOf(at)
    const left = self < 0 ? k : self
    for (let i = 0; i < k; i++) {
      const from = i < left ? i : i + 1
      graph.neighbors[at * k + i] = own[from]
      graph.distances[at * k + i] = distances[from]
    }
    at++
  })
  return graph
}

/** Asks for the nearest of a sample, block by block. */
class SampleAsker {
  readonly #source: Source
  readonly #place: Place
  sample: RowSample

  private constructor(source: Source, place: Place, sample: RowSample) {
    this.#source = source
    this.#place = place
    this.sample = sample
  }

  static async of(source: Source, place: Place, rows: readonly number[]): Promise<SampleAsker> {
    return new SampleAsker(source, place, await source.call('sample', place, rows))
  }

  /** Calls `visit` with the `k` nearest of each row that has a vector, in order. */
  async each(
    rows: Float64Array,
    k: number,
    { progress, signal }: Making,
    step: string,
    visit: (row: number, own: Uint32Array, distances: Float32Array) => void,
  ): Promise<void> {
    let size = 32
    for (let at = 0; at < rows.length;) {
      signal.throwIfAborted()
      progress(step, at / rows.length)
      const block = Array.from(rows.subarray(at, at + size))
      const began = performance.now()
      const found = await this.#nearest(block, k)
      const time = Math.max(1, performance.now() - began)
      for (const [i, row] of block.entries()) {
        const [first, end] = [i * found.k, (i + 1) * found.k]
        const own = found.neighbors.subarray(first, end)
        if (own[0] !== NOWHERE) visit(row, own, found.distances.subarray(first, end))
      }
      at += block.length
      size = Math.max(8, Math.min(MOST_IN_BLOCK, 2 * size, Math.round((size * BLOCK_TIME) / time)))
    }
    signal.throwIfAborted()
  }

  async #nearest(block: readonly number[], k: number): Promise<NearestOfSample> {
    try {
      return await this.#source.call('nearest', this.#place, this.sample.id, block, k)
    } catch (error) {
      // The worker of another tab has the database now, or other pages took samples.
      if ((error as SourceError).code !== 'UI_SAMPLE') throw error
      const { rows } = this.sample
      this.sample = await this.#source.call('sample', this.#place, Array.from(rows))
      return this.#source.call('nearest', this.#place, this.sample.id, block, k)
    }
  }
}

/** The layout of points, which a worker makes. */
async function arranged(
  request: LayoutRequest,
  { progress, signal }: Making,
): Promise<Float32Array> {
  const worker = new Worker(new URL('./layout-worker.js', import.meta.url), { type: 'module' })
  try {
    return await new Promise<Float32Array>((done, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      worker.addEventListener('error', ({ message }) =>
        reject(
          new SourceError(
            'UI_MAP',
            message ?? 'the program that arranges the map could not be loaded',
            'reload the page',
          ),
        ),
      )
      worker.addEventListener('message', event => {
        const answer = event.data as LayoutAnswer
        if ('points' in answer) done(answer.points)
        else progress('arranging the sample', answer.done)
      })
      worker.postMessage(request)
    })
  } finally {
    worker.terminate()
  }
}
