import { argumentError, requirePlainObject } from '../../core/argument-error.ts'
import * as check from '../../core/check-options.ts'
import { checkOptions, type Check } from '../../core/check-options.ts'
import type { Condition } from '../../core/filter/condition.ts'
import type { Filter } from '../../core/filter/filter.ts'
import { readVector, type VectorInput } from '../../core/read-vector.ts'
import { requireRecall } from '../../core/recall.ts'
import { DEFAULT_FUSION, FUSIONS } from '../../search/hybrid/fusion.ts'
import type { Fusion, FusionOptions } from '../../search/hybrid/fusion.ts'
import { readInclude, type Included } from './included.ts'
import { readCondition } from './read-condition.ts'
import type { RerankFunc } from './rerank.ts'

/** Maximal marginal relevance: the next hit is near to the query and far from the previous hits. */
export interface MmrOptions {
  /** The weight of the nearness to the query, from 0 to 1; default 0.5. 1 ranks as without this option. */
  readonly lambda?: number | undefined
  /** The number of best hits to choose from; default 5 times k. */
  readonly fetchK?: number | undefined
}

export interface RerankOptions<M = unknown> {
  readonly score: RerankFunc<M>
  /** The number of best hits to score again; default 5 times k. */
  readonly fetchK?: number | undefined
}

/** Searches by vectors, by words (the table needs the option `text`), or by both. */
export type QueryMode = 'vector' | 'text' | 'hybrid'

/** How the two rankings of a hybrid query are fused. */
export interface HybridOptions {
  /** Reciprocal rank fusion ('rrf'), or the sum of scores scaled to 0 to 1. */
  readonly fusion?: Fusion | undefined
  /** The constant added to a rank; default 60. */
  readonly rrfK?: number | undefined
  /** The weight of each ranking; default 1. */
  readonly weights?: { readonly vector?: number; readonly text?: number } | undefined
  /** The number of best hits of each ranking to fuse; default: the larger of 50 and 4 times k. */
  readonly window?: number | undefined
}

/** A query, and the number of documents to find. */
export interface CollectionQuery<M = unknown> {
  /** Default: 'vector'. */
  readonly mode?: QueryMode | undefined
  /** The text to embed; with the modes 'text' and 'hybrid', also the words to search for. */
  readonly text?: string | undefined
  /** The vector, instead of a text. */
  readonly vector?: VectorInput | undefined
  /** The maximum number of hits in a page; default 10. */
  readonly k?: number | undefined
  readonly filter?: Filter<M> | undefined
  /** Only hits with at least this score. */
  readonly minScore?: number | undefined
  /** The share of the nearest documents that a search by vector has to find, on average. Default: that of the table. */
  readonly recall?: number | undefined
  /** Default: ['content', 'meta']. */
  readonly include?: readonly Included[] | undefined
  /** 'meta.name', or a declared column of the table: only the best hit for each of its values. */
  readonly groupBy?: string | undefined
  /** The cursor of the previous page. */
  readonly cursor?: string | undefined
  readonly mmr?: MmrOptions | undefined
  readonly hybrid?: HybridOptions | undefined
  readonly rerank?: RerankFunc<M> | RerankOptions<M> | undefined
  /** Aborts the embedding. */
  readonly signal?: AbortSignal | undefined
}

/** The members of a query that many vectors share: those of one by a vector, without pages. */
export type QueryManyOptions<M = unknown> = Pick<
  CollectionQuery<M>,
  'k' | 'filter' | 'minScore' | 'recall' | 'include' | 'groupBy' | 'mmr' | 'rerank' | 'signal'
>

/** A checked query. */
export interface ReadQuery<M = unknown> {
  readonly mode: QueryMode
  readonly fusion: FusionOptions
  readonly window: number
  readonly text: string | undefined
  readonly vector: Float32Array | undefined
  readonly k: number
  readonly condition: Condition | undefined
  readonly minScore: number | undefined
  readonly recall: number | undefined
  readonly include: readonly Included[]
  readonly groupBy: unknown
  readonly cursor: string | undefined
  readonly mmr: { readonly lambda: number; readonly fetchK: number } | undefined
  readonly rerank: { readonly score: RerankFunc<M>; readonly fetchK: number } | undefined
  readonly signal: AbortSignal | undefined
}

const DEFAULT_K = 10
const ANY_VECTOR: readonly number[] = [0]
const DEFAULT_LAMBDA = 0.5
/** The number of candidates, as a multiple of k. */
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

const MANY_CHECKS: Readonly<Record<keyof QueryManyOptions, Check>> = {
  k: count,
  filter: check.object,
  minScore: numberBetween(-Infinity, Infinity),
  recall: requireRecall,
  include: anything,
  groupBy: anything,
  mmr: check.object,
  rerank: anything,
  signal: check.signal,
}
const CHECKS: Readonly<Record<keyof CollectionQuery, Check>> = {
  ...MANY_CHECKS,
  mode: check.oneOf(MODES),
  hybrid: check.object,
  text: string,
  vector: anything,
  cursor: string,
}

/** Checks what many queries share. */
export function readManyOptions<M>(where: string, options: QueryManyOptions<M>): ReadQuery<M> {
  checkOptions(where, options, MANY_CHECKS)
  return { ...readQuery(where, { ...options, vector: ANY_VECTOR }), vector: undefined }
}

/** Checks a query. Throws for unknown names, wrong types and contradictions. */
export function readQuery<M>(where: string, query: CollectionQuery<M>): ReadQuery<M> {
  checkOptions(where, query, CHECKS, 'query')
  const { text, k = DEFAULT_K, minScore, recall, groupBy, cursor, signal } = query
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
    recall,
    include: readInclude(where, query.include),
    groupBy,
    cursor,
    mmr,
    rerank,
    signal,
  }
}

/** Whether the text has to be embedded. */
export function needsVector<M>({ mode, vector }: ReadQuery<M>): boolean {
  return mode !== 'text' && vector === undefined
}

/** Stands for a function that is in another thread. */
const ownScores = (hits: readonly { readonly score: number }[]): number[] =>
  hits.map(({ score }) => score)

/** A query whose hits another thread scores again. */
export function withCandidates<M>(
  query: ReadQuery<M>,
  candidates: number | undefined,
): ReadQuery<M> {
  if (candidates === undefined) return query
  return { ...query, rerank: { score: ownScores, fetchK: candidates } }
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

/** Removes undefined members, which would hide a default. */
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
  requirePlainObject(
    where,
    'query.rerank',
    rerank,
    'a function, or an object with score and fetchK',
  )
  checkOptions(where, rerank, { score: check.callback, fetchK: fetchCount(k) }, 'query.rerank')
  if (rerank.score === undefined) {
    throw argumentError(where, 'query.rerank.score', rerank.score, 'a function')
  }
  return { score: rerank.score, fetchK: rerank.fetchK ?? FETCHED * k }
}

/** Fewer than k candidates could not give k hits. */
function fetchCount(k: number): Check {
  return check.wholeNumber(k, MOST)
}
