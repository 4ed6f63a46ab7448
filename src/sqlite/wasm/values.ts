import { describeValue, isThenable, typedArrayName } from '../../core/describe-value.ts'
import { Utf8 } from '../../core/utf8.ts'
import type { SqlValue } from '../../database/values.ts'
import {
  SQLITE_BLOB,
  SQLITE_FLOAT,
  SQLITE_INTEGER,
  SQLITE_STATIC,
  SQLITE_TEXT,
  SQLITE_TRANSIENT,
  type Pointer,
  type Sqlite,
} from './wasm.ts'

const MAX_INT64 = 2n ** 63n - 1n
const MIN_INT64 = -(2n ** 63n)

/** Typed arrays that are bound as their bytes: raw bytes, and float32, which is what an embedding is. */
const BYTE_ARRAYS: ReadonlySet<string> = new Set(['Uint8Array', 'Float32Array'])

/**
 * The bytes of a binary value; undefined for any other value. Bytes of another typed array would be stored silently
 * and read as float32 later, so such an array is not accepted.
 */
function asBytes(value: unknown): Uint8Array | undefined {
  const bytes = value instanceof Uint8Array ? value : viewedBytes(value)
  // A buffer that was transferred to a worker reads as empty, but creating a view of it throws.
  return bytes?.length === 0 ? new Uint8Array(bytes.buffer, bytes.byteOffset, 0) : bytes
}

function viewedBytes(value: unknown): Uint8Array | undefined {
  if (value instanceof Float32Array) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  }
  if (ArrayBuffer.isView(value)) {
    const type = typedArrayName(value)
    return type === undefined || BYTE_ARRAYS.has(type)
      ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      : undefined
  }
  // Compares the tag instead of using instanceof: values may come from another realm (node:vm, test runners).
  const isBuffer = Object.prototype.toString.call(value) === '[object ArrayBuffer]'
  return isBuffer ? new Uint8Array(value as ArrayBuffer) : undefined
}

/** The error that says why a value cannot be bound, and what to pass instead. */
export function unbindable(value: unknown, where: string): TypeError {
  return new TypeError(`${where} cannot be ${describeValue(value)}: ${remedyFor(value)}`)
}

const BYTES_OF =
  'new Uint8Array(array.buffer, array.byteOffset, array.byteLength) for its raw bytes'

function remedyFor(value: unknown): string {
  if (value === undefined) return 'use null for NULL'
  if (typeof value === 'number')
    return 'SQLite would store NULL: bind null if that is what you mean'
  if (typeof value === 'bigint') return 'SQLite integers are 64 bits wide: bind text instead'
  if (value instanceof Date) return 'bind date.toISOString() or date.getTime()'
  if (isThenable(value)) {
    return 'await it first, and pass the result'
  }
  if (ArrayBuffer.isView(value)) {
    return typedArrayName(value)?.startsWith('Big')
      ? `pass ${BYTES_OF}`
      : `an embedding is float32: pass Float32Array.from(array), or ${BYTES_OF}`
  }
  if (Array.isArray(value)) {
    return 'an embedding is a Float32Array: pass Float32Array.from(array), or JSON.stringify(array) for JSON'
  }
  if (typeof SharedArrayBuffer === 'function' && value instanceof SharedArrayBuffer) {
    return 'pass new Uint8Array(buffer)'
  }
  const taken = 'null, a number, bigint, boolean, string, Uint8Array or Float32Array'
  return typeof value === 'object' ? `pass JSON.stringify(value), or ${taken}` : `pass ${taken}`
}

/**
 * The memory for text and blobs of a statement's parameters while SQLite refers to them. Each statement has its own,
 * so that no value is copied twice.
 */
export class BindBuffer {
  readonly #sqlite: Sqlite
  #start: Pointer = 0
  #capacity = 0
  #used = 0

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite
  }

  /** Reserves memory for all parameters of one execution at once. Earlier values must stay valid until then. */
  reserve(bytes: number): void {
    this.#used = 0
    if (bytes <= this.#capacity && this.#capacity <= 1 << 20) return
    if (bytes <= this.#capacity && bytes > this.#capacity / 4) return
    this.release()
    if (bytes === 0) return
    const capacity = Math.max(256, bytes)
    this.#start = this.#sqlite.alloc(capacity)
    this.#capacity = capacity
  }

  take(bytes: number): Pointer {
    const p = this.#start + this.#used
    this.#used += bytes
    return p
  }

  /**
   * Whether the memory is so large that it is freed between executions: a statement may wait long for its collection.
   */
  get large(): boolean {
    return this.#capacity > 1 << 16
  }

  release(): void {
    if (this.#capacity > 0) this.#sqlite.free(this.#start)
    this.#start = 0
    this.#capacity = 0
    this.#used = 0
  }
}

/** An upper bound of the memory that a value needs while it is bound. */
export function boundBytes(value: unknown): number {
  if (typeof value === 'string') return value.length * 3
  if (typeof value !== 'object' || value === null) return 0
  if (value instanceof Utf8) return value.bytes.length
  return (value as { byteLength?: number }).byteLength ?? 0
}

/** Binds parameter `n`, counted from 1; returns SQLite's result code. */
export function bindValue(
  sqlite: Sqlite,
  stmt: Pointer,
  n: number,
  value: unknown,
  buffer: BindBuffer,
  doubles = false,
): number {
  const { raw } = sqlite
  switch (typeof value) {
    case 'number':
      if (doubles) return raw.sqlite3_bind_double(stmt, n, value)
      if ((value | 0) === value && !Object.is(value, -0))
        return raw.sqlite3_bind_int(stmt, n, value)
      if (Number.isSafeInteger(value) && value !== 0)
        return raw.sqlite3_bind_int64(stmt, n, BigInt(value))
      if (Number.isNaN(value)) throw unbindable(value, `parameter ${n}`)
      return raw.sqlite3_bind_double(stmt, n, value)
    case 'string': {
      const p = buffer.take(value.length * 3)
      // A NULL pointer would bind NULL, and an empty buffer may have none.
      return raw.sqlite3_bind_text(stmt, n, p || 8, sqlite.writeText(value, p), SQLITE_STATIC)
    }
    case 'bigint':
      if (value > MAX_INT64 || value < MIN_INT64) throw unbindable(value, `parameter ${n}`)
      return raw.sqlite3_bind_int64(stmt, n, value)
    case 'boolean':
      return raw.sqlite3_bind_int(stmt, n, value ? 1 : 0)
    case 'object': {
      if (value === null) return raw.sqlite3_bind_null(stmt, n)
      const text = value instanceof Utf8
      const bytes = text ? value.bytes : asBytes(value)
      if (bytes === undefined) throw unbindable(value, `parameter ${n}`)
      const p = buffer.take(bytes.length)
      sqlite.u8.set(bytes, p)
      return text
        ? raw.sqlite3_bind_text(stmt, n, p || 8, bytes.length, SQLITE_STATIC)
        : raw.sqlite3_bind_blob(stmt, n, p || 8, bytes.length, SQLITE_STATIC)
    }
    default:
      throw unbindable(value, `parameter ${n}`)
  }
}

/** How SQLite's values are converted to JavaScript and, for numbers, back. */
export interface ValueFormat {
  /**
   * INTEGER as number where that is exact, otherwise as bigint; always as bigint; or always as number, rounded if
   * necessary.
   */
  readonly integers: 'exact' | 'bigint' | 'number'
  /** Whether every number is bound as REAL, integers included. */
  readonly doubles: boolean
  /** Converts the bytes of a BLOB to the value in a row. */
  readonly blob: (bytes: Uint8Array) => Uint8Array
}

const asTheyAre = (bytes: Uint8Array): Uint8Array => bytes

export const EXACT: ValueFormat = { integers: 'exact', doubles: false, blob: asTheyAre }
export const BIGINTS: ValueFormat = { ...EXACT, integers: 'bigint' }

export function columnValue(
  sqlite: Sqlite,
  stmt: Pointer,
  i: number,
  format: ValueFormat,
): SqlValue {
  const { raw } = sqlite
  switch (raw.sqlite3_column_type(stmt, i)) {
    case SQLITE_INTEGER: {
      if (format.integers === 'bigint') return raw.sqlite3_column_int64(stmt, i)
      const number = raw.sqlite3_column_double(stmt, i)
      if (Number.isSafeInteger(number) || format.integers === 'number') return number
      return raw.sqlite3_column_int64(stmt, i)
    }
    case SQLITE_FLOAT:
      return raw.sqlite3_column_double(stmt, i)
    case SQLITE_TEXT: {
      const p = raw.sqlite3_column_text(stmt, i)
      return sqlite.readText(p, raw.sqlite3_column_bytes(stmt, i))
    }
    case SQLITE_BLOB: {
      const p = raw.sqlite3_column_blob(stmt, i)
      return format.blob(sqlite.copyBytes(p, raw.sqlite3_column_bytes(stmt, i)))
    }
    default:
      return null
  }
}

/** The value of an argument of a function or a virtual table. */
export function readValue(sqlite: Sqlite, value: Pointer, bigints = false): SqlValue {
  const { raw } = sqlite
  switch (raw.sqlite3_value_type(value)) {
    case SQLITE_INTEGER: {
      if (bigints) return raw.sqlite3_value_int64(value)
      const number = raw.sqlite3_value_double(value)
      return Number.isSafeInteger(number) ? number : raw.sqlite3_value_int64(value)
    }
    case SQLITE_FLOAT:
      return raw.sqlite3_value_double(value)
    case SQLITE_TEXT: {
      const p = raw.sqlite3_value_text(value)
      return sqlite.readText(p, raw.sqlite3_value_bytes(value))
    }
    case SQLITE_BLOB: {
      const p = raw.sqlite3_value_blob(value)
      return sqlite.copyBytes(p, raw.sqlite3_value_bytes(value))
    }
    default:
      return null
  }
}

/** Returns a value to SQLite. `where` names it in an error. NaN becomes NULL, as everywhere in SQL. */
export function writeResult(
  sqlite: Sqlite,
  context: Pointer,
  value: unknown,
  where: () => string,
): void {
  const { raw } = sqlite
  switch (typeof value) {
    case 'number':
      if ((value | 0) === value && !Object.is(value, -0)) raw.sqlite3_result_int(context, value)
      else if (Number.isSafeInteger(value) && value !== 0)
        raw.sqlite3_result_int64(context, BigInt(value))
      else raw.sqlite3_result_double(context, value)
      return
    case 'string': {
      const p = sqlite.scratch(value.length * 3)
      raw.sqlite3_result_text(context, p, sqlite.writeText(value, p), SQLITE_TRANSIENT)
      return
    }
    case 'bigint':
      if (value > MAX_INT64 || value < MIN_INT64) throw unbindable(value, where())
      raw.sqlite3_result_int64(context, value)
      return
    case 'boolean':
      raw.sqlite3_result_int(context, value ? 1 : 0)
      return
    default: {
      if (value === null || value === undefined) {
        raw.sqlite3_result_null(context)
        return
      }
      // A view of its bytes would cost as much as the copy.
      if (value instanceof Float32Array && value.length > 0) {
        const p = sqlite.scratch(value.byteLength)
        sqlite.f32.set(value, p / 4)
        raw.sqlite3_result_blob(context, p, value.byteLength, SQLITE_TRANSIENT)
        return
      }
      const text = value instanceof Utf8
      const bytes = text ? value.bytes : asBytes(value)
      if (bytes === undefined) throw unbindable(value, where())
      const p = sqlite.scratch(bytes.length)
      sqlite.u8.set(bytes, p)
      if (text) raw.sqlite3_result_text(context, p, bytes.length, SQLITE_TRANSIENT)
      else raw.sqlite3_result_blob(context, p, bytes.length, SQLITE_TRANSIENT)
    }
  }
}
