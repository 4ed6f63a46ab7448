import type { Diagnostic, FileDescription } from '../entries/vecadmin.ts'
import type { Filter } from '../entries/vecutil.ts'

/** A dataset of a vec table. */
export interface Place {
  readonly table: string
  readonly dataset: string
}

/** The vectors of a dataset as points of a plane, in the order of their rowids. */
export interface PointMap {
  readonly rows: Float64Array
  /** x and y of each row, one after the other. */
  readonly points: Float32Array
  /** The share of the variance that each axis shows. */
  readonly shown: readonly [number, number]
  readonly dim: number
  readonly milliseconds: number
}

/** Rows of a dataset, kept where the database is: the others are compared with them. */
export interface RowSample {
  readonly id: number
  /** Those of the wanted rows that have a vector. */
  readonly rows: Float64Array
}

/** For each of some rows the nearest of a sample, nearest first. */
export interface NearestOfSample {
  readonly k: number
  /** `k` places in the sample for each row; `NOWHERE` for a row without a vector. */
  readonly neighbors: Uint32Array
  readonly distances: Float32Array
}

export const NOWHERE = 0xffffffff

/** A field by which points are coloured and searches filtered. */
export interface Field {
  /** As a filter names it. */
  readonly name: string
  readonly from: 'column' | 'meta'
}

export type FieldValue = string | number | boolean

/** The values of a field, one for each row of the map. */
export interface FieldValues {
  readonly name: string
  /** The most frequent values. */
  readonly values: readonly { readonly value: FieldValue; readonly count: number }[]
  /** For each row the place of its value in `values`; `NONE` without a value, `OTHER` for a rare one. */
  readonly codes: Uint8Array
  /** The smallest and largest number, if all values are numbers. */
  readonly range: readonly [number, number] | undefined
  /** The numbers, if all values are numbers; NaN without one. */
  readonly numbers: Float32Array | undefined
}

export const OTHER = 254
export const NONE = 255

/** How a search ranks: by an exact search, by one that may miss 2 %, by words, or by vectors and words. */
export type SearchMode = 'exact' | 'recall' | 'text' | 'hybrid'

/** What to search for: words, a vector, or the vector of a row. */
export interface SearchRequest {
  readonly mode: SearchMode
  readonly text?: string | undefined
  readonly vector?: readonly number[] | undefined
  /** Searches for what is near this row. */
  readonly like?: number | undefined
  readonly filter?: Filter | undefined
  readonly k: number
  /** The number of times to search; the fastest is reported. */
  readonly runs?: number | undefined
}

export interface FoundDocument {
  readonly row: number
  readonly id: string
  /** Undefined where documents are listed, not ranked. */
  readonly score: number | undefined
  readonly distance: number | undefined
  readonly content: string | null
  /** As text, since its members are names that anybody may choose. */
  readonly meta: string | null
}

export interface SearchAnswer {
  readonly hits: readonly FoundDocument[]
  readonly milliseconds: number
  /** What was done, if it is not what the mode says. */
  readonly note: string | undefined
}

export interface FullDocument {
  readonly row: number
  readonly id: string
  readonly content: string | null
  readonly meta: string | null
  readonly vector: Float32Array | undefined
}

/** Rows, and for each of them the other row that is nearest to it. */
export interface Neighbors {
  readonly rows: Float64Array
  readonly nearest: Float64Array
  readonly scores: Float64Array
}

/** How far a search for the nearest other row of every row is. */
export interface AllNeighbors {
  readonly step: string
  /** The part of the step that is done, from 0 to 1. */
  readonly done: number
  /** Once it has ended. Rows without a vector, or without another row, are left out. */
  readonly found?: Neighbors
  /** The share of some rows, evenly drawn, for which the nearest of all was found, and the number of these. */
  readonly share?: number
  readonly trials?: number
}

/** What a page may ask about a database. Each runs where the database is, on one connection. */
export interface Methods {
  describe(): FileDescription
  check(table: string): Diagnostic[]
  /** Repairs what `check` found. The only one that writes. */
  repair(table: string): Diagnostic[]
  stats(place: Place): Diagnostic[]
  map(place: Place): PointMap
  /** Keeps rows as a sample, in the memory of the worker. */
  sample(place: Place, rows: readonly number[]): RowSample
  /** Refused with the code UI_SAMPLE when the sample is not kept any more. */
  nearest(place: Place, sample: number, rows: readonly number[], k: number): NearestOfSample
  fields(place: Place): Field[]
  values(place: Place, field: Field): FieldValues
  search(place: Place, request: SearchRequest): SearchAnswer
  documents(place: Place, rows: readonly number[], withVectors: boolean): FullDocument[]
  /** For some rows, exactly. Those without a vector, or without another row, are left out. */
  neighbors(place: Place, rows: readonly number[]): Neighbors
  /** Begins to look for those of every row, nearly all exactly. The code UI_ROWS: there are too many. */
  beginNeighbors(place: Place): number
  /** Goes on for a moment. Refused with the code UI_GONE when the worker does not keep the search any more. */
  continueNeighbors(search: number): AllNeighbors
  endNeighbors(search: number): void
}

export type MethodName = keyof Methods

/** What turns the words of a search into a vector. */
export interface TextEmbedder {
  /** The name of the model. */
  readonly name: string
  readonly dim: number
  embed(text: string): Promise<Float32Array>
}

/** Where a page finds its database: a worker of the page, or `svec ui`. */
export interface Source {
  /** The name of the file. */
  readonly name: string
  readonly writable: boolean
  readonly embedder: TextEmbedder | undefined
  call<N extends MethodName>(
    method: N,
    ...values: Parameters<Methods[N]>
  ): Promise<ReturnType<Methods[N]>>
  close(): Promise<void>
}

/** An answer of `svec_ui()`, packed. */
export type PackedAnswer =
  | { readonly value: unknown }
  | { readonly error: { readonly code: string; readonly message: string; readonly hint?: string } }
