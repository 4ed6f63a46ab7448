import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exactSimilarity, magnitude } from '../../src/core/similarity.ts'
import {
  coverSpace,
  dotProduct,
  squaredChord,
} from '../../src/index/kinds/cover-tree/cover-space.ts'
import { seededTest } from '../seed.ts'
import { Random } from './point-sets.ts'

// Real squares by whole numbers: every float32 is a multiple of 2^-149, and BigInt rounds nothing.
const UNIT = 149
const DIGITS = 200n

function whole(x: number): bigint {
  return BigInt(x * 2 ** UNIT)
}

/** Squares as multiples of 2^-SCALE. */
const SCALE = 2n * BigInt(UNIT)

function realSquaredDistance(a: Float32Array, b: Float32Array): bigint {
  let sum = 0n
  for (let i = 0; i < a.length; i++) {
    const apart = whole(a[i]) - whole(b[i])
    sum += apart * apart
  }
  return sum
}

function realDistance(a: Float32Array, b: Float32Array): bigint {
  let sum = 0n
  for (let i = 0; i < a.length; i++) {
    const apart = whole(a[i]) - whole(b[i])
    sum += apart < 0n ? -apart : apart
  }
  return sum << BigInt(UNIT)
}

function dotOf(a: Float32Array, b: Float32Array): bigint {
  let sum = 0n
  for (let i = 0; i < a.length; i++) sum += whole(a[i]) * whole(b[i])
  return sum
}

/** 2 - 2 cos as a multiple of 2^-298, to its last digit or so. */
function realSquaredChord(a: Float32Array, b: Float32Array): bigint {
  const lengths = squareRoot((dotOf(a, a) * dotOf(b, b)) << (2n * DIGITS))
  const cosine = (dotOf(a, b) << (SCALE + DIGITS)) / lengths
  return (2n << SCALE) - 2n * cosine
}

function squareRoot(n: bigint): bigint {
  let root = 1n << BigInt((n.toString(2).length >> 1) + 1)
  for (;;) {
    const next = (root + n / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

function toNumber(square: bigint): number {
  // Enough leading bits, then the exponent.
  const shift = Math.max(0, square.toString(2).replace('-', '').length - 64)
  return Number(square >> BigInt(shift)) * 2 ** (shift - Number(SCALE))
}

const REAL = {
  euclidean: realSquaredDistance,
  cosine: realSquaredChord,
  manhattan: realDistance,
}

seededTest('COVER_SEED')(
  'computed key, real key and exact similarity are as close as proved',
  (_t, seed) => {
    const random = new Random(seed)
    let pairs = 0
    for (const metric of ['euclidean', 'cosine', 'manhattan'] as const) {
      for (const dim of [1, 2, 3, 4, 5, 16, 100, 768]) {
        const space = coverSpace(metric, dim)!
        for (let round = 0; round < (dim > 100 ? 30 : 150); round++) {
          const size = 2 ** random.pick([0, 0, 0, 100, -130, -148, random.below(230) - 120])
          const a = random.gaussian(dim).map(x => Math.max(-4, Math.min(4, x)) * size)
          const b = random.pick([
            () => random.gaussian(dim).map(x => Math.max(-4, Math.min(4, x)) * size),
            () => a.map(x => x * (1 + random.normal() * 1e-6)),
            () => a.map(x => -x),
            () => a.map((x, i) => (i === 0 ? x * (1 + 2 ** -23) : x)),
            () => a.map(x => x / 2),
          ])()
          if (metric === 'cosine' && (magnitude(a) === 0 || magnitude(b) === 0)) continue
          const measured = space.measure(a, 0, b, 0)
          const s = space.chords ? squaredChord(measured, inverse(a), inverse(b)) : measured
          const real = REAL[metric](a, b)
          const exact = exactSimilarity(metric, a, b)
          const slack = s * space.relative + space.absolute
          const what = `${metric} ${dim}: ${s}`
          assert.ok(Math.abs(s - toNumber(real)) <= slack, `${what} is really ${toNumber(real)}`)
          const meant = space.keyOf(exact)
          assert.ok(Math.abs(s - meant) <= slack, `${what} is meant to be ${meant}`)
          const nearest = space.keyOfDistance(space.atLeast(s))
          const farthest = space.keyOfDistance(space.atMost(s))
          assert.ok(nearest <= toNumber(real) * (1 + 1e-15), what)
          assert.ok(farthest >= toNumber(real) * (1 - 1e-15), what)
          assert.ok(space.similarityAtMost(s) >= exact, what)
          pairs++
        }
      }
    }
    assert.ok(pairs > 1000)
  },
)

test('a square of zero is known exactly under euclidean, never under cosine', () => {
  const euclidean = coverSpace('euclidean', 10)!
  assert.equal(euclidean.atMost(0), 0)
  assert.equal(euclidean.after(0), 0)
  assert.equal(euclidean.similarityAtMost(0), -0)
  const cosine = coverSpace('cosine', 10)!
  assert.ok(cosine.atMost(0) > 0 && cosine.atMost(0) < 2e-7)
  assert.equal(cosine.atLeast(0), 0)
  assert.ok(cosine.similarityAtMost(0) > 1)
})

test('no similarity above zero is reached under euclidean', () => {
  const space = coverSpace('euclidean', 3)!
  assert.equal(space.keyOf(1), -1)
  assert.equal(space.keyOf(0), 0)
  assert.equal(space.keyOf(-3), 9)
  assert.equal(space.keyOf(-Infinity), Infinity)
  assert.equal(coverSpace('cosine', 3)!.keyOf(0.5), 1)
})

function inverse(a: Float32Array): number {
  return 1 / Math.sqrt(dotProduct(a, 0, a, 0, a.length))
}
