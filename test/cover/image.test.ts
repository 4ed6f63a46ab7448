import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VecError, type Metric } from '../../src/entries/main.ts'
import {
  createCoverIndex,
  restoreCoverIndex,
} from '../../src/index/kinds/cover-tree/cover-index.ts'
import type { CoverBound } from '../../src/index/kinds/cover-tree/cover-options.ts'
import type { IndexImage, VectorIndex } from '../../src/index/vector-index.ts'
import { seededTest } from '../seed.ts'
import { Random } from './point-sets.ts'

const dim = 4

function filled(metric: Metric, bound: CoverBound, count: number): VectorIndex {
  const random = new Random(7)
  const index = createCoverIndex({ metric, dim, bound })
  for (let i = 0; i < count; i++) {
    index.stagingBuffer(1).set(random.gaussian(dim))
    index.commit(1)
  }
  for (let p = 0; p < count; p += 11) index.remove(p)
  return index
}

/** A copy whose bytes may be changed. */
function copied(image: IndexImage): IndexImage {
  const sections = image.sections.map(({ name, bytes }) => ({
    name,
    bytes: Uint8Array.from(bytes),
  }))
  return { ...image, sections }
}

function bytesOf(image: IndexImage, name: string): Uint8Array {
  const found = image.sections.find(section => section.name === name)
  assert.ok(found, name)
  return found.bytes
}

function view(image: IndexImage, name: string): DataView {
  const bytes = bytesOf(image, name)
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

test('the sections are those of docs/cover-tree.md', () => {
  const image = filled('euclidean', 'per_node', 300).save()
  assert.deepEqual([image.kind, image.metric, image.dim], ['cover', 'euclidean', dim])
  assert.deepEqual([image.positions, image.count], [300, 272])
  const sizes = image.sections.map(({ name, bytes }) => `${name} ${bytes.length}`)
  // 28 rows were dead before the tree was built and are not kept.
  assert.deepEqual(sizes, [
    'head 24',
    'trees 4',
    `rows ${272 * dim * 4}`,
    `order ${272 * 4}`,
    'live 40',
    `children ${272 * 4}`,
    `near ${272 * 8}`,
    `far ${272 * 8}`,
  ])
  const head = view(image, 'head')
  assert.equal(head.getUint32(0, true), 1)
  assert.equal(head.getUint32(4, true), 0)
  assert.equal(head.getFloat64(8, true), 1.3)
  assert.equal(head.getUint32(16, true), 272)
  assert.equal(head.getUint32(20, true), 1)
  assert.equal(view(image, 'trees').getUint32(0, true), 272)

  const level = filled('cosine', 'level', 10).save()
  assert.deepEqual(
    level.sections.map(({ name }) => name),
    ['head', 'trees', 'rows', 'order', 'live', 'children', 'radius'],
  )
  assert.equal(view(level, 'head').getUint32(4, true), 1)
})

test('saving what was restored gives the same bytes', () => {
  for (const metric of ['euclidean', 'cosine'] as const) {
    for (const bound of ['per_node', 'level'] as const) {
      for (const count of [0, 1, 2, 300, 1000]) {
        const image = copied(filled(metric, bound, count).save())
        assert.deepEqual(copied(restoreCoverIndex(image).save()), image)
      }
    }
  }
})

test('bytes at odd addresses are restored', () => {
  const image = filled('euclidean', 'per_node', 50).save()
  const sections = image.sections.map(({ name, bytes }) => {
    const shifted = new Uint8Array(bytes.length + 1).subarray(1)
    shifted.set(bytes)
    return { name, bytes: shifted }
  })
  assert.equal(restoreCoverIndex({ ...image, sections }).count, 45)
})

const damages: Record<string, (image: IndexImage) => IndexImage> = {
  'another kind': image => ({ ...image, kind: 'exact' }),
  'a metric without triangles': image => ({ ...image, metric: 'dot' }),
  'no dimension': image => ({ ...image, dim: 0 }),
  'another dimension': image => ({ ...image, dim: 8 }),
  'a dimension beyond all bounds': image => ({ ...image, dim: 2 ** 40 }),
  'fewer positions': image => ({ ...image, positions: 10 }),
  'more positions': image => ({ ...image, positions: 5000 }),
  'no number of positions': image => ({ ...image, positions: NaN }),
  'too many positions': image => ({ ...image, positions: 2 ** 32 }),
  'a negative count': image => ({ ...image, count: -1 }),
  'another count': image => ({ ...image, count: image.count + 1 }),
  'another version': image => set32(image, 'head', 0, 2),
  'an unknown bound': image => set32(image, 'head', 4, 2),
  'the other bound': image => set32(image, 'head', 4, 1),
  'base 0.5': image => set64(image, 'head', 8, 0.5),
  'base NaN': image => set64(image, 'head', 8, NaN),
  'fewer rows': image => set32(image, 'head', 16, 271),
  'more rows than positions': image => set32(image, 'head', 16, 0xffffffff),
  'more trees': image => set32(image, 'head', 20, 2),
  'too many trees': image => set32(image, 'head', 20, 0xffffffff),
  'a tree that is too small': image => set32(image, 'trees', 0, 271),
  'a tree that is too large': image => set32(image, 'trees', 0, 0xffffffff),
  'an empty tree': image => set32(image, 'trees', 0, 0),
  'a position of two rows': image =>
    set32(image, 'order', 4, view(image, 'order').getUint32(0, true)),
  'an unknown position': image => set32(image, 'order', 4, 300),
  'a live position without a row': image => {
    const dead = set32(image, 'live', 0, view(image, 'live').getUint32(0, true) ^ 3)
    return dead
  },
  'a live position that never was': image => set32(image, 'live', 36, 0xffffffff),
  'a root without children': image => set32(image, 'children', 0, 0),
  'more children than nodes': image => set32(image, 'children', 0, 0xffffffff),
  'a child too many at the end': image => set32(image, 'children', 271 * 4, 1),
  'infinite far': image => set64(image, 'far', 8, Infinity),
  'far NaN': image => set64(image, 'far', 8, NaN),
  'far negative': image => set64(image, 'far', 8, -1),
  'near beyond far': image => set64(image, 'near', 8, 1e9),
  'near NaN': image => set64(image, 'near', 8, NaN),
  'a row of NaN': image => set32(image, 'rows', 40, 0x7fc00000),
  'an infinite row': image => set32(image, 'rows', 40, 0xff800000),
  'a section too many': image => ({
    ...image,
    sections: [...image.sections, { name: 'more', bytes: new Uint8Array(4) }],
  }),
}

for (const name of ['head', 'trees', 'rows', 'order', 'live', 'children', 'near', 'far']) {
  damages[`section ${name} missing`] = image => ({
    ...image,
    sections: image.sections.filter(section => section.name !== name),
  })
  damages[`section ${name} twice`] = image => ({
    ...image,
    sections: [...image.sections, { name, bytes: bytesOf(image, name) }],
  })
  damages[`section ${name} short of a byte`] = image => ({
    ...image,
    sections: image.sections.map(section =>
      section.name === name ? { name, bytes: section.bytes.subarray(1) } : section,
    ),
  })
}

for (const [name, damage] of Object.entries(damages)) {
  test(`a damaged image is refused: ${name}`, () => {
    const image = damage(copied(filled('euclidean', 'per_node', 300).save()))
    assert.throws(
      () => restoreCoverIndex(image),
      (error: unknown) => error instanceof VecError && error.code === 'VEC_STORAGE',
    )
  })
}

test('a damaged image is refused: a row of length zero under cosine', () => {
  const image = copied(filled('cosine', 'per_node', 300).save())
  bytesOf(image, 'rows').fill(0, 160, 160 + dim * 4)
  assert.throws(() => restoreCoverIndex(image), /row 10 has length zero/)
})

test('a damaged image is refused: an infinite radius under level', () => {
  const image = copied(filled('cosine', 'level', 300).save())
  assert.throws(() => restoreCoverIndex(set64(image, 'radius', 8, Infinity)), /node 1 has radius/)
})

seededTest('COVER_SEED')(
  'changed bytes are restored or refused, and a search of them ends',
  (_t, seed) => {
    const random = new Random(seed)
    let restored = 0
    let refused = 0
    for (let round = 0; round < 3000; round++) {
      const metric = random.pick(['euclidean', 'cosine'] as const)
      const bound = random.pick(['per_node', 'level'] as const)
      const image = copied(saved(metric, bound))
      for (let n = random.below(3); n >= 0; n--) {
        const { bytes } = random.pick(image.sections)
        bytes[random.below(bytes.length)] = random.pick([0, 255, random.below(256)])
      }
      let index: VectorIndex
      try {
        index = restoreCoverIndex(image)
      } catch (error) {
        assert.ok(error instanceof VecError && error.code === 'VEC_STORAGE', String(error))
        refused++
        continue
      }
      restored++
      const found = index.search({ query: random.gaussian(dim), k: 5 })
      assert.ok(found.visited <= index.positions)
      for (let i = 0; i < found.count; i++) assert.ok(index.isLive(found.positions[i]))
    }
    assert.ok(restored > 100 && refused > 100, `${restored} restored, ${refused} refused`)
  },
)

const images = new Map<string, IndexImage>()

function saved(metric: Metric, bound: CoverBound): IndexImage {
  const name = `${metric} ${bound}`
  const image = images.get(name) ?? copied(filled(metric, bound, 300).save())
  images.set(name, image)
  return image
}

function set32(image: IndexImage, name: string, at: number, value: number): IndexImage {
  view(image, name).setUint32(at, value, true)
  return image
}

function set64(image: IndexImage, name: string, at: number, value: number): IndexImage {
  view(image, name).setFloat64(at, value, true)
  return image
}
