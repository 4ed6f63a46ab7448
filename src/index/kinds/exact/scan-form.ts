import type { PerMetric } from '../../../core/metric.ts'

/** What the kernels compute of a row: a dot product (of directions, where the metric compares those), or a distance. */
export type ScanForm = 'dot' | 'distance'

export const SCAN_FORM: PerMetric<ScanForm> = {
  cosine: 'dot',
  euclidean: 'distance',
  dot: 'dot',
}

/** What `quantize` stores behind the codes of a row: its length (0), or the sum of its squared codes (1). */
export const STORES_SQUARES: Readonly<Record<ScanForm, 0 | 1>> = { dot: 0, distance: 1 }
