import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ACCELERATORS } from '../../src/accelerators/accelerator.ts'
import { Arena } from '../../src/accelerators/arena.ts'

const LARGEST = 3.4028234663852886e38

for (const accelerator of Object.values(ACCELERATORS)) {
  test(`a number that is not finite is seen wherever it stands: ${accelerator.name}`, () => {
    const arena = new Arena(accelerator)
    const { address } = arena.allocate(1024)
    const numbers = arena.f32.subarray(address / 4, address / 4 + 64)
    const isFinite = (from: number, count: number): number =>
      arena.kernels.areFinite(address + 4 * from, count)
    for (let count = 0; count <= 20; count++) {
      for (const from of [0, 1, 3]) {
        numbers.fill(NaN)
        numbers.fill(LARGEST, from, from + count)
        assert.equal(isFinite(from, count), 1, `${count} numbers`)
        for (let at = from; at < from + count; at++) {
          for (const special of [NaN, Infinity, -Infinity]) {
            numbers[at] = special
            assert.equal(isFinite(from, count), 0, `${special} at ${at - from} of ${count}`)
          }
          numbers[at] = [0, -0, -LARGEST, 1e-45][at % 4]
        }
        assert.equal(isFinite(from, count), 1)
      }
    }
  })
}
