import { seedOfTest } from '../seed.ts'

export interface Random {
  /** In [0, 1). */
  next(): number
  /** An integer in [0, n). */
  below(n: number): number
  normal(): number
  vector(dim: number, size?: number): Float32Array
}

/** Numbers from INDEX_SEED; streams of one seed have nothing in common. */
export function random(stream: number): Random {
  let state = (seedOfTest('INDEX_SEED') ^ Math.imul(stream + 1, 0x9e3779b1)) >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  const vector = (dim: number, size = 1): Float32Array => {
    const made = new Float32Array(dim)
    // A pair of numbers is two independent normal ones.
    for (let i = 0; i < dim; i += 2) {
      const length = Math.sqrt(-2 * Math.log(1 - next())) * size
      const angle = 2 * Math.PI * next()
      made[i] = length * Math.cos(angle)
      if (i + 1 < dim) made[i + 1] = length * Math.sin(angle)
    }
    return made
  }
  return { next, normal, vector, below: n => Math.floor(next() * n) }
}
