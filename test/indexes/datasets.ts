import { seedOfTest } from '../seed.ts'
import { random } from './random.ts'
import type { Random } from './random.ts'

export interface Dataset {
  readonly name: string
  readonly dim: number
  readonly rows: readonly Float32Array[]
  readonly queries: readonly Float32Array[]
}

type Make = (r: Random, dim: number, count: number) => Float32Array[]

const makers: Record<string, Make> = {
  isotropic: (r, dim, count) => many(count, () => r.vector(dim)),
  'lengths from 1e-3 to 1e3': (r, dim, count) =>
    many(count, () => r.vector(dim, 10 ** (6 * r.next() - 3))),
  'every row 50 times': (r, dim, count) => {
    const distinct = many(Math.ceil(count / 50), () => r.vector(dim))
    return many(count, i => distinct[i % distinct.length])
  },
  'a bundle of width 1e-3': (r, dim, count) => bundle(r, dim, count, 1e-3),
  'a bundle of width 1e-5': (r, dim, count) => bundle(r, dim, count, 1e-5),
  'one-hot rows': (r, dim, count) =>
    many(count, i => {
      const row = new Float32Array(dim)
      row[i % dim] = r.next() < 0.5 ? 1 : 1 + r.below(3)
      return row
    }),
  'geometric axes': (r, dim, count) => many(count, () => r.vector(dim).map((v, i) => v * 0.9 ** i)),
  clusters: (r, dim, count) => {
    const centres = many(20, () => r.vector(dim, 3))
    return many(count, () => {
      const centre = centres[r.below(20)]
      return r.vector(dim, 0.2).map((v, i) => v + centre[i])
    })
  },
  'far from the origin': (r, dim, count) =>
    many(count, () => r.vector(dim, 1e-3).map(v => v + 1000)),
  'zeros among rows': (r, dim, count) =>
    many(count, i => (i % 3 === 0 ? new Float32Array(dim) : r.vector(dim))),
  'only zeros': (_r, dim, count) => many(count, () => new Float32Array(dim)),
  'huge and tiny numbers': (r, dim, count) => {
    const sizes = [3.4e38, 1e38, 1e20, 1, 1e-20, 1e-38, 1e-42, 1.4e-45]
    return many(count, () => {
      const size = sizes[r.below(sizes.length)]
      return r.vector(dim).map(v => (v < 0 ? -1 : 1) * Math.min(Math.abs(v), 1) * size)
    })
  },
  'subnormal numbers': (r, dim, count) =>
    many(count, () => r.vector(dim).map(v => Math.round(v * 100) * 1.4e-45)),
  'the largest float everywhere': (r, dim, count) =>
    many(count, () => r.vector(dim).map(v => Math.sign(v) * 3.4028234663852886e38)),
  'one large number a row': (r, dim, count) =>
    many(count, () => {
      const row = r.vector(dim, 1e-6)
      row[r.below(dim)] = 1e6
      return row
    }),
  'whole numbers': (r, dim, count) => many(count, () => r.vector(dim).map(v => Math.round(v))),
}

export const datasetNames: readonly string[] = Object.keys(makers)

const made = new Map<string, Dataset>()

/**
 * Rows and queries: held-out ones, rows themselves, one that all rows point away from, a tiny one, zero.
 * The same arguments and seed give the same arrays, as every metric is tested with them.
 */
export function dataset(name: string, dim: number, count: number): Dataset {
  const key = [name, dim, count, seedOfTest('INDEX_SEED')].join()
  const known = made.get(key)
  if (known) return known
  const data = makeDataset(name, dim, count)
  made.set(key, data)
  return data
}

function makeDataset(name: string, dim: number, count: number): Dataset {
  const r = random(dim * 1009 + count * 31 + datasetNames.indexOf(name))
  const rows = makers[name](r, dim, count + 4)
  const queries = rows.splice(count)
  if (count > 0) {
    queries.push(
      rows[r.below(count)],
      rows[r.below(count)].map(v => -v),
    )
    const mean = new Float32Array(dim)
    for (const row of rows) for (let i = 0; i < dim; i++) mean[i] -= row[i] / count
    if (mean.every(v => Number.isFinite(v))) queries.push(mean)
  }
  queries.push(r.vector(dim), r.vector(dim, 1e-30), new Float32Array(dim))
  return { name, dim, rows, queries }
}

function many(count: number, make: (i: number) => Float32Array): Float32Array[] {
  return Array.from({ length: count }, (_, i) => make(i))
}

function bundle(r: Random, dim: number, count: number, width: number): Float32Array[] {
  const centre = r.vector(dim)
  return many(count, () => r.vector(dim, width).map((v, i) => v + centre[i]))
}
