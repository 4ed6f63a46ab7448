import { seedOfTest } from '../seed.ts'

/** Numbers from VEC_SEED; streams of one seed have nothing in common. */
export class Random {
  #state: number

  constructor(stream: number) {
    this.#state = (seedOfTest('VEC_SEED') ^ Math.imul(stream + 1, 0x9e3779b1)) >>> 0
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  below(n: number): number {
    return Math.floor(this.next() * n)
  }

  chance(share: number): boolean {
    return this.next() < share
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]
  }

  /** Small multiples of 1/8 among other numbers, so that scores tie. */
  vector(dim: number): Float32Array {
    const coarse = this.chance(0.5)
    return Float32Array.from({ length: dim }, () => {
      const x = this.next() + this.next() + this.next() - 1.5
      return coarse ? Math.round(x * 4) / 8 : x
    })
  }
}
