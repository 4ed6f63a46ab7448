import { bitsOf } from '../../core/bit-count.ts'
import { idKey } from '../../core/id-key.ts'
import type { IdTable } from '../../core/id-table.ts'
import { Utf8 } from '../../core/utf8.ts'
import type { RowFilter } from '../schema/row-filter.ts'
import type { FilterPlan } from './filter-plan.ts'

/** The rows that a bitmap describes, as the table shows them in the snapshot of a search. */
export interface FilteredRows {
  readonly ids: IdTable
  readonly positions: number
  /** Ids whose rows differ between this snapshot and the index. */
  readonly changed: readonly Uint8Array[]
  /** Whether the snapshot sees changes that may be rolled back, and that the index does not contain. */
  readonly uncommitted: boolean
  /** The text of CREATE TABLE. Under another one, the same condition may have another meaning. */
  readonly definition: string
  /** Visits the ids of all rows that match. */
  eachPassing(this: void, visit: (id: Uint8Array) => void): void
  /** Whether the row of an id matches. */
  passes(this: void, id: Uint8Array): boolean
  /**
   * The matching positions from the metadata columns of the index, if these have everything that the condition reads.
   */
  readonly columns?: PassingPositions | undefined
}

export interface PassingPositions {
  /** A bitmap of the positions that match. */
  select(this: void): Uint32Array
  passes(this: void, position: number): boolean
}

/** The positions that match a condition. */
export interface Passing {
  /** One bit per position. Bits of positions without a row, and of changed ids, are meaningless. */
  readonly words: Uint32Array
  /** The number of set bits. */
  readonly count: number
  /** How the bitmap was made. */
  readonly source: 'cached' | 'columns' | 'table'
}

interface Bitmap {
  words: Uint32Array
  count: number
  /** Whether it was made by a pass over the table. The columns in memory make one in far less time. */
  readonly ofTable: boolean
  /** The number of changes in the log that it includes. */
  seen: number
  /** Changed ids that it could not include, because the requesting snapshot saw other rows than the index. */
  deferred: readonly Uint8Array[]
}

/** Counted separately for bitmaps from the table and from the columns, so that the latter do not evict the former. */
const MOST_BITMAPS = 64
/** The number of filters whose last plan is kept. */
const MOST_PLANS = 8
/** For more rows than this, evaluating the condition one by one takes longer than reading the table. */
const MOST_CHANGES = 5000

/**
 * For each recent condition, the positions of one index that match it. A bitmap describes the same state of the table
 * as the index. One pass over the table makes it; afterwards, the condition is evaluated only for rows that the index
 * has added since. The search itself reads rows that its transaction has changed beyond that state.
 *
 * A condition must depend only on the columns of its row, and the journal must have an entry for every change of them.
 */
export class FilterCache {
  /** In order of use, the most recent last. */
  readonly #bitmaps = new Map<string, Bitmap>()
  /** Ids that the index has taken in, oldest first. Those before `#dropped` have been removed. */
  #log: Uint8Array[] = []
  #dropped = 0
  /** The recent plans of filters, by their text, in order of use, the most recent last. */
  readonly #plans = new Map<string, { readonly filter: RowFilter; readonly plan: FilterPlan }>()

  get bytes(): number {
    let bytes = 0
    for (const { words } of this.#bitmaps.values()) bytes += words.byteLength
    return bytes
  }

  /** The recently used filters, with their plans. */
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

  /** Records that the index has taken in the current rows of these ids. */
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

  /** Whether the matching positions are already known, except for rows that changed since. */
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

/** Updates a bitmap with rows that it does not include yet. */
function patched(bitmap: Bitmap, rows: FilteredRows, waiting: readonly Uint8Array[]): Bitmap {
  const size = wordsFor(rows.positions)
  if (bitmap.words.length < size) {
    const words = new Uint32Array(size)
    words.set(bitmap.words)
    bitmap.words = words
  }
  if (waiting.length === 0) return bitmap
  const { columns } = rows
  // Cells belong to positions, so it does not matter that a snapshot sees other rows.
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

/** The type of a parameter matters: '1' and 1 are two conditions. */
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
