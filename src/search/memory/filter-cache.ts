import { idKey } from '../../core/id-key.ts'
import type { IdTable } from '../../core/id-table.ts'
import { Utf8 } from '../../core/utf8.ts'
import type { RowFilter } from '../schema/row-filter.ts'

/** The rows whose positions a bitmap names, and what the table says of them in the snapshot of a search. */
export interface FilteredRows {
  readonly ids: IdTable
  readonly positions: number
  /** Ids whose rows this snapshot sees otherwise than the index holds them. */
  readonly changed: readonly Uint8Array[]
  /** What the snapshot sees may be rolled back, and the index does not hold it. */
  readonly uncommitted: boolean
  /** Visits the ids of all rows that pass. */
  eachPassing(this: void, visit: (id: Uint8Array) => void): void
  /** Whether the row of an id passes. */
  passes(this: void, id: Uint8Array): boolean
}

interface Bitmap {
  words: Uint32Array
  /** How many changes of the log it has seen. */
  seen: number
  /** Ids that it could not be told of, because the snapshot that asked saw other rows than the index holds. */
  deferred: readonly Uint8Array[]
}

const MOST_BITMAPS = 64
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

  get bytes(): number {
    let bytes = 0
    for (const { words } of this.#bitmaps.values()) bytes += words.byteLength
    return bytes
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

  /** The positions that pass, one bit each. Bits of positions without a row, and of changed ids, mean nothing. */
  positions(rows: FilteredRows, filter: RowFilter): Uint32Array {
    const key = keyOf(filter)
    const known = this.#bitmaps.get(key)
    const waiting = known ? [...known.deferred, ...this.#log.slice(known.seen - this.#dropped)] : []
    if (rows.uncommitted) {
      // A row that this transaction replaced through another key is missing here, and among the changed ids, too.
      const copy = known && { ...known, words: known.words.slice() }
      return (copy ? patched(copy, rows, waiting) : made(rows)).words
    }
    const bitmap = known ? patched(known, rows, waiting) : made(rows)
    bitmap.seen = this.#dropped + this.#log.length
    this.#bitmaps.delete(key)
    this.#bitmaps.set(key, bitmap)
    if (this.#bitmaps.size > MOST_BITMAPS) {
      const [oldest] = this.#bitmaps.keys()
      this.#bitmaps.delete(oldest)
    }
    return bitmap.words
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
  const unknown = new Set(rows.changed.map(idKey))
  const deferred: Uint8Array[] = []
  for (const [key, id] of new Map(waiting.map(one => [idKey(one), one]))) {
    if (unknown.has(key)) {
      deferred.push(id)
      continue
    }
    const position = rows.ids.find(id)
    if (position < 0) continue
    const bit = 1 << (position & 31)
    if (rows.passes(id)) bitmap.words[position >>> 5] |= bit
    else bitmap.words[position >>> 5] &= ~bit
  }
  bitmap.deferred = deferred
  return bitmap
}

function made(rows: FilteredRows): Bitmap {
  const words = new Uint32Array(wordsFor(rows.positions))
  rows.eachPassing(id => {
    const position = rows.ids.find(id)
    if (position >= 0) words[position >>> 5] |= 1 << (position & 31)
  })
  return { words, seen: 0, deferred: rows.changed }
}

function wordsFor(positions: number): number {
  return (positions + 31) >>> 5
}

/** The type of a parameter counts: '1' and 1 are two conditions. */
function keyOf({ sql, parameters }: RowFilter): string {
  const values = parameters.map(value => {
    if (value instanceof Utf8) return `text ${idKey(value.bytes)}`
    return value instanceof Uint8Array ? `blob ${idKey(value)}` : `${typeof value} ${value}`
  })
  return JSON.stringify([sql, ...values])
}
