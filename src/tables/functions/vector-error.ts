import { VecError } from '../../core/errors.ts'

/**
 * Messages of sqlite-vec, word for word, its misspellings included: programs that move here compare them. A hint of our
 * own says what to do.
 */
export function unreadable(message: string, hint: string): VecError {
  return new VecError('VEC_EMBEDDING', message, { hint })
}

/** Of no vector. */
export function isEmpty(): VecError {
  return unreadable('zero-length vectors are not supported.', 'a vector has at least one number')
}

export const TEXT_HINT = "write a vector as '[0.1, 0.2]'"
