import type { Metric } from '../core/metric.ts'

export interface AttachOptions {
  /** A table of the application, or a vec table. It is looked for in the main file. */
  readonly table: string
  /** The column that names a row, an INTEGER or a TEXT; 'id' unless given. It needs a unique index, with `dataset` if given. */
  readonly id?: string | undefined
  /** The column with the vectors, float32 in BLOBs; 'embedding' unless given. */
  readonly embedding?: string | undefined
  /** The column that tells which rows are searched together, an INTEGER or a TEXT. Without it all rows are. */
  readonly dataset?: string | undefined
  /** The column that `content` of `upsert` writes. */
  readonly content?: string | undefined
  /** What filters read: a column with JSON text, or an array of ordinary columns. */
  readonly metadata?: string | readonly string[] | undefined
  /** 'cosine' unless given. A vec table has this and the following options from its declaration. */
  readonly metric?: Metric | undefined
  /** 'auto' unless given. */
  readonly index?: 'auto' | 'brute' | 'cover' | undefined
  /**
   * Rows with `archived` other than 0 are found, too. For tables with the columns of a vec table; in other tables a column of
   * that name hides no rows.
   */
  readonly includeArchived?: boolean | undefined
}
