import { doubleQuoted } from '../../core/quote.ts'
import type { SqlValue } from '../../database/values.ts'
import type { Connection } from '../../sqlite/connection.ts'
import type { Statement } from '../../sqlite/statement.ts'
import { EXTRAS, placeOf, type Document, type Extra } from '../document.ts'
import { sourceError } from '../interchange-error.ts'
import type { RecordMapper } from './record-mapper.ts'
import { TableSource } from './table-source.ts'
import type { Vec0Schema, Vec0Vector } from './vec0-schema.ts'

/** One row of `<table>_chunks`: space for `size` rows, and which of them are in use. */
interface Chunk {
  readonly id: number
  readonly size: number
  readonly validity: Uint8Array
  readonly rowids: Uint8Array
  readonly partitions: readonly unknown[]
}

/** Text of up to 12 bytes is in the chunk itself, after its length. Longer text is in a separate table. */
const INLINE_TEXT = 12
const TEXT_BYTES = 16

/** A table of sqlite-vec, read from its shadow tables, without its module. */
export class Vec0Source extends TableSource {
  readonly unit = 'rowid'
  readonly carries: readonly Extra[] = EXTRAS
  readonly metric: string
  readonly total: number
  readonly #table: string
  readonly #schema: Vec0Schema
  readonly #vector: Vec0Vector
  readonly #vectorNumber: number
  readonly #mapper: RecordMapper
  readonly #statements = new Map<string, Statement>()

  constructor(
    db: Connection,
    file: string,
    table: string,
    schema: Vec0Schema,
    vector: Vec0Vector,
    mapper: RecordMapper,
  ) {
    super(db, file, table)
    this.metric = vector.metric
    this.#table = table
    this.#schema = schema
    this.#vector = vector
    this.#vectorNumber = schema.vectors.indexOf(vector)
    this.#mapper = mapper
    this.total = Number(this.#value(`SELECT count(*) FROM ${this.#shadow('rowids')}`))
  }

  /** Reads each chunk as a whole, so that no read lock remains: the import may write to the same file. */
  async *documents(): AsyncGenerator<readonly Document[]> {
    const partitions = this.#schema.partitions.map((_, i) => `, partition${two(i)}`).join('')
    const next = this.db
      .prepare(
        `SELECT chunk_id, size, validity, rowids${partitions} FROM ${this.#shadow('chunks')}
         WHERE chunk_id > ? ORDER BY chunk_id LIMIT 1`,
      )
      .raw()
    let last = 0
    for (;;) {
      const row = next.get(last) as
        | [number, number, Uint8Array, Uint8Array, ...unknown[]]
        | undefined
      if (!row) break
      const [id, size, validity, rowids, ...partitionValues] = row
      const chunk: Chunk = { id, size, validity, rowids, partitions: partitionValues }
      const documents = this.#read(chunk)
      this.done += documents.length
      if (documents.length > 0) yield documents
      last = id
    }
    next.finalize()
  }

  #read(chunk: Chunk): Document[] {
    const { size, validity } = chunk
    if (validity.length * 8 < size || chunk.rowids.length < size * 8) throw this.#damaged(chunk)
    const { element, dim } = this.#vector
    const bytes = element === 'float' ? 4 * dim : dim
    const vectors = this.#chunkBlob(`vector_chunks${two(this.#vectorNumber)}`, 'vectors', chunk)
    if (vectors.length !== bytes * size) throw this.#damaged(chunk)
    const metadata = this.#schema.metadata.map((_, i) =>
      this.#chunkBlob(`metadatachunks${two(i)}`, 'data', chunk),
    )
    const rowids = new DataView(chunk.rowids.buffer, chunk.rowids.byteOffset, chunk.rowids.length)
    const documents: Document[] = []
    for (let i = 0; i < size; i++) {
      if ((validity[i >> 3] & (1 << (i & 7))) === 0) continue
      const rowid = rowids.getBigInt64(8 * i, true)
      const own = vectors.subarray(i * bytes, (i + 1) * bytes)
      const record: Record<string, unknown> = {
        [ID]: this.#idOf(rowid),
        [VECTOR]: element === 'float' ? own : widened(own),
      }
      this.#schema.partitions.forEach((name, p) => (record[name] = chunk.partitions[p]))
      this.#schema.metadata.forEach(({ name, type }, m) => {
        record[name] =
          type === 'text'
            ? this.#text(metadata[m], i, m, rowid)
            : plainMetadata(type, metadata[m], i)
      })
      this.#addAuxiliary(record, rowid)
      documents.push(this.#mapper.map(record, placeOf(this, Number(rowid))))
    }
    return documents
  }

  #idOf(rowid: bigint): string {
    if (this.#schema.key?.text !== true) return String(rowid)
    const id = this.#value(`SELECT id FROM ${this.#shadow('rowids')} WHERE rowid = ?`, rowid)
    return typeof id === 'string' ? id : String(rowid)
  }

  #addAuxiliary(record: Record<string, unknown>, rowid: bigint): void {
    const { auxiliary } = this.#schema
    if (auxiliary.length === 0) return
    const columns = auxiliary.map((_, i) => `value${two(i)}`).join(', ')
    const values = this.#row(
      `SELECT ${columns} FROM ${this.#shadow('auxiliary')} WHERE rowid = ?`,
      rowid,
    )
    auxiliary.forEach((name, i) => {
      const value = values?.[i]
      // JSON cannot hold bytes.
      record[name] = value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
    })
  }

  #text(data: Uint8Array, i: number, column: number, rowid: bigint): unknown {
    const from = i * TEXT_BYTES
    const view = new DataView(data.buffer, data.byteOffset, data.length)
    const length = view.getInt32(from, true)
    if (length <= INLINE_TEXT) {
      return new TextDecoder().decode(data.subarray(from + 4, from + 4 + Math.max(0, length)))
    }
    const table = this.#shadow(`metadatatext${two(column)}`)
    return this.#value(`SELECT data FROM ${table} WHERE rowid = ?`, rowid)
  }

  #chunkBlob(table: string, column: string, chunk: Chunk): Uint8Array {
    const blob = this.#value(
      `SELECT ${column} FROM ${this.#shadow(table)} WHERE rowid = ?`,
      chunk.id,
    )
    if (!(blob instanceof Uint8Array)) throw this.#damaged(chunk)
    return blob
  }

  #shadow(part: string): string {
    return doubleQuoted(`${this.#table}_${part}`)
  }

  #row(sql: string, key: number | bigint): readonly SqlValue[] | undefined {
    let statement = this.#statements.get(sql)
    if (!statement) this.#statements.set(sql, (statement = this.db.prepare(sql).raw()))
    return statement.get(key) as readonly SqlValue[] | undefined
  }

  #value(sql: string, key?: number | bigint): SqlValue | undefined {
    return key === undefined
      ? (this.db.prepare(sql).pluck().get() as SqlValue)
      : this.#row(sql, key)?.[0]
  }

  #damaged(chunk: Chunk): Error {
    return sourceError(
      `${this.name}: chunk ${chunk.id} does not have the size that its ${chunk.size} rows need`,
      'the table is damaged, or of an unknown version of sqlite-vec',
    )
  }
}

/** Names that no column of a vec0 table can have. */
export const ID = 'rowid!'
export const VECTOR = 'vector!'

function two(number: number): string {
  return String(number).padStart(2, '0')
}

function widened(bytes: Uint8Array): Uint8Array {
  const numbers = new DataView(new ArrayBuffer(bytes.length * 4))
  bytes.forEach((byte, i) => numbers.setFloat32(4 * i, (byte << 24) >> 24, true))
  return new Uint8Array(numbers.buffer)
}

function plainMetadata(
  type: 'integer' | 'float' | 'boolean',
  data: Uint8Array,
  i: number,
): number | bigint | boolean | string {
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  if (type === 'boolean') return (data[i >> 3] & (1 << (i & 7))) !== 0
  if (type === 'float') return view.getFloat64(8 * i, true)
  const value = view.getBigInt64(8 * i, true)
  // JSON numbers are doubles: an integer that a double cannot hold stays text.
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
}
