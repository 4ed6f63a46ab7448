import { describeValue } from '../core/describe-value.ts'
import type { InsertRow } from '../sqlite/vtab/insert-many.ts'
import { Outgoing } from './outgoing.ts'

/** The number of rows sent at once: few enough that a page stays responsive while they are copied. */
const CHUNK_ROWS = 2048
const CHUNK_BYTES = 1 << 20

/** Rows that are sent together. */
export interface Chunk {
  readonly rows: readonly InsertRow[]
  readonly transfer: readonly ArrayBuffer[]
}

/** Splits a caller's rows into chunks that can be sent. With `moves`, buffers that hold only one value are moved. */
export async function* chunksOf(
  given: Iterable<InsertRow> | AsyncIterable<InsertRow>,
  moves: boolean | undefined,
): AsyncGenerator<Chunk> {
  let out = new Outgoing('insertMany()', moves, CHUNK_BYTES)
  let rows: InsertRow[] = []
  let count = 0
  const taken = (): Chunk => {
    const chunk = { rows, transfer: out.transfer }
    out = new Outgoing('insertMany()', moves, CHUNK_BYTES)
    rows = []
    return chunk
  }
  const add = (row: InsertRow): boolean => {
    rows.push(out.copy(`row ${++count}`, row))
    return rows.length === CHUNK_ROWS || out.bytes >= CHUNK_BYTES
  }
  const iterable = requireRows(given)
  if (Symbol.iterator in iterable) {
    for (const row of iterable) if (add(row)) yield taken()
  } else {
    for await (const row of iterable) if (add(row)) yield taken()
  }
  if (rows.length > 0) yield taken()
}

function requireRows(rows: unknown): Iterable<InsertRow> | AsyncIterable<InsertRow> {
  const isObject = typeof rows === 'object' && rows !== null
  if (isObject && (Symbol.iterator in rows || Symbol.asyncIterator in rows))
    return rows as Iterable<InsertRow>
  throw new TypeError(
    `insertMany() takes an iterable of rows, each an array of values, got ${describeValue(rows)}`,
  )
}
