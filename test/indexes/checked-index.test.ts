import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sharedArena } from '../../src/accelerators/arena.ts'
import {
  createAutoIndex,
  createCoverIndex,
  createExactIndex,
  restoreAutoIndex,
  restoreCoverIndex,
  restoreExactIndex,
  type IndexImage,
  type VectorIndex,
} from '../../src/entries/indexes.ts'
import { VecError } from '../../src/entries/main.ts'

type Create = (options: { metric: 'cosine' | 'euclidean'; dim: number }) => VectorIndex

const kinds: Readonly<Record<string, [Create, (image: IndexImage) => VectorIndex]>> = {
  exact: [createExactIndex, restoreExactIndex],
  'exact, of codes': [
    options => createExactIndex({ ...options, keepsVectors: false }),
    restoreExactIndex,
  ],
  cover: [createCoverIndex, restoreCoverIndex],
  auto: [createAutoIndex, restoreAutoIndex],
}

const query = Float32Array.of(1, 0)
/** For TypeScript; what is given is wrong on purpose. */
const wrong = (value: unknown): never => value as never

function refused(
  call: () => unknown,
  kind: 'TypeError' | 'RangeError' | 'VEC_EMBEDDING',
  told: RegExp,
): void {
  assert.throws(call, (error: Error) => {
    assert.equal(error instanceof VecError ? error.code : error.name, kind, String(error))
    assert.match(error.message, told)
    return true
  })
}

function filled(create: Create): VectorIndex {
  const index = create({ metric: 'euclidean', dim: 2 })
  index.stagingBuffer(3).set([1, 0, 0, 1, 1, 1])
  index.commit(3)
  return index
}

for (const [name, [create, restore]] of Object.entries(kinds)) {
  describe(`what is given to an index is checked: ${name}`, () => {
    test('rows that are not finite are refused with their place, and nothing is appended', () => {
      const index = filled(create)
      for (const [row, at, number] of [
        [0, 1, NaN],
        [1, 0, Infinity],
        [1, 1, -Infinity],
      ] as const) {
        const space = index.stagingBuffer(2)
        space.set([1, 2, 3, 4])
        space[row * 2 + at] = number
        refused(
          () => index.commit(2),
          'VEC_EMBEDDING',
          new RegExp(`number ${at} of staged row ${row} is ${number}`),
        )
        assert.equal(index.positions, 3)
      }
      index.stagingBuffer(1).set([5, 5])
      assert.equal(index.commit(1), 3)
    })

    test('more rows than were staged are refused, and numbers of rows that are none', () => {
      const index = filled(create)
      refused(
        () => index.commit(1),
        'RangeError',
        /rows is 1, but 0 rows are staged: fill stagingBuffer\(1\) first/,
      )
      index.stagingBuffer(2).fill(1)
      refused(() => index.commit(3), 'RangeError', /2 rows are staged/)
      for (const rows of [0, -1, 1.5, NaN, 1025]) {
        refused(() => index.stagingBuffer(rows), 'RangeError', /\brows\b.*\b1024\b/)
      }
      for (const rows of [undefined, null, '1', [1], Promise.resolve(1)]) {
        refused(() => index.stagingBuffer(wrong(rows)), 'TypeError', /rows is/)
        refused(() => index.commit(wrong(rows)), 'TypeError', /rows is/)
      }
    })

    test('a search request is checked in each of its members', () => {
      const index = filled(create)
      const search = (change: object) => index.search(wrong({ query, k: 1, ...change }))
      for (const request of [undefined, null, 5, 'x', [], Promise.resolve({ query, k: 1 })]) {
        refused(() => index.search(wrong(request)), 'TypeError', /request is/)
      }
      refused(() => search({ query: Float32Array.of(1, 2, 3) }), 'RangeError', /\b3\b.*\b2\b/)
      for (const k of [0, -1, 1.5, NaN]) refused(() => search({ k }), 'RangeError', /\bk\b/)
      for (const k of [undefined, null, '1', 1n]) refused(() => search({ k }), 'TypeError', /k is/)
      for (const allowed of [null, [1], new Uint8Array(4), 1]) {
        refused(() => search({ allowed }), 'TypeError', /allowed is .*: expected a Uint32Array/)
      }
      refused(
        () => search({ allowed: new Uint32Array(0) }),
        'RangeError',
        /\ballowed\b.*\b0 bits\b.*\b3\b/,
      )
      for (const bound of ['minSimilarity', 'maxSimilarity']) {
        for (const value of [null, '1', NaN]) {
          refused(() => search({ [bound]: value }), 'TypeError', new RegExp(`${bound} is`))
        }
      }
      assert.equal(search({ k: Infinity, allowed: undefined, minSimilarity: -Infinity }).count, 3)
      assert.equal(index.search({ query: wrong([1, 0]), k: 1 }).positions[0], 0)
    })

    test('positions that are not there, or dead, are refused', () => {
      const index = filled(create)
      index.search({ query, k: 3 })
      for (const position of [-1, 3, 0.5, NaN]) {
        refused(() => index.remove(position), 'RangeError', /position .* of 3/)
        assert.equal(index.isLive(position), false)
        refused(() => index.holds(position, query), 'RangeError', /position .* of 3/)
      }
      for (const position of [undefined, null, '0', [0]]) {
        refused(() => index.remove(wrong(position)), 'TypeError', /position is/)
        refused(() => index.isLive(wrong(position)), 'TypeError', /position is/)
      }
      const vectors = index.inMemoryVectors
      if (vectors) {
        for (const position of [-1, 3, 0.5]) {
          refused(() => vectors.similarity(position), 'RangeError', /position/)
          refused(() => vectors.row(position), 'RangeError', /position/)
        }
        index.remove(1)
        refused(() => vectors.similarity(1), 'RangeError', /position 1 was removed/)
        refused(() => vectors.row(1), 'RangeError', /position 1 was removed/)
      }
    })

    test('an image is checked before it is read', () => {
      const image = filled(create).save()
      for (const sections of [undefined, null, 'x', {}]) {
        refused(() => restore(wrong({ ...image, sections })), 'TypeError', /image\.sections is/)
      }
      for (const section of [
        null,
        {},
        { name: 5, bytes: new Uint8Array(0) },
        { name: 'floats', bytes: [1] },
      ]) {
        refused(
          () => restore(wrong({ ...image, sections: [section] })),
          'TypeError',
          /image\.sections\[0\] has/,
        )
      }
      assert.throws(() => restore({ ...image, dim: 7 }), { code: 'VEC_STORAGE' })
      assert.equal(restore(structuredClone(image)).count, 3)
    })

    test('nothing works after dispose(), and the error says so', () => {
      const index = filled(create)
      index.dispose()
      assert.throws(() => index.search({ query, k: 1 }), { code: 'VEC_CLOSED' })
      assert.throws(() => index.stagingBuffer(1), { code: 'VEC_CLOSED' })
    })
  })
}

const exact = (change: object) => createExactIndex(wrong({ metric: 'cosine', dim: 2, ...change }))

test('options of indexes are checked by name', () => {
  for (const create of [createExactIndex, createCoverIndex, createAutoIndex]) {
    const make = (change: object) => create(wrong({ metric: 'cosine', dim: 2, ...change }))
    for (const metric of ['l2', 'L2', 'hamming', '', undefined, null, 5]) {
      assert.throws(() => make({ metric }), { code: 'VEC_OPTION', message: /metric/ })
    }
    for (const dim of [0, -1, 1.5, NaN, 65_537]) {
      refused(() => make({ dim }), 'RangeError', /options\.dim is/)
    }
    for (const dim of [undefined, null, '2', 2n])
      refused(() => make({ dim }), 'TypeError', /options\.dim is/)
  }
  refused(() => exact({ expectedRows: -1 }), 'RangeError', /options\.expectedRows is -1/)
  refused(() => exact({ keepsVectors: 'yes' }), 'TypeError', /options\.keepsVectors is/)
  refused(() => exact({ kernels: 'gpu' }), 'TypeError', /options\.kernels is .*"simd", "scalar"/)
})

test('an index that becomes one of another kind is still checked', () => {
  const index = createAutoIndex({ metric: 'euclidean', dim: 3 })
  for (let at = 0; at < 60_000; at += 1000) {
    const space = index.stagingBuffer(1000)
    for (let i = 0; i < 3000; i++) space[i] = Math.sin((at * 3 + i) * 12.9898) * 0.5
    index.commit(1000)
  }
  const other = index.strategy?.choose() ?? index
  refused(() => other.search(wrong(null)), 'TypeError', /request is/)
  refused(
    () => other.search({ query: Float32Array.of(1), k: 1 }),
    'RangeError',
    /query has 1 dimensions/,
  )
})

test('space that is gone is not taken for zeros', () => {
  const index = createExactIndex({ metric: 'euclidean', dim: 2, keepsVectors: true })
  const space = index.stagingBuffer(1)
  space.set([1, 2])
  // Another index takes so much memory that it grows: the view is left empty.
  const blocks = []
  while (space.length > 0 && blocks.length < 64) blocks.push(sharedArena().allocate(1 << 24))
  assert.equal(space.length, 0)
  refused(() => index.commit(1), 'RangeError', /the staging buffer is gone/)
  for (const block of blocks) block.free()
  index.stagingBuffer(1).set([1, 2])
  assert.equal(index.commit(1), 0)
})
