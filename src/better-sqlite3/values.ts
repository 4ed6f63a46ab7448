import type { BindValue, SqlValue } from '../database/values.ts'

const MAX_INT64 = 2n ** 63n - 1n
const MIN_INT64 = -(2n ** 63n)

/** The SQL value of a JavaScript value; undefined if there is none, as for a bigint of more than 64 bits. */
export function sqlValue(value: unknown): BindValue | undefined {
  switch (typeof value) {
    case 'number':
      return value
    case 'string':
      return value.isWellFormed() ? value : value.toWellFormed()
    case 'bigint':
      return isInt64(value) ? value : undefined
    case 'undefined':
      return null
    default:
      if (value === null) return null
      if (!ArrayBuffer.isView(value)) return undefined
      return value instanceof Uint8Array
        ? value
        : new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  }
}

export function isInt64(value: bigint): boolean {
  return value <= MAX_INT64 && value >= MIN_INT64
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** An argument of a function, aggregate or table. Integers are rounded unless the caller asked for bigint. */
export function argument(value: SqlValue, bigints: boolean): unknown {
  if (value instanceof Uint8Array) return asBuffer(value)
  return typeof value === 'bigint' && !bigints ? Number(value) : value
}

/** The SQL value of a result of JavaScript. `who` names it in an error. */
export function result(value: unknown, who: string): BindValue {
  const known = sqlValue(value)
  if (known !== undefined) return known
  if (typeof value === 'bigint') throw new RangeError(`${who} a bigint of more than 64 bits`)
  throw new TypeError(`${who} an invalid value: expected a number, string, bigint, buffer or null`)
}

/** A boolean option, false if absent. */
export function switchOption(options: object, name: string): boolean {
  if (!(name in options)) return false
  const value: unknown = (options as Record<string, unknown>)[name]
  if (typeof value === 'boolean') return value
  throw new TypeError(`Expected the "${name}" option to be a boolean`)
}

/** The argument of a setting; true if absent. */
export function switchArgument(args: readonly unknown[]): boolean {
  if (args.length === 0) return true
  if (typeof args[0] === 'boolean') return args[0]
  throw new TypeError('Expected first argument to be a boolean')
}

/** Checks a name that SQL will use. */
export function nameArgument(name: unknown, what: string): string {
  if (typeof name !== 'string') throw new TypeError('Expected first argument to be a string')
  if (name === '') throw new TypeError(`the name of ${what} cannot be an empty string`)
  return name
}

/** The number of parameters of a function that SQL passes. */
export function arityOf({ length }: { readonly length: unknown }): number {
  if (Number.isInteger(length) && (length as number) >= 0) return length as number
  throw new TypeError('Expected function.length to be a positive integer')
}
