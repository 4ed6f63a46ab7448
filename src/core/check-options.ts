import { argumentError, requirePlainObject } from './argument-error.ts'
import { knownWord } from './known-word.ts'

/** Checks one option of a call; `where` names the function, `name` the option. */
export type Check = (where: string, name: string, value: unknown) => void

/**
 * Checks the options of a call, each by its own check. An option that is undefined counts as absent. Throws for an
 * unknown name, since a misspelled option would be ignored silently.
 */
export function checkOptions(
  where: string,
  options: unknown,
  checks: Readonly<Record<string, Check>>,
  name = 'options',
): void {
  requirePlainObject(where, name, options, 'an object')
  for (const [key, value] of Object.entries(options)) {
    knownWord(`option of ${where}`, key, Object.keys(checks))
    if (value !== undefined) checks[key](where, `${name}.${key}`, value)
  }
}

export const text: Check = (where, name, value) => {
  if (typeof value === 'string' && value.trim() !== '') return
  throw argumentError(where, name, value, 'a non-empty string')
}

export const flag: Check = (where, name, value) => {
  if (typeof value !== 'boolean') throw argumentError(where, name, value, 'true or false')
}

export const callback: Check = (where, name, value) => {
  if (typeof value !== 'function') throw argumentError(where, name, value, 'a function')
}

export const signal: Check = (where, name, value) => {
  const { aborted, throwIfAborted } = (value ?? {}) as Record<string, unknown>
  if (typeof aborted === 'boolean' && typeof throwIfAborted === 'function') return
  throw argumentError(where, name, value, 'an AbortSignal')
}

export const object: Check = (where, name, value) => {
  requirePlainObject(where, name, value, 'an object')
}

export function wholeNumber(min: number, max: number): Check {
  return (where, name, value) => {
    const expected = `an integer from ${min} to ${max}`
    if (typeof value !== 'number') throw argumentError(where, name, value, expected)
    if (Number.isInteger(value) && value >= min && value <= max) return
    throw new RangeError(`${where}: ${name} is ${value}: expected ${expected}`)
  }
}

export function oneOf(words: readonly string[]): Check {
  return (where, name, value) => {
    knownWord(`${name} of ${where}`, value, words)
  }
}

/** A path, or an object with a name and one of these members. */
export function input(...members: readonly ('bytes' | 'records')[]): Check {
  const expected = `the path of a file, or { name, ${members.join(' } or { name, ')} }`
  return (where, name, value) => {
    if (typeof value === 'string' && value !== '' && !value.includes('\0')) return
    const given = (typeof value === 'object' ? value : null) as Record<string, unknown> | null
    const member = members.find(candidate => isIterable(given?.[candidate]))
    if (member !== undefined && typeof given?.['name'] === 'string') return
    throw argumentError(where, name, value, expected)
  }
}

function isIterable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Symbol.asyncIterator in value || Symbol.iterator in value
}

/**
 * Runs a function of the caller. Rejects with the reason of the signal as soon as it is aborted: such a function may
 * ignore the signal, or wait for ever. What it returns after that is dropped. (In a file of its own, bundlers would load
 * it with other code.)
 */
export async function untilAborted<R>(
  task: () => Promise<R>,
  abort: AbortSignal | undefined,
): Promise<R> {
  abort?.throwIfAborted()
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(abort!.reason)
    }
    abort?.addEventListener('abort', stop)
    void task()
      .then(resolve, reject)
      .finally(() => abort?.removeEventListener('abort', stop))
  })
}
