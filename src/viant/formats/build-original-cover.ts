import type { IdList } from './id-list.ts'
import { originalMagnitude, originalMeasure } from './original-distance.ts'
import type { OriginalCover, OriginalDistance, OriginalRows } from './original-index.ts'

const { fround } = Math

export interface OriginalCoverOptions {
  readonly base: number
  readonly distance: OriginalDistance
}

/**
 * Builds the tree that the original builds (amd64) from these rows in this order, so that encoding it gives the
 * original's bytes. It is not a valid cover tree: half of it is usually one long path, and n equal rows cost n * n
 * distances.
 *
 * Each row starts at the root with level 0 and scale 1. If it is nearer to the current node than the scale, it moves
 * one level down, to the first child that is also nearer than the scale, or becomes the node's last child. Otherwise
 * it goes one level up without leaving the node. Above the node's level, it becomes the root, over the old root.
 */
export function buildOriginalCover(
  rows: OriginalRows,
  { base, distance }: OriginalCoverOptions,
): OriginalCover {
  const { dim, ids, vectors } = rows
  const count = ids.count
  if (vectors.length < count * dim) {
    throw new RangeError(
      `expected ${count} rows of ${dim} dimensions, got ${vectors.length} numbers`,
    )
  }
  const measure = originalMeasure(distance)
  const step = base > 1 ? fround(base) : fround(1.3)
  const magnitudes = new Float32Array(count)
  const levels = new Int32Array(count)
  const links = { first: links32(count), last: links32(count), next: links32(count) }
  let root = -1
  const between = (a: number, b: number): number =>
    measure(vectors, a * dim, magnitudes[a], vectors, b * dim, magnitudes[b], dim)

  for (let row = 0; row < count; row++) {
    magnitudes[row] = originalMagnitude(vectors, row * dim, dim)
    if (root < 0) {
      root = row
      continue
    }
    let node = root
    let level = 0
    let scale = 1
    for (;;) {
      if (between(row, node) < scale) {
        let child = links.first[node]
        while (child >= 0 && !(between(row, child) < scale)) child = links.next[child]
        level--
        if (child < 0) {
          levels[row] = level
          appendChild(links, node, row)
          break
        }
        node = child
        scale = fround(scale / step)
      } else {
        level++
        scale = fround(scale * step)
        if (level > levels[node]) {
          levels[row] = level
          appendChild(links, row, root)
          root = row
          break
        }
      }
    }
  }
  return inPreorder({ dim, ids, vectors, base: step, distance, magnitudes, levels }, links, root)
}

interface Links {
  readonly first: Int32Array
  readonly last: Int32Array
  readonly next: Int32Array
}

function links32(count: number): Int32Array {
  return new Int32Array(count).fill(-1)
}

function appendChild({ first, last, next }: Links, parent: number, child: number): void {
  if (last[parent] < 0) first[parent] = child
  else next[last[parent]] = child
  last[parent] = child
}

interface Grown {
  readonly dim: number
  readonly ids: IdList
  readonly vectors: Float32Array
  readonly base: number
  readonly distance: OriginalDistance
  readonly magnitudes: Float32Array
  readonly levels: Int32Array
}

/** Renumbers nodes from insertion order to the order in which they are written. */
function inPreorder(grown: Grown, links: Links, root: number): OriginalCover {
  const { dim, ids, base, distance } = grown
  const count = ids.count
  const order = new Uint32Array(count)
  const parents = new Int32Array(count)
  const childCounts = new Uint32Array(count)
  let parent = -1
  let node = root
  for (let i = 0; i < count; i++) {
    order[i] = node
    parents[i] = parent
    if (parent >= 0) childCounts[parent]++
    let next = links.first[node]
    if (next >= 0) {
      parent = i
    } else {
      next = links.next[node]
      while (next < 0 && parent >= 0) {
        next = links.next[order[parent]]
        parent = parents[parent]
      }
    }
    node = next
  }
  const vectors = new Float32Array(count * dim)
  for (let i = 0; i < count; i++) {
    vectors.set(grown.vectors.subarray(order[i] * dim, (order[i] + 1) * dim), i * dim)
  }
  const levels = Int32Array.from(order, row => grown.levels[row])
  const magnitudes = Float32Array.from(order, row => grown.magnitudes[row])
  const tree = { levels, magnitudes, parents, childCounts }
  return { kind: 'cover', dim, base, distance, ids: ids.reorder(order), vectors, ...tree }
}
