import { VecError } from '../../../core/errors.ts'
import type { IndexImage, IndexSection } from '../../vector-index.ts'
import type { CoverNodes } from './cover-nodes.ts'
import { coverShape } from './cover-options.ts'
import type { CoverShape } from './cover-options.ts'
import { NO_SLOT } from './cover-rows.ts'
import type { CoverRows } from './cover-rows.ts'

const VERSION = 1
const HEAD_BYTES = 24

/** The sections of docs/cover-tree.md, as views. `roots` and the tree sizes follow from the topology. */
export function coverSections(
  shape: CoverShape,
  rows: CoverRows,
  nodes: CoverNodes,
  trees: readonly number[],
): IndexSection[] {
  const { dim, slots, positions } = rows
  const head = new DataView(new ArrayBuffer(HEAD_BYTES))
  head.setUint32(0, VERSION, true)
  head.setUint32(4, shape.bound === 'level' ? 1 : 0, true)
  head.setFloat64(8, shape.base, true)
  head.setUint32(16, slots, true)
  head.setUint32(20, trees.length, true)
  const sections = [
    section('head', new Uint8Array(head.buffer)),
    section('trees', Uint32Array.from(trees)),
    section('rows', rows.values.subarray(0, slots * dim)),
    section('order', rows.order.subarray(0, slots)),
    section('live', rows.live.subarray(0, (positions + 31) >>> 5)),
    section('children', nodes.children.subarray(0, slots)),
  ]
  if (shape.bound === 'level') {
    sections.push(section('radius', nodes.radius.subarray(0, slots)))
  } else {
    sections.push(section('near', nodes.near.subarray(0, slots)))
    sections.push(section('far', nodes.far.subarray(0, slots)))
  }
  return sections
}

function section(
  name: string,
  from: Uint8Array | Uint32Array | Float32Array | Float64Array,
): IndexSection {
  return { name, bytes: new Uint8Array(from.buffer, from.byteOffset, from.byteLength) }
}

/** The options in an image. `loadCover` reads the arrays. */
export function imageShape(image: IndexImage): CoverShape {
  if (image.kind !== 'cover') refuse(`its kind is ${image.kind}`)
  const head = view(sectionBytes(image, 'head', HEAD_BYTES))
  const version = head.getUint32(0, true)
  if (version !== VERSION) refuse(`version ${version}, expected ${VERSION}`)
  const bound = head.getUint32(4, true)
  if (bound > 1) refuse(`bound ${bound}`)
  try {
    return coverShape({
      metric: image.metric,
      dim: image.dim,
      base: head.getFloat64(8, true),
      bound: bound === 1 ? 'level' : 'per_node',
    })
  } catch (error) {
    throw new VecError('VEC_STORAGE', 'cover tree image: its options are invalid', { cause: error })
  }
}

/**
 * Fills `rows` and `nodes`, which are empty, and returns the sizes of the trees. It checks sizes against the available
 * bytes before it allocates memory, and checks everything that a search follows. So a damaged image is refused, and a
 * hostile one can at worst give wrong answers.
 */
export function loadCover(image: IndexImage, rows: CoverRows, nodes: CoverNodes): number[] {
  const { positions, count } = image
  if (!isIndex(positions) || !isIndex(count)) refuse(`${positions} positions, ${count} live`)
  const head = view(sectionBytes(image, 'head', HEAD_BYTES))
  const slots = head.getUint32(16, true)
  const treeCount = head.getUint32(20, true)
  if (slots > positions) refuse(`${slots} rows of ${positions} positions`)
  const treeBytes = sectionBytes(image, 'trees', treeCount * 4)
  const rowBytes = sectionBytes(image, 'rows', slots * rows.dim * 4)
  const orderBytes = sectionBytes(image, 'order', slots * 4)
  const liveBytes = sectionBytes(image, 'live', ((positions + 31) >>> 5) * 4)
  const childBytes = sectionBytes(image, 'children', slots * 4)
  const boundBytes = (nodes.bound === 'level' ? ['radius'] : ['near', 'far']).map(name =>
    sectionBytes(image, name, slots * 8),
  )
  const known = nodes.bound === 'level' ? 7 : 8
  if (image.sections.length !== known) {
    refuse(`${image.sections.length} sections, expected ${known}`)
  }

  rows.values = new Float32Array(slots * rows.dim)
  copy(rowBytes, rows.values)
  rows.order = new Uint32Array(slots)
  copy(orderBytes, rows.order)
  rows.live = new Uint32Array((positions + 31) >>> 5)
  copy(liveBytes, rows.live)
  rows.slots = slots
  rows.positions = positions
  rows.count = count
  checkRows(rows)

  nodes.reserve(slots)
  copy(childBytes, nodes.children)
  const [bounds, far] = boundBytes
  if (far === undefined) copy(bounds, nodes.radius)
  else {
    copy(bounds, nodes.near)
    copy(far, nodes.far)
  }
  const trees = new Uint32Array(treeCount)
  copy(treeBytes, trees)
  checkTrees(nodes, trees, slots)
  return Array.from(trees)
}

/** Positions are unique and in range, the number of live bits is as promised, and every number is finite. */
function checkRows(rows: CoverRows): void {
  const { positions, slots, order, live, values, space } = rows
  rows.slotOf = new Uint32Array(positions).fill(NO_SLOT)
  for (let slot = 0; slot < slots; slot++) {
    const position = order[slot]
    if (position >= positions) refuse(`row ${slot} is position ${position} of ${positions}`)
    if (rows.slotOf[position] !== NO_SLOT) refuse(`position ${position} has two rows`)
    rows.slotOf[position] = slot
  }
  let found = 0
  for (let position = 0; position < live.length * 32; position++) {
    if ((live[position >>> 5] & (1 << (position & 31))) === 0) continue
    if (position >= positions) refuse(`position ${position} of ${positions} is live`)
    // A live cosine row without a slot has length zero.
    if (!space.chords && rows.slotOf[position] === NO_SLOT) {
      refuse(`position ${position} is live, but lacks a row`)
    }
    found++
  }
  if (found !== rows.count) refuse(`${found} live positions, expected ${rows.count}`)
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) refuse(`number ${i} of the rows is ${values[i]}`)
  }
  if (!space.chords) return
  rows.inverse = new Float64Array(slots)
  for (let slot = 0; slot < slots; slot++) {
    rows.inverse[slot] = rows.inverseLength(slot)
    if (rows.inverse[slot] === 0) refuse(`row ${slot} has length zero`)
  }
}

/**
 * The children of a tree's nodes, taken node by node, are the tree's slots after the root, each once. So it is enough
 * that a node is always left to take, and that none is left over. Also derives the positions of children, and the
 * radii.
 */
function checkTrees(nodes: CoverNodes, trees: Uint32Array, slots: number): void {
  const { children, firstChild, radius, near, far } = nodes
  let slot = 0
  for (const size of trees) {
    const end = slot + size
    if (size === 0 || end > slots) refuse(`a tree of ${size} nodes at row ${slot} of ${slots}`)
    let next = slot + 1
    for (; slot < end; slot++) {
      if (next <= slot) refuse(`node ${slot} lacks a parent`)
      if (children[slot] > end - next) refuse(`node ${slot} has ${children[slot]} children`)
      firstChild[slot] = next
      next += children[slot]
    }
    if (next !== end) refuse(`the tree before row ${end} lacks ${end - next} nodes`)
  }
  if (slot !== slots) refuse(`the trees have ${slot} of ${slots} rows`)

  for (slot = 0; slot < slots; slot++) {
    if (nodes.bound === 'level') {
      if (!(radius[slot] >= 0 && radius[slot] < Infinity)) {
        refuse(`node ${slot} has radius ${radius[slot]}`)
      }
    } else if (!(near[slot] >= 0 && near[slot] <= far[slot] && far[slot] < Infinity)) {
      refuse(`node ${slot} lies between ${near[slot]} and ${far[slot]}`)
    }
  }
  if (nodes.bound === 'level') return
  for (slot = 0; slot < slots; slot++) {
    radius[slot] = 0
    const end = firstChild[slot] + children[slot]
    for (let child = firstChild[slot]; child < end; child++) {
      if (far[child] > radius[slot]) radius[slot] = far[child]
    }
  }
}

function sectionBytes(image: IndexImage, name: string, length: number): Uint8Array {
  const found = image.sections.filter(candidate => candidate.name === name)
  if (found.length !== 1) refuse(`${found.length} sections ${name}`)
  if (found[0].bytes.length !== length) {
    refuse(`section ${name} has ${found[0].bytes.length} bytes, expected ${length}`)
  }
  return found[0].bytes
}

function copy(bytes: Uint8Array, to: Uint32Array | Float32Array | Float64Array): void {
  new Uint8Array(to.buffer, to.byteOffset, to.byteLength).set(bytes)
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function isIndex(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < NO_SLOT
}

function refuse(reason: string): never {
  throw new VecError('VEC_STORAGE', `cover tree image: ${reason}`)
}
