import { argumentError, requireObject } from '../../core/argument-error.ts'
import * as check from '../../core/check-options.ts'
import { checkOptions, type Check } from '../../core/check-options.ts'
import type { Condition } from '../../core/filter/condition.ts'
import type { Filter } from '../../core/filter/filter.ts'
import { readVector, type VectorInput } from '../../core/read-vector.ts'
import { DEFAULT_FUSION, FUSIONS } from '../../search/hybrid/fusion.ts'
import type { Fusion, FusionOptions } from '../../search/hybrid/fusion.ts'
import { readCondition } from './condition.ts'
import type { RerankFunc } from './rerank.ts'
import { readInclude, type Included } from './stored-document.ts'

/** Maximal marginal relevance: the next hit is near to the query and far from the hits before it. */
export interface MmrOptions {
  /** Weight of the nearness to the query, from 0 to 1; 0.5 unless given. 1 ranks as without. */
  readonly lambda?: number | undefined
  /** How many of the best are chosen from; 5 times k unless given. */
  readonly fetchK?: number | undefined
}

export interface RerankOptions<M = unknown> {
  readonly score: RerankFunc<M>
  /** How many of the best are scored again; 5 times k unless given. */
  readonly fetchK?: number | undefined
}

/** By vectors, by words (the table needs the option `text`), or by both. */
export type QueryMode = 'vector' | 'text' | 'hybrid'

/** How the two rankings of a hybrid query become one. */
export interface HybridOptions {
  /** Reciprocal ranks ('rrf'), or the sum of scores that are brought to 0 to 1. */
  readonly fusion?: Fusion | undefined
  /** What is added to a rank; 60 unless given. */
  readonly rrfK?: number | undefined
  /** What each ranking counts for; 1 unless given. */
  readonly weights?: { readonly vector?: number; readonly text?: number } | undefined
  /** How many of the best of each ranking are fused; the larger of 50 and 4 times k unless given. */
  readonly window?: number | undefined
}

/** What is looked for, and how many documents are wanted. */
export interface CollectionQuery<M = unknown> {
  /** 'vector' unless given. */
  readonly mode?: QueryMode | undefined
  /** Is embedded, and by 'text' and 'hybrid' searched for its words. */
  readonly text?: string | undefined
  /** In the place of a text. */
  readonly vector?: VectorInput | undefined
  /** Most hits in a page; 10 unless given. */
  readonly k?: number | undefined
  readonly filter?: Filter<M> | undefined
  /** Only hits with at least this score. */
  readonly minScore?: number | undefined
  /** ['content', 'meta'] unless given. */
  readonly include?: readonly Included[] | undefined
  /** 'meta.name', or a column that the table declares: only the best hit of each of its values. */
  readonly groupBy?: string | undefined
  /** Where the page before ended. */
  readonly cursor?: string | undefined
  readonly mmr?: MmrOptions | undefined
  readonly hybrid?: HybridOptions | undefined
  readonly rerank?: RerankFunc<M> | RerankOptions<M> | undefined
  /** Stops the embedding. */
  readonly signal?: AbortSignal | undefined
}

/** A query that was checked. */
export interface ReadQuery<M = unknown> {
  readonly mode: QueryMode
  readonly fusion: FusionOptions
  readonly window: number
  readonly text: string | undefined
  readonly vector: Float32Array | undefined
  readonly k: number
  readonly condition: Condition | undefined
  readonly minScore: number | undefined
  readonly include: readonly Included[]
  readonly groupBy: unknown
  readonly cursor: string | undefined
  readonly mmr: { readonly lambda: number; readonly fetchK: number } | undefined
  readonly rerank: { readonly score: RerankFunc<M>; readonly fetchK: number } | undefined
  readonly signal: AbortSignal | undefined
}

const DEFAULT_K = 10
const DEFAULT_LAMBDA = 0.5
/** How many times k are fetched to choose from. */
const FETCHED = 5
const MOST = 1_000_000

const anything: Check = () => undefined
const count = check.wholeNumber(0, MOST)

function numberBetween(min: number, max: number): Check {
  return (where, name, value) => {
    const expected = max === Infinity ? 'a number' : `a number from ${min} to ${max}`
    if (typeof value !== 'number') throw argumentError(where, name, value, expected)
    if (value >= min && value <= max) return
    throw new RangeError(`${where}: ${name} is ${value}: expected ${expected}`)
  }
}

const string: Check = (where, name, value) => {
  if (typeof value !== 'string') throw argumentError(where, name, value, 'a text')
}

const MODES = ['vector', 'text', 'hybrid'] as const
const LEAST_WINDOW = 50
const WINDOW_SHARE = 4

const CHECKS: Readonly<Record<string, Check>> = {
  mode: check.oneOf(MODES),
  hybrid: check.object,
  text: string,
  vector: anything,
  k: count,
  filter: check.object,
  minScore: numberBetween(-Infinity, Infinity),
  include: anything,
  groupBy: anything,
  cursor: string,
  mmr: check.object,
  rerank: anything,
  signal: check.signal,
}

/** Checks a query: unknown names, wrong types, and what contradicts each other are refused. */
export function readQuery<M>(where: string, query: CollectionQuery<M>): ReadQuery<M> {
  checkOptions(where, query, CHECKS, 'query')
  const { text, k = DEFAULT_K, minScore, groupBy, cursor, signal } = query
  const { mode = 'vector' } = query
  requireWhatModeNeeds(where, mode, query)
  const mmr = readMmr(where, k, query.mmr)
  const rerank = readRerank(where, k, query.rerank)
  const chosen = [mmr && 'mmr', rerank && 'rerank', cursor !== undefined && 'cursor'].filter(
    Boolean,
  )
  if (chosen.length > 1) {
    throw new TypeError(
      `${where}: query has ${chosen.join(' and ')}: expected one of them, as each gives another order`,
    )
  }
  return {
    mode,
    ...readHybrid(where, k, mode, query.hybrid),
    text,
    vector:
      query.vector === undefined ? undefined : readVector(query.vector, where, 'query.vector'),
    k,
    condition: readCondition(query.filter),
    minScore,
    include: readInclude(where, query.include),
    groupBy,
    cursor,
    mmr,
    rerank,
    signal,
  }
}

function requireWhatModeNeeds<M>(
  where: string,
  mode: QueryMode,
  { text, vector, mmr }: CollectionQuery<M>,
): void {
  if (mode !== 'vector') {
    const wrong = text === undefined ? 'no text' : mmr ? 'mmr, which compares vectors alone' : ''
    if (wrong !== '') throw new TypeError(`${where}: a query of mode '${mode}' has ${wrong}`)
    if (mode === 'hybrid' || vector === undefined) return
    throw new TypeError(`${where}: a query of mode 'text' has a vector: expected mode 'hybrid'`)
  }
  if ((text === undefined) !== (vector === undefined)) return
  const given = text === undefined ? 'neither of them' : 'both'
  throw new TypeError(`${where}: query has ${given}: expected a text or a vector`)
}

function readHybrid(
  where: string,
  k: number,
  mode: QueryMode,
  hybrid: HybridOptions | undefined,
): Pick<ReadQuery, 'fusion' | 'window'> {
  if (hybrid !== undefined) {
    if (mode !== 'hybrid') {
      throw new TypeError(`${where}: query.hybrid is for mode 'hybrid', and the mode is '${mode}'`)
    }
    const weight = numberBetween(0, 1e6)
    checkOptions(
      where,
      hybrid,
      {
        fusion: check.oneOf(FUSIONS),
        rrfK: numberBetween(0, 1e6),
        weights: (at, name, value) =>
          checkOptions(at, value, { vector: weight, text: weight }, name),
        window: check.wholeNumber(1, MOST),
      },
      'query.hybrid',
    )
  }
  const { fusion, rrfK, weights } = { ...DEFAULT_FUSION, ...defined(hybrid ?? {}) }
  return {
    fusion: { fusion, rrfK, weights: { ...DEFAULT_FUSION.weights, ...defined(weights) } },
    window: hybrid?.window ?? Math.max(LEAST_WINDOW, WINDOW_SHARE * k),
  }
}

/** Without the members that are undefined, which would hide a default. */
function defined<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> }
}

function readMmr(where: string, k: number, mmr: MmrOptions | undefined): ReadQuery['mmr'] {
  if (mmr === undefined) return undefined
  checkOptions(where, mmr, { lambda: numberBetween(0, 1), fetchK: fetchCount(k) }, 'query.mmr')
  return { lambda: mmr.lambda ?? DEFAULT_LAMBDA, fetchK: mmr.fetchK ?? FETCHED * k }
}

function readRerank<M>(
  where: string,
  k: number,
  rerank: RerankFunc<M> | RerankOptions<M> | undefined,
): ReadQuery<M>['rerank'] {
  if (rerank === undefined) return undefined
  if (typeof rerank === 'function') return { score: rerank, fetchK: FETCHED * k }
  requireObject(where, 'query.rerank', rerank, 'a function, or an object with score and fetchK')
  checkOptions(where, rerank, { score: check.callback, fetchK: fetchCount(k) }, 'query.rerank')
  if (rerank.score === undefined) {
    throw argumentError(where, 'query.rerank.score', rerank.score, 'a function')
  }
  return { score: rerank.score, fetchK: rerank.fetchK ?? FETCHED * k }
}

/** Fewer than k could not give k hits. */
function fetchCount(k: number): Check {
  return check.wholeNumber(k, MOST)
}
