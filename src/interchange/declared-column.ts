import { parseJson, stringifyJson } from '../core/exact-json.ts'
import { isTooDeep } from '../core/json-depth.ts'
import type { BindValue, SqlValue } from '../database/values.ts'
import type { DeclaredColumn, TableDescription } from '../tables/describe-table.ts'
import { sourceError, type Place } from './interchange-error.ts'

/** The declared columns that documents carry. Those with FROM are read from meta. */
export function storedColumns({ declared }: TableDescription): readonly DeclaredColumn[] {
  return declared.filter(({ from }) => from === undefined)
}

/**
 * Whether a source has types: JSON and objects of a program have, the texts of CSV do not. Text without a type may be
 * a number or JSON.
 */
export type Typing = 'typed' | 'untyped'

/**
 * A value that its column does not hold by nature, such as a BLOB or text in an INTEGER column, is written as an object
 * that names its type: {"$blob": "AAE="}. So it comes back as it was.
 */
const TAGGED = /^\{"\$(?:blob|text|real)":/
const INT64 = 2n ** 63n

/** A value of a column as JSON. */
export function columnJson(value: SqlValue, { type }: DeclaredColumn): string {
  if (value === null) return 'null'
  if (value instanceof Uint8Array) return tagged('blob', Buffer.from(value).toString('base64'))
  if (typeof value === 'string') {
    if (type === 'TEXT') return JSON.stringify(value)
    return type === 'JSON' && isExactJson(value) ? value : tagged('text', value)
  }
  if (type === 'REAL') return realText(Number(value))
  const isInteger = typeof value === 'bigint' || Number.isSafeInteger(value)
  return isInteger ? String(value) : `{"$real":${realText(value)}}`
}

/** A value of a column as a field of CSV, before quotes. */
export function columnText(value: SqlValue, column: DeclaredColumn): string | null {
  if (value === null) return null
  if (typeof value !== 'string') return columnJson(value, column)
  // An empty field is NULL.
  const isPlain = value !== '' && !TAGGED.test(value)
  if (isPlain && column.type === 'TEXT') return value
  if (isPlain && column.type === 'JSON' && parsed(value) !== undefined) return value
  return tagged('text', value)
}

function tagged(tag: 'blob' | 'text', value: string): string {
  return `{"$${tag}":${JSON.stringify(value)}}`
}

/** JSON has larger numbers than a double, and reads them as infinity. */
function realText(value: number): string {
  if (Object.is(value, -0)) return '-0.0'
  return Number.isFinite(value) ? String(value) : `${value < 0 ? '-' : ''}9e999`
}

/** Whether JSON text comes back byte for byte. NULL would come back for null. */
function isExactJson(text: string): boolean {
  if (text === 'null' || TAGGED.test(text)) return false
  const value = parsed(text)
  return value !== undefined && stringifyJson(value) === text
}

/** The value of JSON text that SQLite reads, too; otherwise undefined. */
function parsed(text: string): unknown {
  try {
    return isTooDeep(text) ? undefined : parseJson(text)
  } catch {
    return undefined
  }
}

/** The value of a field as its column stores it. Throws VEC_SOURCE for a value of another type. */
export function columnValue(
  value: unknown,
  column: DeclaredColumn,
  typing: Typing,
  place: Place,
): BindValue {
  if (value === undefined || value === null) return null
  const isTagged = typing === 'untyped' && typeof value === 'string' && TAGGED.test(value)
  const known = untagged(isTagged ? parsed(value) : value)
  if (known !== undefined) return known
  const stored = READ[column.type](value, typing)
  if (stored !== undefined) return stored
  throw sourceError(
    `${column.name} is ${shown(value)}: expected ${EXPECTED[column.type]}`,
    `the table declares the column ${column.name} ${column.type}: correct the value, or rename the field`,
    place,
  )
}

function untagged(value: unknown): BindValue | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const [entry, ...others] = Object.entries(value)
  if (entry === undefined || others.length > 0) return undefined
  const [tag, inner] = entry as [string, unknown]
  if (tag === '$text' && typeof inner === 'string') return inner
  if (tag === '$real' && isNumber(inner)) return Number(inner)
  if (tag !== '$blob' || typeof inner !== 'string') return undefined
  const bytes = Buffer.from(inner, 'base64')
  return bytes.toString('base64') === inner ? new Uint8Array(bytes) : undefined
}

const EXPECTED: Readonly<Record<DeclaredColumn['type'], string>> = {
  TEXT: 'text or null',
  INTEGER: 'an integer or null',
  REAL: 'a number or null',
  JSON: 'JSON of at most 1,000 levels',
}

type Read = (value: unknown, typing: Typing) => BindValue | undefined

/** A value as a column of each type stores it; undefined for a value of another type. */
const READ: Readonly<Record<DeclaredColumn['type'], Read>> = {
  // Numbers and booleans become text, as in an id.
  TEXT: value => {
    if (typeof value === 'string') return value
    return isNumber(value) || typeof value === 'boolean' ? String(value) : undefined
  },
  INTEGER: value => integerIn(typeof value === 'string' ? numberIn(value) : value),
  REAL: value => {
    const number = typeof value === 'string' ? numberIn(value) : value
    if (typeof number === 'boolean') return Number(number)
    return isNumber(number) && !Number.isNaN(Number(number)) ? Number(number) : undefined
  },
  JSON: (value, typing) => {
    if (value instanceof Uint8Array) return undefined
    if (typing === 'untyped' && typeof value === 'string' && parsed(value) !== undefined) {
      return value
    }
    return jsonIn(value)
  },
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

function integerIn(value: unknown): bigint | undefined {
  if (typeof value === 'boolean') return BigInt(value)
  // A large integer that a double holds exactly is parsed as a number.
  if (typeof value === 'number' && Number.isInteger(value)) return integerIn(BigInt(value))
  return typeof value === 'bigint' && value >= -INT64 && value < INT64 ? value : undefined
}

/** The number in text: '1965', '1965.0' as pandas writes it, '1e3'. */
function numberIn(text: string): number | bigint | undefined {
  const trimmed = text.trim()
  if (/^[+-]?\d+$/.test(trimmed)) {
    const digits = BigInt(trimmed.replace('+', ''))
    return trimmed.startsWith('-') && digits === 0n ? -0 : digits
  }
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : undefined
}

/** Undefined for what JSON in SQLite cannot hold: a function, a value that contains itself, deep nesting. */
function jsonIn(value: unknown): string | undefined {
  try {
    const text = stringifyJson(value) as string | undefined
    return text === undefined || isTooDeep(text) ? undefined : text
  } catch {
    return undefined
  }
}

function shown(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`
  return (jsonIn(value) ?? typeof value).slice(0, 60)
}
