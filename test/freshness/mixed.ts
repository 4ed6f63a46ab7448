/** The same vector in other coordinates, each of which has a part of every number (Hadamard); the dimension is a power of 2. */
export function mixed(vector: Float32Array): Float32Array {
  const x = vector.slice()
  for (let half = 1; half < x.length; half *= 2) {
    for (let i = 0; i < x.length; i++) {
      if (i & half) continue
      const [a, b] = [x[i], x[i + half]]
      x[i] = a + b
      x[i + half] = a - b
    }
  }
  return x
}
