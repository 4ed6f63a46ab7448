/** The numbers that clusters are built and used by. Nothing reads a clock, so the same rows give the same clusters. */
export interface ClusterRule {
  /** Smaller indexes are scanned: rows, and numbers in all of them. */
  readonly rows: number
  readonly numbers: number
  /** Clusters of larger ones list their rows: a copy of these may not fit one WebAssembly memory. */
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
  /** Exact searches that skip clusters. */
  readonly exact: {
    /** Smaller indexes are scanned: numbers in all rows. */
    readonly numbers: number
    /** Clusters for the square root of the rows, and rows that k-means sees for each: many small clusters have tight bounds. */
    readonly density: number
    readonly sampleRows: number
    /** Rows of a sample that says whether it may pay, and how many of them are looked at. */
    readonly forecastRows: number
    readonly forecasts: number
    /** Rows that are searched for to learn whether it does. */
    readonly trials: number
    /** It does up to this share of visited rows. */
    readonly pays: number
    /** A search that would visit more than this share is a scan instead. */
    readonly most: number
  }
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
  exact: {
    numbers: 2 ** 23,
    density: 2.06,
    sampleRows: 16,
    forecastRows: 2048,
    forecasts: 24,
    trials: 50,
    pays: 0.2,
    most: 0.6,
  },
  outgrown: 0.3,
}
