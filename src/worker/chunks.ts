import { argumentError } from '../core/argument-error.ts'
import type { InsertRow } from '../sqlite/vtab/insert-many.ts'
import { Outgoing } from './outgoing.ts'
import { elsewhere } from './wire-error.ts'

/** The number of rows sent at once: few enough that a page stays responsive while they are copied. */
const CHUNK_ROWS = 2048
const CHUNK_BYTES = 1 << 20

/** Rows that are sent together. */
export interface Chunk {
  readonly rows: readonly InsertRow[]
  readonly transfer: readonly ArrayBuffer[]
}

/** Splits a caller's rows into chunks. With `moves`, buffers that hold only one value are moved. */
export function chunksOf(
  given: Iterable<InsertRow> | AsyncIterable<InsertRow>,
  moves: boolean | undefined,
): Iterable<Chunk> | AsyncIterable<Chunk> {
  const outgoing = (): Outgoing => new Outgoing('insertMany()', moves, CHUNK_BYTES)
  let out = outgoing()
  let rows: InsertRow[] = []
  let count = 0
  const taken = (): Chunk | undefined => {
    const chunk = rows.length > 0 ? { rows, transfer: out.transfer } : undefined
    out = outgoing()
    rows = []
    return chunk
  }
  /** Copies a row. Returns whether the chunk is full. */
  const add = (row: InsertRow): boolean => {
    try {
      rows.push(out.copy(`row ${++count}`, row))
    } catch (error) {
      elsewhere.add(error as object)
      throw error
    }
    return rows.length === CHUNK_ROWS || out.bytes >= CHUNK_BYTES
  }
  const all = requireRows(given)
  function* now(source: Iterable<InsertRow>): Generator<Chunk> {
    for (const row of source) if (add(row)) yield taken()!
    const last = taken()
    if (last) yield last
  }
  async function* later(source: AsyncIterable<InsertRow>): AsyncGenerator<Chunk> {
    for await (const row of source) if (add(row)) yield taken()!
    const last = taken()
    if (last) yield last
  }
  return Symbol.iterator in all ? now(all) : later(all)
}

function requireRows(rows: unknown): Iterable<InsertRow> | AsyncIterable<InsertRow> {
  const isObject = typeof rows === 'object' && rows !== null
  if (isObject && (Symbol.iterator in rows || Symbol.asyncIterator in rows))
    return rows as Iterable<InsertRow>
  throw argumentError('insertMany()', 'rows', rows, 'an iterable of rows, each an array of values')
}
