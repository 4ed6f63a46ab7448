/** A candidate of maximal marginal relevance. */
export interface Candidate {
  readonly relevance: number
  readonly vector: Float32Array
}

/**
 * Maximal marginal relevance (Carbonell and Goldstein, 1998). Each step takes the candidate with the highest `lambda *
 * relevance - (1 - lambda) * (similarity to the most similar chosen one)`; the first step goes by relevance alone. Ties
 * are broken by the order of the candidates. Returns the indexes of the candidates.
 */
export function mostDiverse(
  candidates: readonly Candidate[],
  k: number,
  lambda: number,
  likeness: (a: Float32Array, b: Float32Array) => number,
): number[] {
  const left = new Set(candidates.keys())
  /** The similarity of each candidate to its most similar chosen one. */
  const nearest = candidates.map(() => -Infinity)
  const chosen: number[] = []
  while (chosen.length < k && left.size > 0) {
    let best = -1
    let most = -Infinity
    for (const at of left) {
      const { relevance } = candidates[at]
      const value =
        chosen.length === 0 ? relevance : lambda * relevance - (1 - lambda) * nearest[at]
      if (best < 0 || value > most) {
        best = at
        most = value
      }
    }
    chosen.push(best)
    left.delete(best)
    for (const at of left) {
      const like = likeness(candidates[at].vector, candidates[best].vector)
      if (like > nearest[at]) nearest[at] = like
    }
  }
  return chosen
}
