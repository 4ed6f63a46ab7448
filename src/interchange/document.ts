import type { BindValue } from '../database/values.ts'
import { COLUMN } from '../search/schema/columns.ts'
import type { Place } from './interchange-error.ts'

/** A document from a source: values by name. */
export type SourceRecord = Readonly<Record<string, unknown>>

/** A document on its way into a table. */
export interface Document {
  /** Undefined: the dataset that the import names. */
  readonly dataset: string | undefined
  readonly id: string
  /** Bytes of float32; null for a document without an embedding. */
  readonly embedding: Uint8Array | null
  readonly content: string | null
  readonly meta: string | null
  readonly model: string | null
  /** Undefined if the source does not say. */
  readonly archived: boolean | undefined
  /** Values for the table's stored declared columns, in their order; undefined if the source has none. */
  readonly columns?: readonly BindValue[] | undefined
  /** The position in the source: a line, a row. */
  readonly at: number
}

/** Parts of a document that only some sources have. */
export type Extra = (typeof COLUMN)['content' | 'meta' | 'model' | 'archived']
export const EXTRAS: readonly Extra[] = [COLUMN.content, COLUMN.meta, COLUMN.model, COLUMN.archived]

/** Consecutive documents. Some sources create them during the iteration, and again for each iteration. */
export interface Portion extends Iterable<Document> {
  readonly length: number
  slice(from: number, to: number): Portion
}

/** The origin of documents. It reads nothing before `documents` is iterated. */
export interface DocumentSource {
  /** For messages: 'words.jsonl'. */
  readonly name: string
  /** The unit of `Document.at`. */
  readonly unit: Place['unit']
  /** The source's own metric, if it has one. */
  readonly metric: string | undefined
  /** The parts that its documents may have. */
  readonly carries: readonly Extra[]
  /** The size in the unit of `done`, if known. */
  readonly total: number | undefined
  /** How much of the source has been read. */
  readonly done: number
  /** The documents, in portions of any size. */
  documents(): AsyncIterable<Portion>
  /** A reason to store nothing of what has been read so far. Asked once, before the first document is stored. */
  doubt(): Error | undefined
  /** Facts about the reading that the user should know. Asked at the end. */
  notes(): readonly string[]
  close(): void
}

export function placeOf({ name, unit }: Pick<DocumentSource, 'name' | 'unit'>, at: number): Place {
  return { source: name, unit, at }
}
