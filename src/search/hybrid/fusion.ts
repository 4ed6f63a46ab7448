/** How two rankings become one. */
export type Fusion = 'rrf' | 'sum'
export const FUSIONS: readonly Fusion[] = ['rrf', 'sum']

/** What each ranking counts for; a ranking of weight 0 brings rows in and no score. */
export interface Weights {
  readonly vector: number
  readonly text: number
}

export interface FusionOptions {
  /** `rrf`: reciprocal ranks, weight / (rrfK + rank). `sum`: scores, each ranking's brought to 0..1. */
  readonly fusion: Fusion
  readonly rrfK: number
  readonly weights: Weights
}

export const DEFAULT_FUSION: FusionOptions = {
  fusion: 'rrf',
  rrfK: 60,
  weights: { vector: 1, text: 1 },
}

/** The score that a place in one ranking adds. `scores` are all scores of the ranking, the best first. */
export function contribution(
  weight: number,
  rank: number,
  scores: readonly number[],
  { fusion, rrfK }: FusionOptions,
): number {
  if (fusion === 'rrf') return weight / (rrfK + rank)
  const best = scores[0]
  const worst = scores[scores.length - 1]
  // Scores that are all the same say that all rows are as good as the best.
  if (!(best > worst)) return weight
  return (weight * (scores[rank - 1] - worst)) / (best - worst)
}
