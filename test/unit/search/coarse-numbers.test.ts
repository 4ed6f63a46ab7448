import assert from 'node:assert/strict'
import { CoarseNumbers } from '../../../src/search/memory/columns/coarse-numbers.ts'
import type { NumberRange } from '../../../src/search/memory/columns/column-test.ts'
import { seededTest, seedOfTest } from '../../seed.ts'

const test = seededTest('VEC_SEED')

/** Numbers in [0, 1) from the seed of the test. */
function randomNumbers(): () => number {
  let state = seedOfTest('VEC_SEED') >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

const DISTRIBUTIONS: Readonly<Record<string, (random: () => number) => number>> = {
  'few numbers': random => Math.floor(random() * 5) - 2,
  'many numbers': random => random() * 1e6 - 5e5,
  'one number': () => 7,
  'zeros and infinities': random => [0, -0, Infinity, -Infinity, 1][Math.floor(random() * 5)],
  'most numbers close together': random => 1 / (1e-6 + random()),
}

for (const [name, draw] of Object.entries(DISTRIBUTIONS)) {
  test(`buckets name the positions in a range, and no others: ${name}`, () => {
    const random = randomNumbers()
    const cells = Float64Array.from({ length: 5003 }, () => (random() < 0.1 ? NaN : draw(random)))
    const coarse = new CoarseNumbers(cells, NaN, 4096)
    for (let position = 4096; position < cells.length; position++) {
      coarse.set(position, Number.isNaN(cells[position]) ? undefined : cells[position])
    }
    for (let change = 0; change < 500; change++) {
      const position = Math.floor(random() * cells.length)
      cells[position] = random() < 0.2 ? NaN : 2 * draw(random)
      coarse.set(position, Number.isNaN(cells[position]) ? undefined : cells[position])
    }
    for (let trial = 0; trial < 50; trial++) {
      const ends = (): NumberRange => {
        const [a, b] = [draw(random), draw(random)].toSorted((x, y) => x - y)
        return trial % 7 === 0 ? [-Infinity, b] : trial % 5 === 0 ? [a, Infinity] : [a, b]
      }
      const ranges = trial % 3 === 0 ? [ends(), ends()] : [ends()]
      const none = trial % 2 === 0
      const inRange = (position: number): boolean =>
        ranges.some(([low, high]) => low <= cells[position] && cells[position] <= high)
      const count = trial % 4 === 0 ? 4097 : cells.length
      const words = new Uint32Array((cells.length + 31) >>> 5)
      coarse.select({ none, ranges }, words, count, (maybe, found) => {
        for (let position = 0; position < count; position++) {
          const bit = 1 << (position & 31)
          if ((maybe[position >>> 5] & bit) !== 0 && inRange(position)) found[position >>> 5] |= bit
        }
      })
      for (let position = 0; position < words.length * 32; position++) {
        const bit = ((words[position >>> 5] >>> (position & 31)) & 1) === 1
        const isNone = Number.isNaN(cells[position])
        const expected = position < count && (isNone ? none : inRange(position))
        assert.equal(bit, expected, `${cells[position]} at ${position}, ${JSON.stringify(ranges)}`)
      }
    }
  })
}
