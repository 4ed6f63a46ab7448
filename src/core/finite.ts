import { describeValue } from './describe-value.ts'
import { VecError } from './errors.ts'

/** Whether every number is finite, as searches require. */
export function isFiniteVector(vector: Float32Array): boolean {
  // One NaN or infinity makes the sum NaN; a finite float32 minus itself never does. Four independent sums run in parallel.
  const { length } = vector
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  let i = 0
  for (; i + 3 < length; i += 4) {
    a += vector[i] - vector[i]
    b += vector[i + 1] - vector[i + 1]
    c += vector[i + 2] - vector[i + 2]
    d += vector[i + 3] - vector[i + 3]
  }
  for (; i < length; i++) a += vector[i] - vector[i]
  return a + b + c + d === 0
}

/** The error for one number of a vector. `value` is the given number, before rounding. */
export function notFinite(
  value: unknown,
  at: number,
  where = 'vector',
  what = 'the embedding',
): VecError {
  const hint =
    typeof value === 'number' && Number.isFinite(value)
      ? 'float32 ends at 3.4028235e38: scale the vector down'
      : value === null
        ? 'model servers write NaN as null: check what the embedding model returned'
        : 'check what the embedding model returned before you store it or search for it'
  return new VecError(
    'VEC_EMBEDDING',
    `${where}: number ${at} of ${what} is ${describeValue(value)}: expected finite float32 numbers`,
    { hint },
  )
}
