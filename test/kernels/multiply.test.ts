import assert from 'node:assert/strict'
import { ACCELERATORS, type Accelerator } from '../../src/accelerators/accelerator.ts'
import { Arena } from '../../src/accelerators/arena.ts'
import { dataset } from '../indexes/datasets.ts'
import { seededTest } from '../seed.ts'

const seeded = seededTest('INDEX_SEED')

/** Rows of `a` times rows of `b`, whose results lie `gap` floats apart. */
function products(
  accelerator: Accelerator,
  a: readonly Float32Array[],
  b: readonly Float32Array[],
  gap: number,
): number[] {
  const dim = a[0].length
  const arena = new Arena(accelerator)
  const stride = b.length + gap
  const [left, right, out] = [a.length * dim, b.length * dim, a.length * stride].map(
    floats => arena.allocate(floats * 4).address,
  )
  a.forEach((row, i) => arena.f32.set(row, left / 4 + i * dim))
  b.forEach((row, i) => arena.f32.set(row, right / 4 + i * dim))
  arena.f32.fill(7, out / 4, out / 4 + a.length * stride)
  arena.kernels.multiply({
    a: left,
    aStride: dim * 4,
    rows: a.length,
    b: right,
    bStride: dim * 4,
    columns: b.length,
    dim,
    out,
    outStride: stride * 4,
  })
  return Array.from(arena.f32.subarray(out / 4, out / 4 + a.length * stride))
}

seeded(
  'products are equal to the bit on both accelerators, and near those of double arithmetic',
  () => {
    for (const dim of [1, 2, 3, 4, 5, 7, 16, 99, 384]) {
      const { rows: a } = dataset('isotropic', dim, 9)
      const { rows: b } = dataset('huge and tiny numbers', dim, 7)
      for (const [rows, columns] of [
        [1, 1],
        [2, 3],
        [3, 2],
        [4, 7],
        [9, 6],
      ]) {
        const left = a.slice(0, rows)
        for (const right of [a.slice(0, columns), b.slice(0, columns)]) {
          const found = products(ACCELERATORS.simd, left, right, 2)
          assert.deepEqual(found, products(ACCELERATORS.scalar, left, right, 2), `dim ${dim}`)
          left.forEach((x, i) => {
            right.forEach((y, j) => {
              let sum = 0
              let sizes = 0
              for (let k = 0; k < dim; k++) {
                sum += x[k] * y[k]
                sizes += Math.abs(x[k] * y[k])
              }
              if (sizes > 2 ** 127) return
              const off = (Math.ceil(dim / 4) + 4) * 2 ** -24 * sizes + dim * 2 ** -149
              const difference = Math.abs(found[i * (right.length + 2) + j] - sum)
              assert.ok(difference <= off * 1.01, `${difference} and not ${off}`)
            })
          })
          // What lies between the rows of the results is left alone.
          left.forEach((_, i) => {
            const at = i * (right.length + 2) + right.length
            assert.deepEqual(found.slice(at, at + 2), [7, 7])
          })
        }
      }
    }
  },
)
