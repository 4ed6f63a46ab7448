import { COLUMN } from '../search/schema/columns.ts'
import type { Place } from './interchange-error.ts'

/** A document as a source has it: values under names. */
export type SourceRecord = Readonly<Record<string, unknown>>

/** A document on its way into a table. */
export interface Document {
  /** undefined: the dataset that the import names. */
  readonly dataset: string | undefined
  readonly id: string
  /** Bytes of float32; null: not embedded. */
  readonly embedding: Uint8Array | null
  readonly content: string | null
  readonly meta: string | null
  readonly model: string | null
  /** undefined: it is not said. */
  readonly archived: boolean | undefined
  /** Where it is in its source: a line, a row. */
  readonly at: number
}

/** Parts of a document that not every source has. */
export type Extra = (typeof COLUMN)['content' | 'meta' | 'model' | 'archived']
export const EXTRAS: readonly Extra[] = [COLUMN.content, COLUMN.meta, COLUMN.model, COLUMN.archived]

/** Consecutive documents. Some sources make them only while they are iterated, each time again. */
export interface Portion extends Iterable<Document> {
  readonly length: number
  slice(from: number, to: number): Portion
}

/** Where documents come from. Nothing is read before `documents` is iterated. */
export interface DocumentSource {
  /** For messages: 'words.jsonl'. */
  readonly name: string
  /** What `Document.at` counts. */
  readonly unit: Place['unit']
  /** The source's own metric, where it has one. */
  readonly metric: string | undefined
  /** What its documents may have. */
  readonly carries: readonly Extra[]
  /** Size in the unit of `done`, when it is known. */
  readonly total: number | undefined
  /** How far it was read. */
  readonly done: number
  /** Portions of any size. */
  documents(): AsyncIterable<Portion>
  /** Why nothing should be stored of what was read so far. Asked once, before the first document is stored. */
  doubt(): Error | undefined
  /** What a user should know of how it was read; asked at the end. */
  notes(): readonly string[]
  close(): void
}

export function placeOf({ name, unit }: Pick<DocumentSource, 'name' | 'unit'>, at: number): Place {
  return { source: name, unit, at }
}
