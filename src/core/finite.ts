import { describeValue } from './describe-value.ts'
import { VecError } from './errors.ts'

/** Whether every number is finite, as searches require. */
export function isFiniteVector(vector: Float32Array): boolean {
  // One NaN or infinity makes the sum NaN; a finite float32 minus itself never does.
  let sum = 0
  for (let i = 0; i < vector.length; i++) sum += vector[i] - vector[i]
  return sum === 0
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
