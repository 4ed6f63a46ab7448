import { describeValue } from '../core/describe-value.ts'
import type { InsertRow } from '../sqlite/vtab/insert-many.ts'
import { Outgoing } from './outgoing.ts'
import { fromElsewhere } from './wire-error.ts'

/** The number of rows sent at once: few enough that a page stays responsive while they are copied. */
const CHUNK_ROWS = 2048
const CHUNK_BYTES = 1 << 20

/** Rows that are sent together. */
export interface Chunk {
  readonly rows: readonly InsertRow[]
  readonly transfer: readonly ArrayBuffer[]
}

/** A caller's rows, in chunks that can be sent. */
export type Chunks =
  | { readonly sync: Iterable<Chunk>; readonly later?: undefined }
  | { readonly sync?: undefined; readonly later: AsyncIterable<Chunk> }

/** Splits a caller's rows into chunks. With `moves`, buffers that hold only one value are moved. */
export function chunksOf(
  given: Iterable<InsertRow> | AsyncIterable<InsertRow>,
  moves: boolean | undefined,
): Chunks {
  const rows = requireRows(given)
  return Symbol.iterator in rows
    ? { sync: chunksNow(rows, new Chunking(moves)) }
    : { later: chunksLater(rows, new Chunking(moves)) }
}

function* chunksNow(rows: Iterable<InsertRow>, chunking: Chunking): Generator<Chunk> {
  for (const row of rows) if (chunking.add(row)) yield chunking.take()
  if (!chunking.isEmpty) yield chunking.take()
}

async function* chunksLater(
  rows: AsyncIterable<InsertRow>,
  chunking: Chunking,
): AsyncGenerator<Chunk> {
  for await (const row of rows) if (chunking.add(row)) yield chunking.take()
  if (!chunking.isEmpty) yield chunking.take()
}

class Chunking {
  readonly #moves: boolean | undefined
  #out: Outgoing
  #rows: InsertRow[] = []
  #count = 0

  constructor(moves: boolean | undefined) {
    this.#moves = moves
    this.#out = this.#outgoing()
  }

  get isEmpty(): boolean {
    return this.#rows.length === 0
  }

  /** Copies a row. Returns whether the chunk is full. */
  add(row: InsertRow): boolean {
    try {
      this.#rows.push(this.#out.copy(`row ${++this.#count}`, row))
    } catch (error) {
      throw fromElsewhere(error)
    }
    return this.#rows.length === CHUNK_ROWS || this.#out.bytes >= CHUNK_BYTES
  }

  take(): Chunk {
    const chunk = { rows: this.#rows, transfer: this.#out.transfer }
    this.#out = this.#outgoing()
    this.#rows = []
    return chunk
  }

  #outgoing(): Outgoing {
    return new Outgoing('insertMany()', this.#moves, CHUNK_BYTES)
  }
}

function requireRows(rows: unknown): Iterable<InsertRow> | AsyncIterable<InsertRow> {
  const isObject = typeof rows === 'object' && rows !== null
  if (isObject && (Symbol.iterator in rows || Symbol.asyncIterator in rows))
    return rows as Iterable<InsertRow>
  throw new TypeError(
    `insertMany() takes an iterable of rows, each an array of values, got ${describeValue(rows)}`,
  )
}
