import { metricOf } from '../../../core/metric.ts'
import { magnitude } from '../../../core/similarity.ts'
import { stagedRows } from '../../vector-index.ts'
import { CodeRows, codeStride } from './code-rows.ts'
import type { FloatRows } from './float-rows.ts'
import { principalAxes } from './principal-axes.ts'
import { Rotation } from './rotation.ts'
import type { RowOptions } from './row-block.ts'
import type { Rows } from './rows.ts'
import { areSplit, splitLayout, SplitRows } from './split-rows.ts'

/** Fewer rows say too little, and are scanned in almost no time. */
const TRIAL_ROWS = 1024
/** The number of rows encoded for a trial, and the number of its queries. */
const SAMPLE_ROWS = 4096
const QUERIES = 8
/** Rotating a row takes dim^2 products: 9 us at 384 dimensions, 16 us at 512. */
const MOST_TURNED = 512
/** Rotated rows cost more to build, so they must be faster by this factor. */
const TURNED_MARGIN = 0.85

/** The rows collected for a trial, with a threshold for its queries. */
export interface Collected {
  readonly rows: FloatRows
  /** A lower bound of the similarity of the k-th best row. */
  threshold(query: Float32Array, k: number): number
}

/**
 * The form in which a scan reads the least of these rows: whole, in two parts, or in two parts and rotated. A trial
 * counts how many rows the heads of a sample rule out. It does not use a clock, so the same rows give the same form.
 */
export function chosenRows(options: RowOptions, collected: Collected): Rows {
  const { dim, metric } = options
  if (!areSplit(metric, dim)) return new CodeRows(options)
  const sample = evenly(collected.rows, SAMPLE_ROWS, 0)
  if (sample.length < TRIAL_ROWS) return new SplitRows(options)
  const directional = metricOf(metric).directional
  const queries = evenly(collected.rows, QUERIES, 0.5)
    .filter(query => !directional || magnitude(query) > 0)
    .map(query => ({ query, least: collected.threshold(query, 4) }))
  const whole = wholeCost(dim)
  const split = splitCost(options, sample, queries)
  let best = Math.min(whole, split)
  if (dim <= MOST_TURNED && headCost(dim) < best * TURNED_MARGIN) {
    const rotation = rotationOf(options, sample, collected)
    if (splitCost(options, sample, queries, rotation) < best * TURNED_MARGIN) {
      return new SplitRows(options, rotation)
    }
  }
  return whole <= split ? new CodeRows(options) : new SplitRows(options)
}

interface Query {
  readonly query: Float32Array
  readonly least: number
}

// The cost of a row in a scan, in nanoseconds of the machine of bench/RESULTS.md; only ratios matter. A tail is far
// from the memory read before it.

function wholeCost(dim: number): number {
  return readCost(codeStride(dim))
}

function headCost(dim: number): number {
  return readCost(splitLayout(dim).headStride)
}

function readCost(bytes: number): number {
  return 1.6 + 0.0277 * bytes
}

/** A block whose heads rule out less than half of it is read whole, in two parts. */
function splitCost(
  options: RowOptions,
  sample: readonly Float32Array[],
  queries: readonly Query[],
  rotation?: Rotation,
): number {
  const { dim } = options
  const rows = new SplitRows({ ...options, expectedRows: sample.length }, rotation)
  append(rows, sample)
  const { tailStride } = splitLayout(dim)
  const tail = 12 + 0.06 * tailStride
  const head = headCost(dim)
  let cost = 0
  for (const { query, least } of queries) {
    const share = rows.reaching(query, least) / sample.length
    cost += Math.min(head + share * tail, 1.45 * wholeCost(dim))
  }
  rows.block.dispose()
  return cost / queries.length
}

function rotationOf(
  { dim, metric }: RowOptions,
  sample: readonly Float32Array[],
  { rows }: Collected,
): Rotation {
  const directional = metricOf(metric).directional
  const values = new Float32Array(sample.length * dim)
  for (const [i, row] of sample.entries()) {
    const length = directional ? magnitude(row) : 1
    if (length > 0) for (let j = 0; j < dim; j++) values[i * dim + j] = row[j] / length
  }
  const { headCodes } = splitLayout(dim)
  return new Rotation(principalAxes(values, dim, headCodes, rows.block.arena), dim)
}

/** At most `most` live rows, evenly spaced. `shift` is the fraction of the distance by which they are offset. */
function evenly(rows: FloatRows, most: number, shift: number): Float32Array[] {
  const { positions } = rows.block
  const count = Math.min(most, positions)
  const found: Float32Array[] = []
  for (let i = 0; i < count; i++) {
    const position = Math.floor(((i + shift) * positions) / count)
    if (rows.isLive(position)) found.push(rows.row(position).slice())
  }
  return found
}

function append(to: Rows, vectors: readonly Float32Array[]): void {
  const most = stagedRows(to.block.dim)
  for (let from = 0; from < vectors.length; from += most) {
    const part = vectors.slice(from, from + most)
    const stage = to.block.stage(part.length)
    for (const [i, vector] of part.entries()) stage.set(vector, i * vector.length)
    to.commit(part.length)
  }
}
