import type { Metric } from '../core/metric.ts'

export interface AttachOptions {
  /**
   * A vec table, or an ordinary table with the columns `dataset_id`, `id` and `embedding` (float32, as a BLOB), and a
   * unique key on the first two. It is looked for in the main file.
   */
  readonly table: string
  /** 'cosine' unless given. Of a vec table the three options are its own, and cannot be given. */
  readonly metric?: Metric | undefined
  /** 'auto' unless given. */
  readonly index?: 'auto' | 'brute' | 'cover' | undefined
  /** Rows with `archived` other than 0 are found, too. */
  readonly includeArchived?: boolean | undefined
}
