import { didYouMean } from '../core/suggest.ts'
import { usageError } from './cli-error.ts'

type FlagValue = string | boolean | readonly string[]

/** The options of a command, read with type checks. Names are without dashes. */
export class Flags {
  readonly #values: ReadonlyMap<string, FlagValue>

  constructor(values: ReadonlyMap<string, FlagValue>) {
    this.#values = values
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  on(name: string): boolean {
    return this.#values.get(name) === true
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name)
    return typeof value === 'string' ? value : undefined
  }

  /** The values of an option that may be repeated. */
  texts(name: string): readonly string[] {
    const value = this.#values.get(name)
    return Array.isArray(value) ? (value as readonly string[]) : []
  }

  integer(name: string, min = 1, max: number = Number.MAX_SAFE_INTEGER): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = /^[+-]?\d+$/.test(text.trim()) ? Number(text) : NaN
    if (!Number.isSafeInteger(value) || value < min || value > max) {
      const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`
      throw usageError(`--${name} must be an integer, ${range}, not '${text}'`)
    }
    return value
  }

  number(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = text.trim() === '' ? NaN : Number(text)
    if (!Number.isFinite(value)) throw usageError(`--${name} must be a number, not '${text}'`)
    return value
  }

  /** The value of an option with a fixed set of words. */
  oneOf<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const found = choices.find(choice => choice === text.toLowerCase())
    if (found === undefined) {
      throw usageError(
        `--${name} cannot be '${text}'${didYouMean(text, choices)}`,
        `expected one of ${choices.join(', ')}`,
      )
    }
    return found
  }
}
