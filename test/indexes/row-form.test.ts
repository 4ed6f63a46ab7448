import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { Arena } from '../../src/accelerators/arena.ts'
import { magnitude } from '../../src/core/similarity.ts'
import type { Metric } from '../../src/entries/main.ts'
import { createExactIndex } from '../../src/index/kinds/exact/exact-index.ts'
import { principalAxes } from '../../src/index/kinds/exact/principal-axes.ts'
import { restoreExactIndex } from '../../src/index/kinds/exact/restore.ts'
import { splitLayout } from '../../src/index/kinds/exact/split-rows.ts'
import type { IndexImage } from '../../src/index/vector-index.ts'
import { seededTest } from '../seed.ts'
import { Oracle } from './oracle.ts'
import { random } from './random.ts'

const test = seededTest('INDEX_SEED')

/** Normal numbers, the i-th smaller by `falling` to the power of i. */
function falling(dim: number, count: number, share: number): Float32Array[] {
  const r = random(11)
  return Array.from({ length: count }, () => r.vector(dim).map((value, i) => value * share ** i))
}

/** The same rows in other coordinates: reflected at a few hyperplanes of random normals, which mixes all numbers. */
function mixed(rows: readonly Float32Array[]): Float32Array[] {
  const r = random(12)
  const dim = rows[0].length
  const normals = Array.from({ length: dim }, () => r.vector(dim))
  return rows.map(row => {
    const x = Float64Array.from(row)
    for (const normal of normals) {
      let dot = 0
      for (let i = 0; i < dim; i++) dot += normal[i] * x[i]
      const factor = (2 * dot) / magnitude(normal) ** 2
      for (let i = 0; i < dim; i++) x[i] -= factor * normal[i]
    }
    return Float32Array.from(x)
  })
}

function filled(metric: Metric, rows: readonly Float32Array[]): Oracle {
  return new Oracle(createExactIndex({ metric, dim: rows[0].length, keepsVectors: false }), rows)
}

function sectionsOf(metric: Metric, rows: readonly Float32Array[]): string {
  const { index } = filled(metric, rows)
  const names = index.save().sections.map(({ name }) => name)
  index.dispose()
  return names.join(' ')
}

/** What was saved are views. */
function copyOf(image: IndexImage): IndexImage {
  const sections = image.sections.map(({ name, bytes }) => ({ name, bytes: bytes.slice() }))
  return { ...image, sections }
}

describe('the form of rows is chosen by a trial', () => {
  const dim = 128
  const steep = (): Float32Array[] => falling(dim, 3000, 0.97)

  test('rows whose first numbers are large are split', () => {
    for (const metric of ['cosine', 'euclidean', 'dot'] as const)
      assert.equal(sectionsOf(metric, steep()), 'split')
  })

  test('the same rows in other coordinates are turned, and give the same k best', () => {
    const rows = mixed(steep())
    for (const metric of ['cosine', 'euclidean', 'dot'] as const) {
      assert.equal(sectionsOf(metric, rows), 'split axes')
      const oracle = filled(metric, rows)
      for (const query of mixed(falling(dim, 5, 0.97))) oracle.check({ query, k: 10 })
      for (const query of rows.slice(0, 5)) oracle.check({ query, k: 10 })
      const restored = new Oracle(restoreExactIndex(copyOf(oracle.index.save())))
      restored.rows.push(...rows)
      for (const query of rows.slice(0, 5)) restored.check({ query, k: 10 })
      // New rows are turned as those before were.
      restored.append(mixed(falling(dim, 40, 0.97)))
      for (const query of rows.slice(0, 5)) restored.check({ query, k: 10 })
      restored.index.dispose()
      oracle.index.dispose()
    }
  })

  test('rows that are the same in all directions stay whole', () => {
    for (const metric of ['cosine', 'euclidean', 'dot'] as const)
      assert.equal(sectionsOf(metric, falling(dim, 3000, 1)), 'codes')
  })

  test('few rows are split without a trial, and rows of few numbers are whole', () => {
    assert.equal(sectionsOf('cosine', falling(dim, 900, 1)), 'split')
    assert.equal(sectionsOf('cosine', falling(64, 3000, 0.9)), 'codes')
    assert.equal(sectionsOf('manhattan', steep()), 'codes')
  })

  test('removed rows stay removed, those that waited for the trial too', () => {
    const rows = mixed(steep())
    const oracle = filled('cosine', rows)
    for (let position = 0; position < 3000; position += 3) oracle.remove(position)
    assert.equal(oracle.index.inMemoryVectors, undefined)
    oracle.checkCounts()
    for (const query of rows.slice(0, 10)) oracle.check({ query, k: 10 })
    oracle.checkCounts()
    oracle.index.dispose()
  })

  test('the same rows give the same form and the same bytes', () => {
    const [one, other] = [0, 1].map(() => {
      const { index } = filled('cosine', mixed(steep()))
      const { sections } = copyOf(index.save())
      index.dispose()
      return sections
    })
    assert.deepEqual(one, other)
  })
})

describe('principal axes', () => {
  test('they are orthogonal, and the first hold what there is to hold', () => {
    const dim = 100
    const { headCodes } = splitLayout(dim)
    const rows = mixed(falling(dim, 500, 0.9))
    const sample = Float32Array.from(rows.flatMap(row => Array.from(row)))
    const { deviation, values } = principalAxes(sample, dim, headCodes, new Arena())
    assert.ok(deviation < 1e-4, `${deviation}`)
    let lost = 0
    let all = 0
    for (const row of rows) {
      for (let axis = 0; axis < dim; axis++) {
        let dot = 0
        for (let i = 0; i < dim; i++) dot += values[axis * dim + i] * row[i]
        all += dot * dot
        if (axis >= headCodes) lost += dot * dot
      }
    }
    assert.ok(lost / all < 1e-6, `${lost / all} of the squares are behind the head`)
  })

  test('rows that are all zero, all equal, or fewer than the axes, give orthogonal axes', () => {
    const dim = 100
    const r = random(3)
    const one = r.vector(dim, 1e30)
    for (const rows of [[new Float32Array(dim)], [one, one, one], [one, r.vector(dim, 1e-30)]]) {
      const sample = Float32Array.from(rows.flatMap(row => Array.from(row)))
      const { deviation } = principalAxes(sample, dim, 80, new Arena())
      assert.ok(deviation < 1e-3, `${deviation}`)
    }
  })
})
