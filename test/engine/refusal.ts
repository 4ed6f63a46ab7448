import assert from 'node:assert/strict'
import { VecError, type ErrorCode } from '../../src/entries/main.ts'

/** The error of this library that `run` ends in: its code, and what message or hint must tell. */
export function refused(
  run: () => unknown,
  code: ErrorCode,
  ...tells: readonly (string | RegExp)[]
): VecError {
  try {
    run()
  } catch (error) {
    return checked(error, code, tells)
  }
  assert.fail(`expected ${code}, nothing was refused`)
}

export async function refusedLater(
  promise: Promise<unknown>,
  code: ErrorCode,
  ...tells: readonly (string | RegExp)[]
): Promise<VecError> {
  try {
    await promise
  } catch (error) {
    return checked(error, code, tells)
  }
  assert.fail(`expected ${code}, nothing was refused`)
}

function checked(error: unknown, code: ErrorCode, tells: readonly (string | RegExp)[]): VecError {
  assert.ok(error instanceof VecError, String(error))
  assert.equal(error.code, code, error.message)
  const text = `${error.message}\n${error.hint ?? ''}`
  for (const tell of tells) {
    const told = typeof tell === 'string' ? text.includes(tell) : tell.test(text)
    assert.ok(told, `${String(tell)} is missing in: ${text}`)
  }
  return error
}
