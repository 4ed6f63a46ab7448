import assert from 'node:assert/strict'
import type { ErrorCode } from '../src/entries/main.ts'

/** What an error must be, whatever its sentence: its kind, and the values that its message or hint must name. */
interface Told {
  /** The code of a VecError, or the name of a class of JavaScript. */
  readonly code: ErrorCode | 'TypeError' | 'RangeError'
  readonly names: readonly (string | number)[]
}

/** Asserts that `run` throws an error of this code which names these values. */
export function throwsVec(run: () => unknown, told: Told): void {
  assert.throws(run, error => isTold(error, told))
}

/** The same for a promise, or a function that returns one. */
export function rejectsVec(
  run: Promise<unknown> | (() => Promise<unknown>),
  told: Told,
): Promise<void> {
  return assert.rejects(run, error => isTold(error, told))
}

/** Asserts that a text, whatever its sentences, names each of the values. */
export function assertNames(text: string, names: readonly (string | number)[]): void {
  for (const name of names) {
    assert.ok(contains(text, String(name)), `it must name ${name}: ${text}`)
  }
}

function isTold(error: unknown, { code, names }: Told): true {
  assert.ok(error instanceof Error, `an error is expected, not ${String(error)}`)
  const { name, message, hint, code: given } = error as Error & { hint?: string; code?: string }
  assert.equal(name === 'VecError' ? given : name, code, message)
  assertNames(`${message}\n${hint ?? ''}`, names)
  return true
}

/** A value is a whole word: 3 is not in 13, and 'a' is not in 'all'. */
function contains(text: string, name: string): boolean {
  const word = /\w/
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const before = text[at - 1] ?? ' '
    const after = text[at + name.length] ?? ' '
    const cutBefore = word.test(before) && word.test(name[0])
    const cutAfter = word.test(after) && word.test(name.at(-1)!)
    if (!cutBefore && !cutAfter) return true
  }
  return false
}
