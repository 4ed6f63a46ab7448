import { decodeEmbedding, isFiniteVector, notFinite } from '../../core/embedding.ts'
import { VecError } from '../../core/errors.ts'
import type { Metric } from '../../core/metric.ts'
import { parseVectorText } from '../../core/parse-vector.ts'
import {
  distanceToSimilarity,
  scoreToSimilarity,
  similarityToDistance,
  similarityToScore,
} from '../../core/similarity.ts'
import type { SqlValue } from '../../database/values.ts'
import type { FilterArguments } from '../../sqlite/vtab/virtual-table.ts'
import { digitsOf, sqlText } from '../number-text.ts'
import { PLAN, type Comparison, type PlanWord } from './vec-plan.ts'

interface Bound {
  readonly of: 'score' | 'distance'
  readonly comparison: Comparison
  readonly value: number
}

/** The arguments of one execution of a plan, read and checked. */
export interface VecQuery {
  readonly datasets: readonly string[]
  /** Undefined: a scan of the dataset. */
  readonly vector: Float32Array | undefined
  readonly ids: readonly Uint8Array[] | undefined
  /** The `k` that was given; undefined without. */
  readonly k: number | undefined
  readonly limit: number
  readonly offset: number
  readonly bounds: readonly Bound[]
  /** All rows will be read. */
  readonly whole: boolean
}

export function readArguments(plan: number, detail: string, args: FilterArguments): VecQuery {
  const matching = plan !== PLAN.SCAN
  let datasets: string[] = []
  let vector: Float32Array | undefined
  let ids: Uint8Array[] | undefined
  let k: number | undefined
  let limit = Infinity
  let offset = 0
  const bounds: Bound[] = []
  const words = detail.split(' ') as PlanWord[]
  words.forEach((word, i) => {
    switch (word) {
      case 'dataset=':
        datasets = [datasetOf(keyOf(args, i) ?? args.value(i), matching)]
        return
      case 'dataset-in':
        datasets = distinct(
          args
            .list(i)
            .filter(value => value !== null)
            .map(value => datasetOf(value, matching)),
        )
        return
      case 'match':
        vector = queryVector(args.value(i))
        return
      case 'id=':
        ids = [keyOf(args, i) ?? args.utf8(i)].filter(id => id !== undefined)
        return
      case 'id-in':
        ids = args.utf8List(i)
        return
      case 'k':
        k = countOf(args.value(i))
        return
      case 'limit':
        limit = rowsOf(args.value(i), Infinity)
        return
      case 'offset':
        offset = rowsOf(args.value(i), 0)
        return
      default:
        bounds.push(boundOf(word, args.value(i)))
    }
  })
  const whole = plan === PLAN.MATCH_WHOLE || limit < Infinity
  return { datasets, vector, ids, k, limit, offset, bounds, whole }
}

/** The text of a number that is compared with dataset_id or the id column, as a TEXT column would compare it. */
function keyOf(args: FilterArguments, i: number): Uint8Array | undefined {
  const value = args.value(i)
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined
  const digits = digitsOf(value)
  return digits === undefined ? args.utf8(i) : new TextEncoder().encode(digits)
}

/** Text and BLOB of one dataset are the same. */
function distinct(values: readonly string[]): string[] {
  return [...new Set(values)]
}

function datasetOf(value: SqlValue, matching: boolean): string {
  if (value === null) {
    throw queryError(
      matching
        ? 'vec: dataset_id and MATCH arguments are required'
        : 'vec: dataset_id argument is required',
      'dataset_id cannot be NULL: name the dataset; in a join leave rows without one out: ... IS NOT NULL',
    )
  }
  // Numbers are text by now.
  const dataset = value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value)
  if (matching && dataset.trim() === '') {
    throw queryError('vec: dataset_id is required for ensureIndex', 'name the dataset')
  }
  return dataset
}

function queryVector(value: SqlValue): Float32Array {
  if (value === null) {
    throw queryError(
      'vec: dataset_id and MATCH arguments are required',
      'the query vector cannot be NULL; in a join leave rows without one out: ... IS NOT NULL',
    )
  }
  if (typeof value === 'number' || typeof value === 'bigint') {
    throw queryError(
      `vec: expected MATCH arg as BLOB or string, got ${goType(value)}`,
      "give a BLOB of float32, or text such as '[0.1, 0.2]'",
    )
  }
  const vector = typeof value === 'string' ? parseVectorText(value) : decodeEmbedding(value)
  if (!isFiniteVector(vector)) {
    const at = vector.findIndex(number => !Number.isFinite(number))
    throw notFinite(vector[at], at)
  }
  return vector
}

function countOf(value: SqlValue): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
  if (typeof value === 'bigint' && value >= 0n) return Number(value)
  throw queryError(
    `vec: k must be a whole number from 0, not ${sqlText(value)}`,
    'k is the number of nearest rows wanted',
  )
}

/** LIMIT and OFFSET, as SQLite means them: negative is none. */
function rowsOf(value: SqlValue, none: number): number {
  const rows = Number(value)
  return rows < 0 ? none : rows
}

function boundOf(word: string, value: SqlValue): Bound {
  const of = word.startsWith('score') ? 'score' : 'distance'
  const comparison = word.slice(of.length) as Comparison
  return { of, comparison, value: boundValue(of, value) }
}

function boundValue(of: string, value: SqlValue): number {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value)
  if (typeof value === 'string') {
    const text = value.trim()
    const number = text === '' ? NaN : Number(text)
    if (!Number.isNaN(number)) return number
    throw queryError(
      `vec: cannot parse ${of} ${JSON.stringify(value)}: strconv.ParseFloat: parsing ${JSON.stringify(value)}: invalid syntax`,
      'compare with a number',
    )
  }
  throw queryError(
    `vec: unsupported ${of} type ${value === null ? '<nil>' : '[]uint8'}`,
    'compare with a number',
  )
}

/** Type names that the original's errors use. */
function goType(value: number | bigint): string {
  return typeof value === 'bigint' || Number.isInteger(value) ? 'int64' : 'float64'
}

function queryError(message: string, hint: string): VecError {
  return new VecError('VEC_QUERY', message, { hint })
}

/** Bounds of score and distance as one condition on similarity, and a range that holds all that can fulfil it. */
export interface Condition {
  readonly min: number
  readonly max: number
  accepts(this: void, similarity: number): boolean
}

export function conditionOf(metric: Metric, bounds: readonly Bound[]): Condition {
  if (bounds.length === 0) return { min: -Infinity, max: Infinity, accepts: () => true }
  let min = -Infinity
  let max = Infinity
  for (const { of, comparison, value } of bounds) {
    const [similarity, rising] = similarityAt(metric, of, value)
    // Score and distance are rounded sums; the range is widened by more than that, and `accepts` decides.
    const slack = 1e-12 * (1 + Math.abs(similarity) + Math.abs(value))
    if (comparison === '=' || (comparison.startsWith('>') ? rising : !rising)) {
      min = Math.max(min, similarity - slack)
    }
    if (comparison === '=' || (comparison.startsWith('>') ? !rising : rising)) {
      max = Math.min(max, similarity + slack)
    }
  }
  return {
    min,
    max,
    accepts: similarity => bounds.every(bound => fulfils(metric, bound, similarity)),
  }
}

function similarityAt(metric: Metric, of: 'score' | 'distance', value: number): [number, boolean] {
  return of === 'score'
    ? [scoreToSimilarity(metric, value), true]
    : [distanceToSimilarity(metric, value), false]
}

function fulfils(metric: Metric, { of, comparison, value }: Bound, similarity: number): boolean {
  const own =
    of === 'score'
      ? similarityToScore(metric, similarity)
      : similarityToDistance(metric, similarity)
  switch (comparison) {
    case '>':
      return own > value
    case '>=':
      return own >= value
    case '<':
      return own < value
    case '<=':
      return own <= value
    case '=':
      return own === value
  }
}
