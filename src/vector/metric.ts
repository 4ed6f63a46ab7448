/**
 * How two vectors are compared. `match_score` is higher for nearer rows, `distance` lower:
 *
 * | metric    | score                  | distance     |
 * |-----------|------------------------|--------------|
 * | cosine    | q.x / (\|q\| \|x\|)    | 1 - score    |
 * | euclidean | 1 - \|q - x\|          | \|q - x\|    |
 * | dot       | q.x                    | -score       |
 *
 * Cosine leaves out rows of length zero, and a query of length zero finds nothing.
 */
export type Metric = 'cosine' | 'euclidean' | 'dot'
