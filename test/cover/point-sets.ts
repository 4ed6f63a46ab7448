/** Numbers that come again with the same seed. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0
  }

  /** From 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next())
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]
  }

  gaussian(dim: number, scale = 1): Float32Array {
    return Float32Array.from({ length: dim }, () => this.normal() * scale)
  }
}

export type PointSet = (random: Random, count: number, dim: number) => Float32Array[]

/** Sets that broke a search once, or might: see each name. */
export const pointSets: Record<string, PointSet> = {
  isotropic: (random, count, dim) => times(count, () => random.gaussian(dim)),
  'many clusters': (random, count, dim) => clusters(random, count, dim, count / 14, 0.1),
  'two clusters': (random, count, dim) => clusters(random, count, dim, 2, 0.3),
  'bundles of width 1e-3': (random, count, dim) => clusters(random, count, dim, 20, 1e-3),
  'bundles of width 1e-5': (random, count, dim) => clusters(random, count, dim, 20, 1e-5),
  'bundles of one ulp': (random, count, dim) => clusters(random, count, dim, 20, 6e-8),
  'every row 50 times': (random, count, dim) => {
    const rows = times(Math.ceil(count / 50), () => random.gaussian(dim))
    return times(count, i => rows[i % rows.length])
  },
  'all rows equal': (random, count, dim) => {
    const row = random.gaussian(dim)
    return times(count, () => row)
  },
  'all rows equal but one': (random, count, dim) => {
    const row = random.gaussian(dim)
    const other = random.gaussian(dim)
    return times(count, i => (i === count - 2 ? other : row))
  },
  'multiples of one row': (random, count, dim) => {
    const row = random.gaussian(dim)
    return times(count, () => row.map(x => x * (random.next() + 0.01)))
  },
  'all in one narrow cone': (random, count, dim) =>
    times(count, () => random.gaussian(dim, 0.05).map(x => x + 1)),
  'one-hot rows': (random, count, dim) => times(count, () => axis(dim, random.below(dim), 1)),
  'geometric axes': (_random, count, dim) => times(count, i => axis(dim, i % dim, 2 ** (-i % 140))),
  'a line in order': (_random, count, dim) => times(count, i => axis(dim, 0, i - count / 3)),
  'a grid with ties': (random, count, dim) =>
    times(count, () => Float32Array.from({ length: dim }, () => random.below(3) - 1)),
  'some zero rows': (random, count, dim) =>
    times(count, i => (i % 5 === 0 ? new Float32Array(dim) : random.gaussian(dim))),
  'only zero rows': (_random, count, dim) => times(count, () => new Float32Array(dim)),
  huge: (random, count, dim) =>
    times(count, () => random.gaussian(dim).map(x => Math.max(-1, Math.min(1, x)) * 3.4e38)),
  subnormal: (random, count, dim) => times(count, () => random.gaussian(dim, 5e-45)),
  'every size': (random, count, dim) =>
    times(count, () => random.gaussian(dim, 2 ** (random.below(240) - 125))),
}

function times(count: number, row: (i: number) => Float32Array): Float32Array[] {
  return Array.from({ length: count }, (_, i) => row(i))
}

function axis(dim: number, at: number, value: number): Float32Array {
  const row = new Float32Array(dim)
  row[at] = value
  return row
}

function clusters(
  random: Random,
  count: number,
  dim: number,
  centres: number,
  width: number,
): Float32Array[] {
  const all = times(Math.ceil(centres), () => random.gaussian(dim))
  return times(count, () => random.pick(all).map(x => x + random.normal() * width))
}

/** Points of a curved surface of three parameters in `dim` dimensions, row-major. */
export function sheet(random: Random, count: number, dim: number): Float32Array {
  const bend = times(dim, () => random.gaussian(4))
  const rows = new Float32Array(count * dim)
  for (let i = 0; i < count; i++) {
    const u = random.next()
    const v = random.next()
    const w = random.next()
    for (let j = 0; j < dim; j++) {
      const [a, b, c, d] = bend[j]
      rows[i * dim + j] = a * u + b * v + c * w + 0.3 * Math.sin(3 * (d * u + a * v + b * w))
    }
  }
  return rows
}
