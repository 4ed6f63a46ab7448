import { VecError } from '../../core/errors.ts'

/**
 * An error with a message of sqlite-vec, word for word, including its misspellings: migrated programs may compare
 * messages. Our hint says what to do.
 */
export function unreadable(message: string, hint: string): VecError {
  return new VecError('VEC_EMBEDDING', message, { hint })
}

/** The error for an empty vector. */
export function isEmpty(): VecError {
  return unreadable('zero-length vectors are not supported.', 'a vector has at least one number')
}

export const TEXT_HINT = "write a vector as '[0.1, 0.2]'"
