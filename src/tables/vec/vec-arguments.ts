import { isFiniteVector, notFinite } from '../../core/embedding.ts'
import { VecError } from '../../core/errors.ts'
import { IdList, type GivenIds } from '../../core/id-list.ts'
import type { Metric } from '../../core/metric.ts'
import { parseVectorText } from '../../core/parse-vector.ts'
import { takeBytes } from '../../core/read-vector.ts'
import { isRecall, RECALL_RANGE } from '../../core/recall.ts'
import {
  distanceToSimilarity,
  scoreToSimilarity,
  similarityToDistance,
  similarityToScore,
} from '../../core/similarity.ts'
import { Utf8 } from '../../core/utf8.ts'
import type { TermValue } from '../../sqlite/vtab/virtual-table.ts'
import { givenVector } from '../functions/given-vector.ts'
import { digitsOf, sqlText } from '../number-text.ts'
import { readFilter, type GivenFilter } from './given-filter.ts'
import { decodeRequest, type TextRequest } from './match-request.ts'
import { datasetRequired, type Comparison, type VecPlan } from './vec-plan.ts'

export interface Bound {
  readonly of: 'score' | 'distance'
  readonly comparison: Comparison
  readonly value: number
}

/** The checked arguments of one execution of a plan. */
export interface VecQuery {
  readonly datasets: readonly string[]
  /** Undefined for a scan of the dataset. */
  readonly vector: Float32Array | undefined
  /** The words to search for, with the vector or alone. */
  readonly request: TextRequest | undefined
  readonly ids: GivenIds | undefined
  /** Only rows that pass are returned. */
  readonly filter: GivenFilter | undefined
  /** The value of `k`, if the statement has one. */
  readonly k: number | undefined
  /** The share of the nearest rows that has to be found; undefined: what the table says. */
  readonly recall: number | undefined
  readonly limit: number
  readonly offset: number
  readonly bounds: readonly Bound[]
  /** Whether rows must come by rising distance. */
  readonly byDistance: boolean
  /** Whether all rows will be read. */
  readonly whole: boolean
}

/** `foldsCase` tells whether LIKE ignores case. */
export function readQuery(
  plan: VecPlan,
  values: readonly (readonly TermValue[])[],
  texts: readonly (IdList | undefined)[],
  foldsCase: () => boolean,
): VecQuery {
  const one = (place: number | undefined): TermValue | undefined =>
    place === undefined ? undefined : values[place][0]
  if (plan.dataset < 0) throw datasetRequired(plan.match !== undefined)
  const query = one(plan.match)
  const k = one(plan.k)
  const recall = one(plan.recall)
  const limit = one(plan.limit)
  const offset = one(plan.offset)
  const rows = limit === undefined ? Infinity : rowsOf(limit, Infinity)
  const datasets = datasetsOf(values[plan.dataset], plan)
  const { vector, request } =
    query === undefined ? SCAN : matched(query, Number(values[plan.match!][1] ?? 0))
  return {
    datasets,
    vector,
    request,
    ids: plan.ids === undefined ? undefined : idsOf(values[plan.ids], texts[plan.ids]),
    filter: readFilter(plan, values, foldsCase),
    k: k === undefined ? undefined : countOf(k),
    recall: recall === undefined ? undefined : recallOf(recall),
    limit: rows,
    offset: offset === undefined ? 0 : rowsOf(offset, 0),
    bounds: plan.bounds.map(({ of, comparison, value }) => ({
      of,
      comparison,
      value: boundValue(of, values[value][0]),
    })),
    byDistance: plan.byDistance,
    whole: plan.whole || rows < Infinity,
  }
}

/**
 * A list may contain NULL, which equals nothing. A single NULL is usually the mistake of a join without its
 * condition.
 */
function datasetsOf(values: readonly TermValue[], { match, listed }: VecPlan): string[] {
  if (!listed && values[0] === null) {
    throw queryError(
      match === undefined
        ? 'vec: dataset_id argument is required'
        : 'vec: dataset_id and MATCH arguments are required',
      'dataset_id cannot be NULL: name the dataset; in a join, exclude rows without one: ... IS NOT NULL',
    )
  }
  // Text and BLOB of the same bytes name one dataset, as in the original.
  const bytes = values.map(value => (value instanceof Uint8Array ? value : textOf(value)))
  const named = bytes.filter(one => one !== undefined).map(one => String(new Utf8(one)))
  const datasets = named.length > 1 ? [...new Set(named)] : named
  if (match !== undefined && datasets.some(dataset => dataset.trim() === '')) {
    throw queryError('vec: dataset_id is required for ensureIndex', 'name the dataset')
  }
  return datasets
}

/** The ids of a list: its texts, and its numbers as the text that they equal. */
function idsOf(values: readonly TermValue[], texts = new IdList()): IdList {
  for (const value of values) {
    const id = textOf(value)
    if (id) texts.push(id)
  }
  return texts
}

const encoder = new TextEncoder()

/** A value as a TEXT column compares it; undefined for NULL and BLOBs, which equal no text. */
function textOf(value: TermValue): Uint8Array | undefined {
  if (value instanceof Utf8) return value.bytes
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined
  return encoder.encode(digitsOf(value) ?? String(value))
}

const SCAN = { vector: undefined, request: undefined }

/** The right-hand side of MATCH: a vector, or a request of vec_hybrid() or vec_text(). */
function matched(value: TermValue, subtype: number): Pick<VecQuery, 'vector' | 'request'> {
  const decoded = value instanceof Uint8Array ? decodeRequest(value) : undefined
  if (!decoded) return { vector: queryVector(value, subtype), request: undefined }
  const { vector, request } = decoded
  return { vector: vector && queryVector(vector), request }
}

function queryVector(value: TermValue, subtype = 0): Float32Array {
  if (value === null) {
    throw queryError(
      'vec: dataset_id and MATCH arguments are required',
      'the query vector cannot be NULL; in a join, exclude rows without one: ... IS NOT NULL',
    )
  }
  if (typeof value === 'number' || typeof value === 'bigint') {
    throw queryError(
      `vec: expected MATCH arg as BLOB or string, got ${goType(value)}`,
      "pass a BLOB of float32, or text such as '[0.1, 0.2]'",
    )
  }
  const vector =
    value instanceof Utf8
      ? parseVectorText(String(value))
      : (givenVector(value, subtype) ?? takeBytes(value))
  if (!isFiniteVector(vector)) {
    const at = vector.findIndex(number => !Number.isFinite(number))
    throw notFinite(vector[at], at)
  }
  return vector
}

function countOf(value: TermValue): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
  if (typeof value === 'bigint' && value >= 0n) return Number(value)
  throw queryError(
    `vec: k must be an integer from 0, got ${sqlText(value)}`,
    'k is the number of nearest rows to return',
  )
}

/** The value of LIMIT or OFFSET; a negative value means `none`, as in SQLite. */
function rowsOf(value: TermValue, none: number): number {
  const rows = Number(value)
  return rows < 0 ? none : rows
}

function recallOf(value: TermValue): number {
  const number = typeof value === 'bigint' ? Number(value) : value
  if (isRecall(number)) return number
  throw queryError(
    `vec: recall must be ${RECALL_RANGE}, got ${sqlText(value)}`,
    'recall is the share of the nearest rows that a search has to find: 0.98 for an approximate search, 1 for an exact one',
  )
}

function boundValue(of: string, value: TermValue): number {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value)
  if (value instanceof Utf8) {
    const text = String(value)
    const number = text.trim() === '' ? NaN : Number(text)
    if (!Number.isNaN(number)) return number
    const quoted = JSON.stringify(text)
    throw queryError(
      `vec: cannot parse ${of} ${quoted}: strconv.ParseFloat: parsing ${quoted}: invalid syntax`,
      'compare with a number',
    )
  }
  throw queryError(
    `vec: unsupported ${of} type ${value === null ? '<nil>' : '[]uint8'}`,
    'compare with a number',
  )
}

/** The names of types in the original's errors. */
function goType(value: number | bigint): string {
  return typeof value === 'bigint' || Number.isInteger(value) ? 'int64' : 'float64'
}

function queryError(message: string, hint: string): VecError {
  return new VecError('VEC_QUERY', message, { hint })
}

/**
 * The bounds of score and distance as one exact condition on similarity, and a range that contains all values that
 * satisfy it.
 */
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
    // Score and distance are rounded sums. The range is wider than their rounding errors, and `accepts` decides.
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
  return compares(own, comparison, value)
}

/** Whether a number satisfies a comparison with another one. */
export function compares(own: number, comparison: Comparison, value: number): boolean {
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
