import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { sharedArena } from '../../src/accelerators/arena.ts'
import type { Metric } from '../../src/entries/main.ts'
import { createExactIndex, MAX_DIM } from '../../src/index/kinds/exact/exact-index.ts'
import { restoreExactIndex } from '../../src/index/kinds/exact/restore.ts'
import { Rotation } from '../../src/index/kinds/exact/rotation.ts'
import { splitLayout } from '../../src/index/kinds/exact/split-rows.ts'
import { SMALL_INDEX } from '../../src/index/vector-index.ts'
import type { IndexImage, StoredSection, VectorIndex } from '../../src/index/vector-index.ts'
import { seededTest } from '../seed.ts'
import { Oracle } from './oracle.ts'
import { random } from './random.ts'

const test = seededTest('INDEX_SEED')

function filled(
  dim: number,
  count: number,
  keepsVectors: boolean | 'auto',
  expected = 0,
): VectorIndex {
  const index = createExactIndex({ metric: 'cosine', dim, keepsVectors, expectedRows: expected })
  const block = random(count).vector(Math.min(1000, count) * dim)
  for (let at = 0; at < count; at += 1000) {
    const rows = Math.min(1000, count - at)
    index.stagingBuffer(rows).set(block.subarray(0, rows * dim))
    index.commit(rows)
  }
  return index
}

function thousand(): VectorIndex[] {
  return Array.from({ length: 1000 }, () => filled(16, 20, false))
}

/** A saved matrix that leaves everything as it is. */
function axes(dim: number, deviation = 0): Uint8Array {
  const bytes = new Uint8Array(Rotation.savedBytes(dim))
  new Float64Array(bytes.buffer, 0, 1)[0] = deviation
  const values = new Float32Array(bytes.buffer, 8)
  for (let i = 0; i < dim; i++) values[i * dim + i] = 1
  return bytes
}

function image(): IndexImage {
  const index = createExactIndex({ metric: 'dot', dim: 5, keepsVectors: false })
  const space = index.stagingBuffer(10)
  for (let i = 0; i < space.length; i++) space[i] = Math.sin(i + 1)
  index.commit(10)
  const { sections, ...rest } = index.save()
  return { ...rest, sections: sections.map(({ bytes, name }) => ({ name, bytes: bytes.slice() })) }
}

describe('which rows an exact index keeps', () => {
  test('auto keeps floats up to the limit and codes beyond, and answers right across the change', () => {
    const dim = 64
    const most = SMALL_INDEX / (dim * 4)
    const r = random(5)
    const rows = Array.from({ length: most + 500 }, () => r.vector(dim))
    for (const metric of ['cosine', 'euclidean', 'dot', 'manhattan'] as const) {
      const oracle = new Oracle(createExactIndex({ metric, dim }), rows.slice(0, most))
      assert.ok(oracle.index.inMemoryVectors)
      for (const position of [0, 17, most - 1]) oracle.remove(position)
      oracle.check({ query: rows[5], k: 10 })
      oracle.append(rows.slice(most), 77)
      assert.equal(oracle.index.inMemoryVectors, undefined)
      for (const p of [0, 17, most - 1]) assert.equal(oracle.index.isLive(p), false)
      oracle.check({ query: rows[5], k: 10 })
      oracle.check({ query: rows[most + 3], k: 10 })
      oracle.index.dispose()
    }
  })

  test('auto chooses codes at once for many expected rows', () => {
    const index = createExactIndex({ metric: 'dot', dim: 100, expectedRows: 5000 })
    assert.equal(index.inMemoryVectors, undefined)
    index.dispose()
  })

  test('an index that is told so keeps its vectors at any size', () => {
    const index = filled(64, 6000, true)
    assert.ok(index.inMemoryVectors)
    index.dispose()
  })

  test('100-dimensional codes take at most 0.31 of the floats, all memory counted', () => {
    for (const expected of [0, 100_000]) {
      const index = filled(100, 100_000, false, expected)
      assert.ok(index.bytes <= 0.31 * 100_000 * 400, `${index.bytes / (100_000 * 400)}`)
      index.dispose()
    }
  })
})

test('a thousand small indexes share memory, and give it back', () => {
  const before = sharedArena().bytes
  const indexes = thousand()
  const { bytes } = sharedArena()
  assert.ok(bytes - before < 2e6, `${bytes - before} bytes for 1000 indexes`)
  for (const index of indexes) index.dispose()
  for (const index of thousand()) index.dispose()
  assert.equal(sharedArena().bytes, bytes)
})

test('an index that outgrows the shared memory keeps its rows', () => {
  const r = random(7)
  const rows = Array.from({ length: 20_000 }, () => r.vector(64))
  const oracle = new Oracle(createExactIndex({ metric: 'euclidean', dim: 64, keepsVectors: false }))
  oracle.append(rows, 999)
  oracle.check({ query: rows[77], k: 10 })
  oracle.index.dispose()
})

test('what a search visited are the rows it may return', () => {
  const index = filled(8, 1000, false)
  const query = new Float32Array(8).fill(1)
  assert.equal(index.search({ query, k: 1 }).visited, 1000)
  const allowed = new Uint32Array(32)
  for (const p of [0, 31, 32, 500, 999]) allowed[p >>> 5] |= 1 << (p & 31)
  allowed[31] |= 1 << 31
  const found = index.search({ query, k: 9, allowed })
  assert.equal(found.visited, 5)
  assert.equal(found.count, 5)
  index.dispose()
})

test('dimensions out of range are refused', () => {
  for (const dim of [0, -1, 1.5, NaN, MAX_DIM + 1]) {
    assert.throws(() => createExactIndex({ metric: 'dot', dim }), RangeError)
  }
})

describe('restoring', () => {
  const good = image()
  const [{ bytes }] = good.sections
  const groups = Math.ceil(good.positions / 2 ** splitLayout(200).groupBits)
  const parts = { name: 'split', bytes: new Uint8Array(groups * splitLayout(200).groupBytes) }
  const refused: Record<string, object> = {
    'another kind': { kind: 'cover' },
    'an unknown metric': { metric: 'hamming' as Metric },
    'dimension 0': { dim: 0 },
    'a dimension beyond the limit': { dim: 2 ** 31 },
    'half a dimension': { dim: 5.5 },
    'another dimension': { dim: 50 },
    'more positions than bytes': { positions: 11 },
    'fewer positions than bytes': { positions: 9, count: 9 },
    'positions beyond memory': { positions: 2 ** 52 },
    'no number of positions': { positions: NaN },
    'a negative number of positions': { positions: -1, count: -1 },
    'more live rows than positions': { count: 11 },
    'fewer live rows than there are': { count: 9 },
    'half a row': { sections: [{ name: 'codes', bytes: bytes.subarray(1) }] },
    'no section': { sections: [] },
    'two sections': { sections: [good.sections[0], good.sections[0]] },
    'axes behind whole rows': {
      sections: [good.sections[0], { name: 'axes', bytes: axes(good.dim) }],
    },
    'axes of another dimension': {
      dim: 200,
      sections: [parts, { name: 'axes', bytes: axes(199) }],
    },
    'axes that are no numbers': {
      dim: 200,
      sections: [parts, { name: 'axes', bytes: axes(200).fill(255, 8) }],
    },
    'axes that deviate by less than nothing': {
      dim: 200,
      sections: [parts, { name: 'axes', bytes: axes(200, -1) }],
    },
    'an unknown section': { sections: [{ name: 'code', bytes }] },
    'codes that are called floats': { sections: [{ name: 'floats', bytes }] },
    'two parts of a metric that has whole rows': {
      metric: 'manhattan',
      dim: 200,
      sections: [{ name: 'split', bytes: new Uint8Array(splitLayout(200).groupBytes) }],
    },
    'two parts of too few numbers': {
      dim: 5,
      sections: [{ name: 'split', bytes: new Uint8Array(splitLayout(5).groupBytes) }],
    },
  }
  test('rows in two parts are taken back with sound axes, and without', () => {
    for (const sections of [[parts], [parts, { name: 'axes', bytes: axes(200) }]]) {
      const index = restoreExactIndex({ ...good, dim: 200, sections })
      assert.equal(index.search({ query: new Float32Array(200).fill(1), k: 1 }).count, good.count)
      assert.deepEqual(index.save().sections, sections)
      index.dispose()
    }
  })

  for (const [what, change] of Object.entries(refused)) {
    test(`${what} is refused as VEC_STORAGE`, () => {
      assert.throws(() => restoreExactIndex({ ...good, ...change }), {
        name: 'VecError',
        code: 'VEC_STORAGE',
        message: /\bexact index\b/,
      })
    })
  }

  test('a section that turns out damaged while it is read leaves no memory behind', () => {
    const source = createExactIndex({ metric: 'dot', dim: 100, keepsVectors: false })
    source.stagingBuffer(500).fill(1)
    source.commit(500)
    const whole = source.save()
    const { name, bytes: saved } = whole.sections[0]
    const section: StoredSection = {
      name,
      bytes: saved,
      length: saved.length,
      copyInto: () => {
        throw new Error('damaged')
      },
    }
    let held = 0
    for (let round = 0; round < 50; round++) {
      assert.throws(() => restoreExactIndex({ ...whole, sections: [section] }), /^Error: damaged$/)
      if (round === 1) held = sharedArena().bytes
    }
    assert.equal(sharedArena().bytes, held)
    source.dispose()
  })

  test('random bytes are refused, or neither crash nor hang a search', () => {
    const r = random(11)
    let searched = 0
    for (let round = 0; round < 60; round++) {
      const keepsVectors = round % 2 === 0
      const metric = (['cosine', 'euclidean', 'dot', 'manhattan'] as const)[(round >>> 1) % 4]
      const source = createExactIndex({ metric, dim: 7, keepsVectors })
      source.stagingBuffer(200).set(r.vector(1400))
      source.commit(200)
      const saved = source.save()
      const noise = saved.sections[0].bytes.map(byte => (r.next() < 0.3 ? r.below(256) : byte))
      const sections = [{ name: saved.sections[0].name, bytes: noise }]
      source.dispose()
      let index
      try {
        index = restoreExactIndex({ ...saved, sections })
      } catch (error) {
        // A byte of a weight of 1 is enough to make it the mark of a removed row: then the rows alive are too few.
        assert.match(String(error), /it has 1\d\d live rows and not 200$/)
        continue
      }
      searched++
      for (const k of [1, 10, 150, 500]) {
        const found = index.search({ query: r.vector(7), k })
        assert.ok(found.count <= 200)
        assert.ok(found.positions.subarray(0, found.count).every(p => p < 200))
      }
      index.remove(5)
      index.dispose()
    }
    assert.ok(searched > 30, `only ${searched} of 60 were searched`)
  })
})
