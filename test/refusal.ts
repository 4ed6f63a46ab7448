import assert from 'node:assert/strict'
import type { ErrorCode, VecError } from '../src/entries/main.ts'

/** The code of a VecError, or the name of a class of JavaScript. */
type Kind = ErrorCode | 'TypeError' | 'RangeError'

/** A value that message or hint must name, as a whole word; or a pattern. */
type Tell = string | number | RegExp

type Refusal<K extends Kind> = K extends ErrorCode ? VecError : Error

/**
 * The error that `run` throws: of this kind, with these values in its message or hint. Tests name the values and not the
 * sentence around them, so that a sentence can be written better without a change of tests.
 */
export function refused<K extends Kind>(
  run: () => unknown,
  kind: K,
  ...tells: readonly Tell[]
): Refusal<K> {
  try {
    run()
  } catch (error) {
    return checked(error, kind, tells)
  }
  assert.fail(`expected ${kind}, nothing was refused`)
}

/** The same of a promise. */
export async function refusedLater<K extends Kind>(
  promise: Promise<unknown>,
  kind: K,
  ...tells: readonly Tell[]
): Promise<Refusal<K>> {
  try {
    await promise
  } catch (error) {
    return checked(error, kind, tells)
  }
  assert.fail(`expected ${kind}, nothing was refused`)
}

/** Asserts that a text names each of the values. */
export function assertNames(text: string, ...tells: readonly Tell[]): void {
  for (const tell of tells) {
    const told = tell instanceof RegExp ? tell.test(text) : contains(text, String(tell))
    assert.ok(told, `${String(tell)} is missing in: ${text}`)
  }
}

function checked<K extends Kind>(error: unknown, kind: K, tells: readonly Tell[]): Refusal<K> {
  assert.ok(error instanceof Error, `an error is expected, not ${String(error)}`)
  const { name, code, message, hint } = error as Partial<VecError> & Error
  assert.equal(name === 'VecError' ? code : name, kind, message)
  assertNames(`${message}\n${hint ?? ''}`, ...tells)
  return error as Refusal<K>
}

/** As a whole word: 3 is not in 13, and 'a' is not in 'all'. */
function contains(text: string, name: string): boolean {
  const word = /\w/
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const isCutBefore = word.test(name[0]) && word.test(text[at - 1] ?? ' ')
    const isCutAfter = word.test(name.at(-1)!) && word.test(text[at + name.length] ?? ' ')
    if (!isCutBefore && !isCutAfter) return true
  }
  return false
}
