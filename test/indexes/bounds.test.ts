import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { ACCELERATORS, type AcceleratorName } from '../../src/accelerators/accelerator.ts'
import { Arena } from '../../src/accelerators/arena.ts'
import { MAX_RESULTS } from '../../src/accelerators/kernels.ts'
import { exactSimilarity, magnitude } from '../../src/core/similarity.ts'
import type { Metric } from '../../src/entries/main.ts'
import { CodeRows } from '../../src/index/kinds/exact/code-rows.ts'
import { FloatRows } from '../../src/index/kinds/exact/float-rows.ts'
import { deviationOf, principalAxes } from '../../src/index/kinds/exact/principal-axes.ts'
import { Rotation } from '../../src/index/kinds/exact/rotation.ts'
import type { RowOptions } from '../../src/index/kinds/exact/row-block.ts'
import type { Rows } from '../../src/index/kinds/exact/rows.ts'
import { ALLOWED, LISTED, RESULTS } from '../../src/index/kinds/exact/scan-scratch.ts'
import { canBeSplit, splitLayout, SplitRows } from '../../src/index/kinds/exact/split-rows.ts'
import { seededTest } from '../seed.ts'
import { dataset, datasetNames } from './datasets.ts'
import { random } from './random.ts'

const test = seededTest('INDEX_SEED')

type Make = (options: RowOptions, rows: readonly Float32Array[]) => Rows

const forms = {
  codes: options => new CodeRows(options),
  floats: options => new FloatRows(options),
  split: options => new SplitRows(options),
  turned: (options, rows) => new SplitRows(options, orthogonal(options, rows)),
  bent: options => new SplitRows(options, bent(options.dim)),
} satisfies Record<string, Make>

/** Along the principal axes of the rows. */
function orthogonal({ dim }: RowOptions, rows: readonly Float32Array[]): Rotation {
  const values = Float32Array.from(rows.flatMap(row => Array.from(directionOf(row))))
  const { headCodes } = splitLayout(dim)
  return new Rotation(principalAxes(values, dim, headCodes, new Arena()), dim)
}

function directionOf(row: Float32Array): Float32Array {
  const length = magnitude(row)
  return row.map(value => (length > 0 ? value / length : 0))
}

/** A matrix that is not orthogonal at all: it stretches, shrinks and shears, and loses one coordinate. */
function bent(dim: number): Rotation {
  const r = random(77)
  const size = 2 ** (r.below(5) - 2)
  const values = Float32Array.from({ length: dim * dim }, (_, i) => {
    const [row, column] = [Math.floor(i / dim), i % dim]
    if (row === 1) return 0
    return size * ((row === column ? 1 : 0) + (0.3 * r.normal()) / Math.sqrt(dim))
  })
  return new Rotation({ values, deviation: deviationOf(values, dim, new Arena()) }, dim)
}

function filled(
  form: keyof typeof forms,
  metric: Metric,
  rows: readonly Float32Array[],
  kernels: AcceleratorName,
): Rows {
  const dim = rows[0].length
  const make: Make = forms[form]
  const options = { metric, dim, expectedRows: 0, accelerator: ACCELERATORS[kernels] }
  const held = make(options, rows)
  const staged = held.block.stage(rows.length)
  rows.forEach((row, i) => staged.set(row, i * dim))
  held.commit(rows.length)
  return held
}

interface Bounds {
  readonly position: number
  readonly lower: number
  readonly upper: number
}

/** In order of position: rows are scanned in four places by turns. */
function scan(rows: Rows, to: number, least: number, most: number, allowed: number): Bounds[] {
  const count = rows.scan(0, to, least, most, allowed)
  const { f64, u32 } = rows.block.arena
  return Array.from({ length: count }, (_, i) => ({
    position: u32[RESULTS / 4 + 4 * MAX_RESULTS + i],
    lower: f64[RESULTS / 8 + i],
    upper: f64[RESULTS / 8 + MAX_RESULTS + i],
  })).toSorted((a, b) => a.position - b.position)
}

const dims = {
  codes: [1, 3, 16, 20, 100, 517, 1030],
  floats: [1, 3, 16, 20, 100, 517, 1030],
  split: [17, 96, 100, 517, 1030],
  turned: [17, 20, 100, 384],
  bent: [17, 20, 100, 384],
}
const referenceDims = {
  codes: [1, 4, 15, 18, 52, 100],
  floats: [1, 4, 15, 18, 52, 100],
  split: [17, 33, 96, 97, 100, 111, 130, 800],
  turned: [18, 97, 130],
  bent: [18, 97, 130],
}

for (const metric of ['cosine', 'euclidean', 'dot', 'manhattan'] as const) {
  for (const form of ['codes', 'floats', 'split', 'turned', 'bent'] as const) {
    if (form !== 'codes' && form !== 'floats' && !canBeSplit(metric, 96)) continue
    describe(`bounds of ${form}, ${metric}`, () => {
      for (const name of datasetNames) {
        test(`no exact similarity is outside: ${name}`, () => {
          for (const dim of dims[form]) {
            const { queries, rows } = dataset(name, dim, 60)
            const held = filled(form, metric, rows, 'simd')
            for (const query of queries) {
              if (!held.setQuery(query)) continue
              const all = scan(held, rows.length, -Infinity, Infinity, 0)
              const found = new Set(all.map(({ position }) => position))
              rows.forEach((row, position) => {
                const known = !Number.isNaN(exactSimilarity(metric, query, row))
                assert.equal(found.has(position), known, `dim ${dim}: ${position}`)
              })
              for (const { lower, position, upper } of all) {
                const similarity = exactSimilarity(metric, query, rows[position])
                const what = `dim ${dim}: ${lower} <= ${similarity} <= ${upper}`
                assert.ok(lower <= similarity && similarity <= upper, what)
              }
            }
            held.block.dispose()
          }
        })
      }

      test('SIMD and the reference give the same results and bounds, to the bit', () => {
        for (const name of datasetNames) {
          for (const dim of referenceDims[form]) {
            const { queries, rows } = dataset(name, dim, 70)
            const [a, b] = (['simd', 'scalar'] as const).map(kernels => {
              const held = filled(form, metric, rows, kernels)
              held.remove(3)
              return held
            })
            assert.deepEqual(a.sections(), b.sections(), `${name}, dim ${dim}`)
            for (const query of queries) {
              if (!a.setQuery(query)) continue
              b.setQuery(query)
              const all = scan(a, rows.length, -Infinity, Infinity, 0)
              const bounds = all.flatMap(({ lower, upper }) => [lower, upper])
              const middle = bounds.toSorted((x, y) => x - y)[bounds.length >>> 1] ?? 0
              const limits: [number, number][] = [
                [-Infinity, Infinity],
                [middle, Infinity],
                [-Infinity, middle],
                [middle, middle],
                // The closest a limit can be to a row that it keeps.
                ...all.slice(0, 5).map(({ upper }): [number, number] => [upper, Infinity]),
              ]
              for (const words of [0, ALLOWED]) {
                for (const { arena } of [a.block, b.block])
                  arena.u32.fill(0x9d6b5a3f, ALLOWED / 4, ALLOWED / 4 + 3)
                for (const [least, most] of limits) {
                  const expected = scan(b, rows.length, least, most, words)
                  assert.deepEqual(scan(a, rows.length, least, most, words), expected)
                }
              }
            }
            a.block.dispose()
            b.block.dispose()
          }
        }
      })

      test('a limit leaves out only rows that are surely beyond it', () => {
        const { queries, rows } = dataset('isotropic', form === 'split' ? 100 : 40, 500)
        const held = filled(form, metric, rows, 'simd')
        for (const query of queries.filter(numbers => numbers.some(v => v !== 0))) {
          held.setQuery(query)
          const exact = rows.map(row => exactSimilarity(metric, query, row))
          for (const limit of exact.slice(0, 50)) {
            const above = scan(held, rows.length, limit, Infinity, 0)
            const below = scan(held, rows.length, -Infinity, limit, 0)
            const reaching = new Set(above.map(hit => hit.position))
            const within = new Set(below.map(hit => hit.position))
            exact.forEach((similarity, position) => {
              if (similarity >= limit)
                assert.ok(reaching.has(position), `${similarity} >= ${limit}`)
              if (similarity <= limit) assert.ok(within.has(position), `${similarity} <= ${limit}`)
            })
            for (const { upper } of above) assert.ok(upper >= limit)
            for (const { lower } of below) assert.ok(lower <= limit)
            // What a bent matrix leaves uncertain is nearly everything.
            if (form === 'bent') continue
            assert.ok(above.length + below.length < rows.length * 1.5, 'the limits cut')
          }
        }
        held.block.dispose()
      })
    })
  }
}

describe('heads and tails', () => {
  for (const metric of ['cosine', 'euclidean', 'dot'] as const) {
    test(`find what whole rows find, to the bit: ${metric}`, () => {
      for (const name of datasetNames) {
        for (const dim of [96, 100, 300]) {
          const { queries, rows } = dataset(name, dim, 150)
          const whole = filled('codes', metric, rows, 'simd')
          const split = filled('split', metric, rows, 'simd')
          for (const held of [whole, split]) held.remove(7)
          for (const query of queries) {
            if (!whole.setQuery(query)) continue
            split.setQuery(query)
            const all = scan(whole, rows.length, -Infinity, Infinity, 0)
            assert.deepEqual(scan(split, rows.length, -Infinity, Infinity, 0), all)
            const uppers = all.map(hit => hit.upper).toSorted((x, y) => x - y)
            for (const share of [0.1, 0.5, 0.9, 0.99]) {
              const least = uppers[Math.floor(uppers.length * share)] ?? 0
              const expected = scan(whole, rows.length, least, Infinity, 0)
              assert.deepEqual(scan(split, rows.length, least, Infinity, 0), expected)
            }
          }
          whole.block.dispose()
          split.block.dispose()
        }
      }
    })
  }

  test('after a stretch whose heads drop little whole rows are judged, for three stretches', () => {
    const { rows } = dataset('isotropic', 100, 500)
    const held = filled('split', 'cosine', rows, 'simd')
    held.setQuery(rows[0])
    const listed = (least: number): number => {
      held.block.arena.u32.fill(0xffffffff, LISTED / 4, LISTED / 4 + 500)
      held.scan(0, 480, least, Infinity, 0)
      return held.block.arena.u32.subarray(LISTED / 4, LISTED / 4 + 500).indexOf(0xffffffff)
    }
    const heads = listed(0.25)
    assert.ok(heads > 5 && heads < 240, `${heads}`)
    assert.equal(listed(0.25), heads)
    assert.ok(listed(-0.9) > 240)
    for (let i = 0; i < 3; i++) assert.ok(listed(0.25) < heads / 2, 'tails were looked at as well')
    assert.equal(listed(0.25), heads)
    held.block.dispose()
  })

  test('most rows are dropped by their heads', () => {
    const r = random(5)
    const rows = Array.from({ length: 992 }, () => r.vector(768))
    const held = filled('split', 'cosine', rows, 'simd')
    for (const query of rows.slice(0, 10)) {
      held.setQuery(query)
      const { arena } = held.block
      arena.u32.fill(0xffffffff, LISTED / 4, LISTED / 4 + 1000)
      // Each query is a row: nothing else comes near.
      assert.equal(held.scan(0, 992, 0.99, Infinity, 0), 1)
      const listed = arena.u32.subarray(LISTED / 4, LISTED / 4 + 1000).indexOf(0xffffffff)
      assert.ok(listed < 20, `${listed} of 992 tails were read`)
    }
    held.block.dispose()
  })
})

for (const form of ['codes', 'split'] as const)
  test(`a dot product of ${form} never overflows: equal numbers in up to 65,536 dimensions`, () => {
    for (const dim of [515, 516, 517, 600, 4096, 65_536]) {
      const rows = [1, -1, 0.5].map(v => new Float32Array(dim).fill(v))
      for (const metric of ['cosine', 'euclidean', 'dot', 'manhattan'] as const) {
        if (form === 'split' && !canBeSplit(metric, dim)) continue
        const held = filled(form, metric, rows, 'simd')
        for (const query of rows) {
          held.setQuery(query)
          const all = scan(held, rows.length, -Infinity, Infinity, 0)
          assert.equal(all.length, rows.length)
          for (const { lower, position, upper } of all) {
            const similarity = exactSimilarity(metric, query, rows[position])
            assert.ok(lower <= similarity && similarity <= upper, `${metric}, dim ${dim}`)
            const width =
              (upper - lower) / (metric === 'dot' || metric === 'manhattan' ? dim : Math.sqrt(dim))
            assert.ok(width < 0.01, `${metric}, dim ${dim}: bounds ${width} apart`)
          }
        }
        held.block.dispose()
      }
    }
  })
