import { bitsOf } from '../../core/bit-count.ts'
import { idKey } from '../../core/id-key.ts'
import type { IdTable } from '../../core/id-table.ts'
import { Utf8 } from '../../core/utf8.ts'
import type { RowFilter } from '../schema/row-filter.ts'
import type { FilterPlan } from './filter-plan.ts'

/** The rows whose positions a bitmap names, and what the table says of them in the snapshot of a search. */
export interface FilteredRows {
  readonly ids: IdTable
  readonly positions: number
  /** Ids whose rows this snapshot sees otherwise than the index holds them. */
  readonly changed: readonly Uint8Array[]
  /** What the snapshot sees may be rolled back, and the index does not hold it. */
  readonly uncommitted: boolean
  /** The text of CREATE TABLE: under another one the same condition may mean something else. */
  readonly definition: string
  /** Visits the ids of all rows that pass. */
  eachPassing(this: void, visit: (id: Uint8Array) => void): void
  /** Whether the row of an id passes. */
  passes(this: void, id: Uint8Array): boolean
  /** The same from the metadata columns of the index, where they have all that the condition reads. */
  readonly columns?: PassingPositions | undefined
}

export interface PassingPositions {
  /** A bit for each position that passes. */
  select(this: void): Uint32Array
  passes(this: void, position: number): boolean
}

/** The positions that pass a condition. */
export interface Passing {
  /** One bit each. Bits of positions without a row, and of changed ids, mean nothing. */
  readonly words: Uint32Array
  /** Bits that are set. */
  readonly count: number
  /** Where they come from. */
  readonly source: 'cached' | 'columns' | 'table'
}

interface Bitmap {
  words: Uint32Array
  count: number
  /** Made from the table, by a pass over all rows: the columns in memory make one in far less time. */
  readonly ofTable: boolean
  /** How many changes of the log it has seen. */
  seen: number
  /** Ids that it could not be told of, because the snapshot that asked saw other rows than the index holds. */
  deferred: readonly Uint8Array[]
}

/** Of those that the table made, and of those that the columns made: many of the latter push out none of the former. */
const MOST_BITMAPS = 64
/** Filters of which the last plan is kept. */
const MOST_PLANS = 8
/** Asking the condition for more rows than this one by one takes longer than reading the table. */
const MOST_CHANGES = 5000

/**
 * For each condition that was asked lately, which positions of one index pass it. A bitmap describes the same state of the
 * table as the index: it is made by one pass over the table, and afterwards only the rows that the index took in since then
 * are asked. What a transaction sees beyond that state is left to the search, which looks at those rows itself.
 *
 * A condition must depend on the columns of its row alone, and the journal must have an entry for every change of them.
 */
export class FilterCache {
  /** The one used last is the last. */
  readonly #bitmaps = new Map<string, Bitmap>()
  /** Ids that the index took in, the oldest first; those before `#dropped` are gone. */
  #log: Uint8Array[] = []
  #dropped = 0
  /** How filters were gone about lately, by their text; the one used last is the last. */
  readonly #plans = new Map<string, { readonly filter: RowFilter; readonly plan: FilterPlan }>()

  get bytes(): number {
    let bytes = 0
    for (const { words } of this.#bitmaps.values()) bytes += words.byteLength
    return bytes
  }

  /** The filters that were asked lately, and how. */
  get plans(): readonly { readonly filter: RowFilter; readonly plan: FilterPlan }[] {
    return [...this.#plans.values()]
  }

  note(filter: RowFilter, plan: FilterPlan): void {
    this.#plans.delete(filter.sql)
    this.#plans.set(filter.sql, { filter, plan })
    if (this.#plans.size <= MOST_PLANS) return
    const [oldest] = this.#plans.keys()
    this.#plans.delete(oldest)
  }

  /** The index took in the present rows of these ids. */
  changed(ids: readonly Uint8Array[]): void {
    if (this.#bitmaps.size === 0) return
    for (const id of ids) this.#log.push(id)
    const surplus = this.#log.length - MOST_CHANGES
    if (surplus <= 0) return
    this.#log = this.#log.slice(surplus)
    this.#dropped += surplus
    for (const [key, { seen }] of this.#bitmaps) {
      if (seen < this.#dropped) this.#bitmaps.delete(key)
    }
  }

  /** Whether the positions that pass are known already, but for rows that changed since. */
  knows(rows: Pick<FilteredRows, 'definition'>, filter: RowFilter): boolean {
    return this.#bitmaps.has(keyOf(rows, filter))
  }

  positions(rows: FilteredRows, filter: RowFilter): Passing {
    const key = keyOf(rows, filter)
    const known = this.#bitmaps.get(key)
    const waiting = known ? [...known.deferred, ...this.#log.slice(known.seen - this.#dropped)] : []
    const source = known ? 'cached' : rows.columns ? 'columns' : 'table'
    if (rows.uncommitted && !rows.columns) {
      // A row that this transaction replaced through another key is missing here, and among the changed ids, too.
      const copy = known && { ...known, words: known.words.slice() }
      return { ...(copy ? patched(copy, rows, waiting) : made(rows)), source }
    }
    const bitmap = known ? patched(known, rows, waiting) : made(rows)
    bitmap.seen = this.#dropped + this.#log.length
    this.#bitmaps.delete(key)
    this.#bitmaps.set(key, bitmap)
    if (!known) this.#dropSurplus(bitmap.ofTable)
    return { ...bitmap, source }
  }

  #dropSurplus(ofTable: boolean): void {
    const alike = [...this.#bitmaps].filter(([, bitmap]) => bitmap.ofTable === ofTable)
    if (alike.length > MOST_BITMAPS) this.#bitmaps.delete(alike[0][0])
  }
}

/** Tells a bitmap of rows that it has not seen. */
function patched(bitmap: Bitmap, rows: FilteredRows, waiting: readonly Uint8Array[]): Bitmap {
  const size = wordsFor(rows.positions)
  if (bitmap.words.length < size) {
    const words = new Uint32Array(size)
    words.set(bitmap.words)
    bitmap.words = words
  }
  if (waiting.length === 0) return bitmap
  const { columns } = rows
  // Cells belong to positions: what a snapshot sees otherwise is of no account.
  const unknown = new Set(columns ? [] : rows.changed.map(idKey))
  const deferred: Uint8Array[] = []
  for (const [key, id] of new Map(waiting.map(one => [idKey(one), one]))) {
    if (unknown.has(key)) {
      deferred.push(id)
      continue
    }
    const position = rows.ids.find(id)
    if (position < 0) continue
    const bit = 1 << (position & 31)
    if (columns ? columns.passes(position) : rows.passes(id)) bitmap.words[position >>> 5] |= bit
    else bitmap.words[position >>> 5] &= ~bit
  }
  bitmap.count = bitsOf(bitmap.words)
  bitmap.deferred = deferred
  return bitmap
}

function made(rows: FilteredRows): Bitmap {
  if (rows.columns) {
    const selected = rows.columns.select()
    return { words: selected, count: bitsOf(selected), ofTable: false, seen: 0, deferred: [] }
  }
  const words = new Uint32Array(wordsFor(rows.positions))
  rows.eachPassing(id => {
    const position = rows.ids.find(id)
    if (position >= 0) words[position >>> 5] |= 1 << (position & 31)
  })
  return { words, count: bitsOf(words), ofTable: true, seen: 0, deferred: rows.changed }
}

function wordsFor(positions: number): number {
  return (positions + 31) >>> 5
}

/** The type of a parameter counts: '1' and 1 are two conditions. */
function keyOf(
  { definition }: Pick<FilteredRows, 'definition'>,
  { sql, parameters }: RowFilter,
): string {
  const values = parameters.map(value => {
    if (value instanceof Utf8) return `text ${idKey(value.bytes)}`
    return value instanceof Uint8Array ? `blob ${idKey(value)}` : `${typeof value} ${value}`
  })
  return JSON.stringify([definition, sql, ...values])
}
