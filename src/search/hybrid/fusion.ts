/** How two rankings are combined. */
export type Fusion = 'rrf' | 'sum'
export const FUSIONS: readonly Fusion[] = ['rrf', 'sum']

/** The weight of each ranking. A ranking of weight 0 contributes rows, but no score. */
export interface Weights {
  readonly vector: number
  readonly text: number
}

export interface FusionOptions {
  /** `rrf`: reciprocal ranks, weight / (rrfK + rank). `sum`: scores, scaled to 0..1 within each ranking. */
  readonly fusion: Fusion
  readonly rrfK: number
  readonly weights: Weights
}

export const DEFAULT_FUSION: FusionOptions = {
  fusion: 'rrf',
  rrfK: 60,
  weights: { vector: 1, text: 1 },
}

/** The score that a rank in one ranking adds. `scores` are all scores of the ranking, best first. */
export function contribution(
  weight: number,
  rank: number,
  scores: readonly number[],
  { fusion, rrfK }: FusionOptions,
): number {
  if (fusion === 'rrf') return weight / (rrfK + rank)
  const best = scores[0]
  const worst = scores[scores.length - 1]
  // If all scores are equal, every row is as good as the best.
  if (!(best > worst)) return weight
  return (weight * (scores[rank - 1] - worst)) / (best - worst)
}
