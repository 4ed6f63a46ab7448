import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { VecError } from '../../src/entries/main.ts'
import { encodeBrute } from '../../src/viant/formats/brute-format.ts'
import { buildOriginalCover } from '../../src/viant/formats/build-original-cover.ts'
import { encodeCover } from '../../src/viant/formats/cover-format.ts'
import { decodeOriginal } from '../../src/viant/formats/decode-original.ts'
import { IdList } from '../../src/viant/formats/id-list.ts'
import type { OriginalCover, OriginalRows } from '../../src/viant/formats/original-index.ts'
import { fences } from '../doc-example.ts'
import { seededTest } from '../seed.ts'
import { goldenBytes, goldenSets } from './golden-set.ts'

const three = {
  dim: 2,
  ids: IdList.from(['a', 'b', 'c']),
  vectors: Float32Array.of(1, 0, 0, 1, 0.6, 0.8),
}

test('the layouts are those of docs/original-formats.md', () => {
  const page = readFileSync('docs/original-formats.md', 'utf8')
  // What stands behind several blanks explains the bytes before it.
  const [brute, tree] = fences(page).map(({ code }) =>
    code
      .replaceAll(/ {3,}.*$/gm, '')
      .replaceAll(/\s/g, '')
      .toLowerCase(),
  )
  assert.equal(hex(encodeBrute(three)), brute)
  const cover = buildOriginalCover(three, { base: 1.3, distance: 'cosine' })
  assert.equal(hex(encodeCover(cover)), tree)
})

test('ids are bytes: empty, not UTF-8, with NUL and a byte order mark', () => {
  const raw = [Buffer.from('fffe80', 'hex'), '', 'nul\0inside', '\ufeffbom', '日本語']
  const ids = IdList.from(raw)
  const index = decodeOriginal(encodeBrute({ dim: 1, ids, vectors: new Float32Array(5).fill(1) }))
  assert.equal(index.ids.count, 5)
  assert.equal(hex(index.ids.bytes(0)), 'fffe80')
  assert.equal(index.ids.text(0), '\ufffd\ufffd\ufffd')
  assert.deepEqual(
    [1, 2, 3, 4].map(i => index.ids.text(i)),
    raw.slice(1),
  )
})

test('vectors and magnitudes keep every bit of a NaN', () => {
  const cover = buildOriginalCover(three, { base: 1.3, distance: 'cosine' })
  const bytes = encodeCover(cover)
  const view = new DataView(bytes.buffer)
  view.setUint32(31 + 0, 0x7fa00001, true)
  view.setUint32(31 + 8, 0xffc12345, true)
  const read = decodeOriginal(bytes)
  assert.equal(read.kind, 'cover')
  assert.equal(hex(encodeCover(read)), hex(bytes))
})

test('a tree of 200,000 levels is read and written without recursion', () => {
  const count = 200_000
  const tree: OriginalCover = {
    kind: 'cover',
    dim: 1,
    base: Math.fround(1.3),
    distance: 'euclidean',
    ids: IdList.from(Array.from({ length: count }, (_, i) => `${i}`)),
    vectors: Float32Array.from({ length: count }, (_, i) => i),
    levels: Int32Array.from({ length: count }, (_, i) => count - i),
    magnitudes: Float32Array.from({ length: count }, (_, i) => i),
    parents: Int32Array.from({ length: count }, (_, i) => i - 1),
    childCounts: Uint32Array.from({ length: count }, (_, i) => (i < count - 1 ? 1 : 0)),
  }
  const bytes = encodeCover(tree)
  const read = decodeOriginal(bytes) as OriginalCover
  assert.deepEqual(read.parents, tree.parents)
  assert.deepEqual(read.levels, tree.levels)
  assert.deepEqual(read.vectors, tree.vectors)
  assert.equal(read.ids.text(count - 1), `${count - 1}`)
  assert.equal(Buffer.compare(encodeCover(read), bytes), 0)
  // The last byte of the deepest node is missing.
  assert.throws(() => decodeOriginal(bytes.subarray(0, -1)), VecError)
})

test('building a tree of equal, of far and of unknown rows ends', () => {
  for (const base of [1.0001, 1.3, 2, 1e30]) {
    for (const distance of ['cosine', 'euclidean'] as const) {
      for (const numbers of [
        Array(500).fill(3),
        [0, 3e38, -3e38, 1e-45],
        [NaN, 1, Infinity, NaN],
      ]) {
        const tree = buildOriginalCover(rowsOf(numbers), { base, distance })
        assert.deepEqual(
          Array.from({ length: numbers.length }, (_, i) => tree.ids.text(i)).toSorted(),
          numbers.map(String).toSorted(),
        )
        assert.ok(decodeOriginal(encodeCover(tree)))
      }
    }
  }
})

test('a tree whose child counts do not add up is not written', () => {
  const tree = buildOriginalCover(three, { base: 1.3, distance: 'cosine' })
  for (const counts of [
    [0, 1, 0],
    [1, 2, 0],
    [1, 1],
  ]) {
    assert.throws(() => encodeCover({ ...tree, childCounts: Uint32Array.from(counts) }), RangeError)
  }
  assert.throws(() => encodeCover({ ...tree, vectors: new Float32Array(5) }), RangeError)
  assert.throws(() => encodeBrute({ ...three, vectors: new Float32Array(5) }), RangeError)
})

test('counts that the bytes cannot hold are refused before anything is allocated', () => {
  const blobs = [
    'ffffffff ffffffff',
    '00000000 ffffffff 00000000 00000000',
    '01000000 00000020 01000000 780000803f',
    '434f5631 01000000 02000000 6666a63f ffffffff',
    '434f5631 01000000 02000000 6666a63f 00000000 01 00000000 00000000 ffffffff',
    '434f5631 01000000 02000000 6666a63f 00000000 01 00000000 00000000 00000000 ffffffff',
    '434f5631 01000000 02000000 6666a63f 00000000 01 00000000 00000000 00000000 00000000 ffffffff',
  ]
  const before = process.memoryUsage().arrayBuffers
  for (const blob of blobs) refused(Buffer.from(blob.replaceAll(' ', ''), 'hex'), blob)
  assert.ok(process.memoryUsage().arrayBuffers - before < 1e6)
})

seededTest('ORIGINAL_SEED')(
  'changed bytes are read or refused, and nothing else happens',
  (_t, seed) => {
    let state = seed
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    const blobs = goldenSets()
      .flatMap(set => set.blobs)
      .map(blob => goldenBytes(blob.file))
      .filter(bytes => bytes.length < 5000)
    let read = 0
    let refusals = 0
    for (let round = 0; round < 4000; round++) {
      const bytes = Uint8Array.from(blobs[random(blobs.length)])
      for (let n = random(3); n >= 0; n--)
        bytes[random(bytes.length)] = random(2) ? 255 : random(256)
      try {
        const index = decodeOriginal(bytes)
        assert.equal(index.vectors.length, index.ids.count * index.dim)
        if (index.kind === 'cover') assert.ok(encodeCover(index).length <= bytes.length + 9)
        read++
      } catch (error) {
        assert.ok(error instanceof VecError && error.code === 'VEC_STORAGE', String(error))
        refusals++
      }
    }
    assert.ok(read > 100 && refusals > 100, `${read} read, ${refusals} refused`)
  },
)

function rowsOf(numbers: number[]): OriginalRows {
  return { dim: 1, ids: IdList.from(numbers.map(String)), vectors: Float32Array.from(numbers) }
}

function refused(bytes: Uint8Array, label: string): void {
  assert.throws(
    () => decodeOriginal(bytes),
    (error: unknown) => error instanceof VecError && error.code === 'VEC_STORAGE',
    label,
  )
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
