import { argumentError, requireObject } from '../../core/argument-error.ts'
import * as check from '../../core/check-options.ts'
import { checkOptions, type Check } from '../../core/check-options.ts'
import type { Condition } from '../../core/filter/condition.ts'
import type { Filter } from '../../core/filter/filter.ts'
import { readVector, type VectorInput } from '../../core/read-vector.ts'
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

/** What is looked for, and how many documents are wanted. */
export interface CollectionQuery<M = unknown> {
  /** Is embedded. */
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
  readonly rerank?: RerankFunc<M> | RerankOptions<M> | undefined
  /** Stops the embedding. */
  readonly signal?: AbortSignal | undefined
}

/** A query that was checked. */
export interface ReadQuery<M = unknown> {
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

const CHECKS: Readonly<Record<string, Check>> = {
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
  if ((text === undefined) === (query.vector === undefined)) {
    const given = text === undefined ? 'neither of them' : 'both'
    throw new TypeError(`${where}: query has ${given}: expected a text or a vector`)
  }
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
