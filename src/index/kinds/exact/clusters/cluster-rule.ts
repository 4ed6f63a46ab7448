/** The numbers that clusters are built and used by. Nothing reads a clock, so the same rows give the same clusters. */
export interface ClusterRule {
  /** Smaller indexes are scanned: rows, and numbers in all of them. */
  readonly rows: number
  readonly numbers: number
  /** Larger ones too: their clusters may not fit one WebAssembly memory. */
  readonly mostBytes: number
  /** Clusters for the square root of the rows. */
  readonly density: number
  /** Rows that k-means sees for each cluster, at most so many bytes of them. */
  readonly sampleRows: number
  readonly sampleBytes: number
  /** Rows that calibration searches for: at most so many, and so many as scan this many numbers in all; at least a few. */
  readonly trials: number
  readonly trialNumbers: number
  readonly fewestTrials: number
  /** Above this share of visited rows a scan in the order of rows is as fast. */
  readonly expensive: number
  /** Clusters are made again when so large a share of their rows has come or gone. */
  readonly outgrown: number
}

export const CLUSTER_RULE: ClusterRule = {
  rows: 4096,
  numbers: 2 ** 21,
  mostBytes: 3.5 * 2 ** 30,
  density: 1.03,
  sampleRows: 64,
  sampleBytes: 2 ** 27,
  trials: 500,
  trialNumbers: 14e9,
  fewestTrials: 200,
  expensive: 0.6,
  outgrown: 0.3,
}
