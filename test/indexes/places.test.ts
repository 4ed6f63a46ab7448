import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { ACCELERATORS } from '../../src/accelerators/accelerator.ts'
import { MAX_RESULTS } from '../../src/accelerators/kernels.ts'
import { CodeRows } from '../../src/index/kinds/exact/code-rows.ts'
import { ALLOWED, RESULTS } from '../../src/index/kinds/exact/scan-scratch.ts'
import { areSplit, SplitRows } from '../../src/index/kinds/exact/split-rows.ts'
import { seededTest } from '../seed.ts'
import { random } from './random.ts'

const test = seededTest('INDEX_SEED')

/** A finite threshold that every row reaches: split rows are judged then, by their heads and after that whole. */
const ALL = -1e30

const forms = [
  { name: 'codes', dim: 5, Rows: CodeRows },
  { name: 'codes of 1030 numbers', dim: 1030, Rows: CodeRows },
  { name: 'heads and tails', dim: 96, Rows: SplitRows },
  { name: 'heads and tails in groups of 64 rows', dim: 4096, Rows: SplitRows },
]

// Rows are read in four places by turns: each must be read once, none beyond the last, for any number of rows.
describe('a scan takes each row once', () => {
  for (const { dim, name, Rows } of forms) {
    for (const kernels of ['simd', 'scalar'] as const) {
      for (const metric of ['dot', 'euclidean', 'manhattan'] as const) {
        if (Rows === SplitRows && !areSplit(metric, dim)) continue
        test(`${name}, ${metric}, ${kernels}`, () => {
          const r = random(dim)
          const query = r.vector(dim)
          const most = dim > 1000 ? 200 : MAX_RESULTS
          const held = new Rows({
            metric,
            dim,
            expectedRows: 0,
            accelerator: ACCELERATORS[kernels],
          })
          let rows = 0
          const grow = (count: number): void => {
            const staged = held.block.stage(count - rows)
            for (let i = rows; i < count; i++) staged.set(r.vector(dim), (i - rows) * dim)
            held.commit(count - rows)
            rows = count
          }
          const scan = (from: number, to: number, allowed: number): number[] => {
            const hits = held.scan(from, to, ALL, Infinity, allowed)
            const { u32 } = held.block.arena
            const first = RESULTS / 4 + 4 * MAX_RESULTS
            return [...u32.subarray(first, first + hits)].toSorted((a, b) => a - b)
          }
          // Memory ends close behind the last row while they grow.
          for (const count of [
            1, 2, 31, 32, 33, 63, 64, 65, 96, 127, 128, 129, 161, 200, 257, 513, 999, 1999, 2999,
            3999, 4096,
          ]) {
            if (count > most) break
            grow(count)
            assert.ok(held.setQuery(query))
            for (const from of [0, 32, 64, 128]) {
              if (from >= count) continue
              const range = Array.from({ length: count - from }, (_, i) => from + i)
              assert.deepEqual(scan(from, count, 0), range, `${from} to ${count}`)
              for (const share of [0.02, 0.3, 0.9]) {
                const words = Array.from({ length: Math.ceil(range.length / 32) }, () => {
                  let word = 0
                  for (let bit = 0; bit < 32; bit++) if (r.next() < share) word |= 1 << bit
                  return word >>> 0
                })
                held.block.arena.u32.set(words, ALLOWED / 4)
                const allowed = range.filter((_, i) => words[i >>> 5] & (1 << (i & 31)))
                assert.deepEqual(scan(from, count, ALLOWED), allowed, `${from} to ${count}`)
              }
            }
          }
          assert.equal(rows, most)
          held.block.dispose()
        })
      }
    }
  }
})
