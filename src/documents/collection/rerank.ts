import { argumentError } from '../../core/argument-error.ts'
import { untilAborted } from '../../core/check-options.ts'
import type { Hit, HitPage } from './hit.ts'
import type { Included } from './included.ts'

/** The query, as a rerank function receives it. */
export interface RerankQuery {
  readonly text: string | undefined
  readonly vector: Float32Array | undefined
  readonly signal: AbortSignal | undefined
}

type Scores = readonly number[] | Float64Array | Float32Array

/** Scores hits again. Returns one finite number per hit, in their order; the best hit has the highest number. */
export type RerankFunc<M = unknown> = (
  hits: readonly Hit<M>[],
  query: RerankQuery,
) => Scores | PromiseLike<Scores>

/** What is returned of the hits that were scored again. */
interface Wanted {
  readonly k: number
  readonly include: readonly Included[]
}

/** Awaits the scores of the caller's function, unless the signal of the query ends it first. */
export async function rerankedBy<M>(
  score: RerankFunc<M>,
  where: string,
  hits: readonly Hit<M>[],
  query: RerankQuery,
  wanted: Wanted,
): Promise<HitPage<M>> {
  const scores = await untilAborted<unknown>(async () => score(hits, query), query.signal)
  return reranked(where, hits, scores, wanted)
}

/**
 * The best k by the scores that a function returned. Ties keep their order. Throws TypeError for values that are not
 * scores.
 */
export function reranked<M>(
  where: string,
  hits: readonly Hit<M>[],
  scores: unknown,
  { k, include }: Wanted,
): HitPage<M> {
  const expected = `an array of ${hits.length} finite numbers, one per hit`
  const list: unknown = ArrayBuffer.isView(scores) ? Array.from(scores as Float64Array) : scores
  if (!Array.isArray(list) || list.length !== hits.length) {
    throw argumentError(where, 'what rerank returned', scores, expected)
  }
  const wrong = list.findIndex(score => typeof score !== 'number' || !Number.isFinite(score))
  if (wrong >= 0) {
    throw argumentError(
      where,
      `score ${wrong} that rerank returned`,
      list[wrong],
      'a finite number',
    )
  }
  const best = hits
    .map((hit, i) => ({ ...hit, rerankScore: list[i] as number }))
    .toSorted((a, b) => b.rerankScore - a.rerankScore)
    .slice(0, k)
  // The function has received complete hits; remove the parts that were not requested.
  for (const hit of best) {
    if (!include.includes('content')) delete hit.content
    if (!include.includes('meta')) delete hit.meta
  }
  return { hits: best }
}
