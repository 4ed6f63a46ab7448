import type { Metric } from '../core/metric.ts'

export interface AttachOptions {
  /** A table of the application, or a vec table, in the main file. */
  readonly table: string
  /**
   * The column that identifies a row, an INTEGER or a TEXT; default 'id'. It needs a unique index, together with
   * `dataset` if that is given.
   */
  readonly id?: string | undefined
  /** The column with the vectors, float32 in BLOBs; default 'embedding'. */
  readonly embedding?: string | undefined
  /**
   * The column by which rows are searched separately, an INTEGER or a TEXT. Without it, all rows are searched together.
   */
  readonly dataset?: string | undefined
  /** The column to which `upsert` writes `content`. */
  readonly content?: string | undefined
  /** The columns that filters read: one column with JSON text, or an array of ordinary columns. */
  readonly metadata?: string | readonly string[] | undefined
  /** Default 'cosine'. A vec table takes this and the following options from its declaration. */
  readonly metric?: Metric | undefined
  /** Default 'auto'. */
  readonly index?: 'auto' | 'brute' | 'cover' | undefined
  /**
   * Also finds rows with `archived` other than 0. Only for tables with the columns of a vec table; in other tables, a
   * column of that name hides no rows.
   */
  readonly includeArchived?: boolean | undefined
}

export const OPTIONS: readonly (keyof AttachOptions)[] = [
  'table',
  'id',
  'embedding',
  'dataset',
  'content',
  'metadata',
  'metric',
  'index',
  'includeArchived',
]
