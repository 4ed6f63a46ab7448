import type { NativeStatement } from '../sqlite/native-statement.ts'
import { isInt64, sqlValue } from './values.ts'

/** The parameters of a statement, and the values of a run by position. */
export class StatementParameters {
  readonly #count: number
  /** Positions of parameters without a name, in order. */
  readonly #anonymous: number[] = []
  /** The names without their prefix, and the position of each. */
  readonly #names: string[] = []
  readonly #positions: number[] = []

  constructor(native: NativeStatement) {
    this.#count = native.parameterCount
    if (this.#count === 0) return
    for (const [position, name] of native.parameterNames.entries()) {
      if (name === null) this.#anonymous.push(position)
      else {
        this.#names.push(name.slice(1))
        this.#positions.push(position)
      }
    }
  }

  /** Accepts values one by one, in arrays, and named values in one object, also mixed. */
  values(args: readonly unknown[]): readonly unknown[] {
    const isNamed = this.#names.length > 0
    if (!isNamed && args.length === this.#count && areValues(args)) return args
    const [first] = args
    if (isNamed && args.length === 1 && this.#anonymous.length === 0 && isObject(first)) {
      if (!Array.isArray(first) && isPlain(first)) {
        const values: unknown[] = []
        this.#putNamed(first, values)
        return values
      }
    }
    return this.#mixed(args)
  }

  #mixed(args: readonly unknown[]): unknown[] {
    const values = Array<unknown>(this.#count).fill(null)
    let count = 0
    let next = 0
    let named = false
    const put = (value: unknown): void => {
      const position = this.#anonymous[next++]
      if (position === undefined) throw new RangeError('Too many parameter values were provided')
      values[position] = bindable(value)
      count++
    }
    for (const arg of args) {
      if (Array.isArray(arg)) {
        for (let i = 0; i < arg.length; i++) put(arg[i])
      } else if (!isObject(arg)) put(arg)
      else if (isPlain(arg)) {
        if (named) {
          throw new TypeError('You cannot specify named parameters in two different objects')
        }
        named = true
        count += this.#putNamed(arg, values)
      } else if (this.#names.length > 0) {
        throw new TypeError('Named parameters can only be passed within plain objects')
      } else put(arg)
    }
    if (count === this.#count) return values
    if (!named && this.#names.length > 0) throw new TypeError('Missing named parameters')
    throw new RangeError('Too few parameter values were provided')
  }

  #putNamed(given: object, values: unknown[]): number {
    const names = this.#names
    for (let i = 0; i < names.length; i++) {
      const name = names[i]
      if (!Object.hasOwn(given, name)) throw new RangeError(`Missing named parameter "${name}"`)
      values[this.#positions[i]] = bindable((given as Record<string, unknown>)[name])
    }
    return names.length
  }
}

/** Whether all arguments can be bound directly. */
function areValues(args: readonly unknown[]): boolean {
  for (let i = 0; i < args.length; i++) {
    const value = args[i]
    const kind = typeof value
    if (kind === 'number' || value === null) continue
    if (kind === 'string' ? (value as string).isWellFormed() : value instanceof Uint8Array) continue
    if (kind !== 'bigint' || !isInt64(value as bigint)) return false
  }
  return true
}

function bindable(value: unknown): unknown {
  const known = sqlValue(value)
  if (known !== undefined) return known
  if (typeof value === 'bigint') {
    throw new RangeError('The bound string, buffer, or bigint is too big')
  }
  throw new TypeError('SQLite3 can only bind numbers, strings, bigints, buffers, and null')
}

function isObject(value: unknown): value is object {
  const kind = typeof value
  return (kind === 'object' || kind === 'function') && value !== null && !ArrayBuffer.isView(value)
}

/** Whether an object of any realm is plain: without a prototype, or with the root prototype. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
