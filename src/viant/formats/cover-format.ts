import { ByteReader } from '../../core/byte-reader.ts'
import { ByteWriter } from '../../core/byte-writer.ts'
import { VecError } from '../../core/errors.ts'
import { IdList } from './id-list.ts'
import type { OriginalCover, OriginalDistance } from './original-index.ts'

/** "COV1" as a little-endian number: the first four bytes. */
const MAGIC = 0x31564f43
const WRITTEN_VERSION = 1
/** level, magnitude, vector length, id length, child count. */
const NODE_BYTES = 20

/**
 * A blob that starts with the magic number is a cover tree. Any other is a brute-force list; there is no other test.
 */
export function isCover(bytes: Uint8Array): boolean {
  return (
    bytes.length >= 4 &&
    new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true) === MAGIC
  )
}

/**
 * Reads a cover tree in two passes over the bytes. The first proves that the tree is complete and counts its nodes,
 * so that the second fills arrays of the right size. Real trees are as deep as half their rows, so neither pass
 * recurses.
 */
export function decodeCover(bytes: Uint8Array): OriginalCover {
  const reader = new ByteReader(bytes, 'cover tree')
  reader.skip(8, 'the magic and the version')
  reader.skip(4, 'the dimension') // The length of the vectors decides.
  const base = reader.f32('the base')
  const distance = readDistance(reader)
  const hasRoot = reader.u8('the root flag') !== 0
  const nodesAt = reader.offset
  const { count, dim } = hasRoot ? measureNodes(reader) : { count: 0, dim: 0 }

  const starts = new Uint32Array(count)
  const lengths = new Uint32Array(count)
  const vectors = new Float32Array(count * dim)
  const vectorBytes = new Uint8Array(vectors.buffer)
  const levels = new Int32Array(count)
  const magnitudes = new Float32Array(count)
  const parents = new Int32Array(count)
  const childCounts = new Uint32Array(count)
  const missing = new Uint32Array(count)
  const rowBytes = 4 * dim
  const nodes = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const bitsOfMagnitudes = new Uint32Array(magnitudes.buffer)
  let at = nodesAt
  let parent = -1
  for (let i = 0; i < count; i++) {
    levels[i] = nodes.getInt32(at, true)
    // Copied as bits: a NaN keeps its payload.
    bitsOfMagnitudes[i] = nodes.getUint32(at + 4, true)
    at += 12
    vectorBytes.set(bytes.subarray(at, at + rowBytes), i * rowBytes)
    at += rowBytes
    lengths[i] = nodes.getUint32(at, true)
    starts[i] = at + 4
    at += 4 + lengths[i]
    missing[i] = childCounts[i] = nodes.getUint32(at, true)
    at += 4
    parents[i] = parent
    if (parent >= 0) missing[parent]--
    parent = i
    while (parent >= 0 && missing[parent] === 0) parent = parents[parent]
  }
  const ids = new IdList(bytes, starts, lengths)
  const tree = { levels, magnitudes, parents, childCounts }
  return { kind: 'cover', dim, base, distance, ids, vectors, ...tree }
}

/** The original takes any other name, and a missing one, for cosine. */
function readDistance(reader: ByteReader): OriginalDistance {
  const length = reader.u32('the length of the distance name')
  const name = new TextDecoder().decode(reader.bytes(length, 'the distance name'))
  return name === 'euclidean' ? name : 'cosine'
}

/** Walks all nodes, and checks that all exist and that their vectors have the same length. */
function measureNodes(reader: ByteReader): { count: number; dim: number } {
  let count = 0
  let dim = 0
  for (let pending = 1; pending > 0; count++, pending--) {
    reader.need(pending * NODE_BYTES, `${pending} more nodes`)
    reader.skip(8, 'a level and a magnitude')
    const length = reader.u32('the length of a vector')
    if (count === 0) dim = length
    if (length !== dim) {
      throw new VecError(
        'VEC_STORAGE',
        `cover tree: node ${count} has a vector of ${length} dimensions, but the root has ${dim}`,
      )
    }
    reader.skip(4 * length, 'a vector')
    reader.skip(reader.u32('the length of an id'), 'an id')
    pending += reader.u32('a child count')
  }
  return { count, dim }
}

/** The bytes that the original writes for this tree. */
export function encodeCover(tree: OriginalCover): Uint8Array<ArrayBuffer> {
  const { dim, ids, vectors, levels, magnitudes, childCounts } = tree
  const count = ids.count
  const rowBytes = 4 * dim
  checkShape(tree)
  const name = new TextEncoder().encode(tree.distance)
  const headBytes = 21 + name.length
  const writer = new ByteWriter(headBytes + count * (NODE_BYTES + rowBytes) + ids.byteLength)
  writer.u32(MAGIC)
  writer.u32(WRITTEN_VERSION)
  writer.u32(count === 0 ? 0 : dim)
  writer.f32(tree.base)
  writer.u32(name.length)
  writer.bytes(name)
  writer.u8(count === 0 ? 0 : 1)
  const vectorBytes = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength)
  const bitsOfMagnitudes = new Uint32Array(magnitudes.buffer, magnitudes.byteOffset, count)
  for (let i = 0; i < count; i++) {
    const id = ids.bytes(i)
    writer.i32(levels[i])
    writer.u32(bitsOfMagnitudes[i])
    writer.u32(dim)
    writer.bytes(vectorBytes.subarray(i * rowBytes, (i + 1) * rowBytes))
    writer.u32(id.length)
    writer.bytes(id)
    writer.u32(childCounts[i])
  }
  return writer.finish()
}

/** Only the child counts are written, so they must describe one tree of exactly these rows. */
function checkShape({ dim, ids, vectors, levels, magnitudes, childCounts }: OriginalCover): void {
  const count = ids.count
  const shortest = Math.min(levels.length, magnitudes.length, childCounts.length)
  if (shortest < count || vectors.length < count * dim) {
    throw new RangeError(
      `a tree of ${count} nodes of ${dim} dimensions has an array that is too short`,
    )
  }
  let pending = 1
  for (let i = 0; i < count; i++) {
    if (pending === 0) throw new RangeError(`the tree ends at node ${i} of ${count}`)
    pending += childCounts[i] - 1
  }
  if (count > 0 && pending > 0) throw new RangeError(`the tree lacks ${pending} nodes`)
}
