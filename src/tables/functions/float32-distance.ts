/*
 * Distances equal to sqlite-vec's to the bit. It computes in float32, one number after the other. A product of two
 * float32 numbers, a sum, or a square root in double, rounded to float32, equals the result of float32 arithmetic.
 */

type Numbers = Float32Array | Int8Array

/** Differences, squares and their sum in float32. */
export function l2Distance(a: Numbers, b: Numbers): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) {
    const difference = Math.fround(a[i] - b[i])
    sum = Math.fround(sum + Math.fround(difference * difference))
  }
  return Math.fround(Math.sqrt(sum))
}

/** The sum in double; an integer for int8. */
export function l1Distance(a: Numbers, b: Numbers): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i])
  return sum
}

/** The three sums in float32, the quotient in double, the result in float32; NaN for a vector of length zero. */
export function cosineDistance(a: Numbers, b: Numbers): number {
  let product = 0
  let squaresOfA = 0
  let squaresOfB = 0
  for (let i = 0; i < a.length; i++) {
    const x = a[i]
    const y = b[i]
    product = Math.fround(product + Math.fround(x * y))
    squaresOfA = Math.fround(squaresOfA + Math.fround(x * x))
    squaresOfB = Math.fround(squaresOfB + Math.fround(y * y))
  }
  return Math.fround(1 - product / (Math.sqrt(squaresOfA) * Math.sqrt(squaresOfB)))
}

/** How many bits differ. */
export function hammingDistance(a: Uint8Array, b: Uint8Array): number {
  let count = 0
  for (let i = 0; i < a.length; i++) {
    for (let bits = a[i] ^ b[i]; bits !== 0; bits &= bits - 1) count++
  }
  return count
}
