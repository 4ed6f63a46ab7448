import type { CoverNodes } from './cover-nodes.ts'
import type { CoverRows } from './cover-rows.ts'

/** A node with at most this many rows below it is not divided further. */
const LEAF_ROWS = 24
/** A node has at most this many groups below it, and one more if a group was too large. */
const MAX_GROUPS = 24
/** The number of rows from which the centers of the groups are chosen. */
const SAMPLE_ROWS = 96
/** A group with more than this share of its parent's rows is cut in two, so the depth stays logarithmic. */
const MAX_SHARE = 0.75

/**
 * Builds one tree of the rows in slots `start` to the last, and moves the rows into its order. It works breadth first:
 * the slots of a tree are the nodes in the order in which they are divided, so children are contiguous and come after
 * their parent.
 */
export function buildTree(rows: CoverRows, nodes: CoverNodes, base: number, start: number): void {
  nodes.reserve(rows.slots)
  if (rows.slots > start) new TreeBuild(rows, nodes, base, start).run()
}

class TreeBuild {
  readonly #rows: CoverRows
  readonly #nodes: CoverNodes
  readonly #base: number
  readonly #start: number
  /** The old slot of each node of the tree. */
  readonly #from: Uint32Array
  /** The rows below a node: a segment of `#items`, with the key to that node beside each. */
  readonly #low: Uint32Array
  readonly #high: Uint32Array
  readonly #items: Uint32Array
  readonly #keys: Float64Array
  readonly #groupOf: Uint8Array
  // The same arrays for the current node, in their new order.
  readonly #itemsOut: Uint32Array
  readonly #keysOut: Float64Array
  readonly #nextKeys: Float64Array
  /** The positions of the centers in the segment, and the keys between pairs of centers. */
  readonly #centres = new Uint32Array(MAX_GROUPS + 1)
  readonly #between = new Float64Array(MAX_GROUPS * MAX_GROUPS)
  /** The number of nodes created so far. */
  #made = 0
  #random = 0x9e3779b9

  constructor(rows: CoverRows, nodes: CoverNodes, base: number, start: number) {
    const count = rows.slots - start
    this.#rows = rows
    this.#nodes = nodes
    this.#base = base
    this.#start = start
    this.#from = new Uint32Array(count)
    this.#low = new Uint32Array(count)
    this.#high = new Uint32Array(count)
    this.#items = new Uint32Array(count - 1)
    this.#keys = new Float64Array(count - 1)
    this.#groupOf = new Uint8Array(count - 1)
    this.#itemsOut = new Uint32Array(count - 1)
    this.#keysOut = new Float64Array(count - 1)
    this.#nextKeys = new Float64Array(count - 1)
  }

  run(): void {
    const rows = this.#rows
    const start = this.#start
    const count = this.#from.length
    for (let i = 0; i < count - 1; i++) {
      this.#items[i] = start + 1 + i
      this.#keys[i] = rows.key(start, start + 1 + i)
    }
    this.#from[0] = start
    this.#high[0] = count - 1
    this.#made = 1
    this.#encloseFromParent(0, 0, 0)
    for (let node = 0; node < count; node++) this.#divide(node)
    rows.rearrange(start, this.#from)
  }

  /** Sets the radius and the children of a node. */
  #divide(node: number): void {
    const space = this.#rows.space
    const nodes = this.#nodes
    const low = this.#low[node]
    const high = this.#high[node]
    const slot = this.#start + node
    nodes.firstChild[slot] = this.#start + this.#made
    nodes.children[slot] = 0
    nodes.radius[slot] = 0
    if (low === high) return

    let widest = 0
    for (let i = low; i < high; i++) if (this.#keys[i] > widest) widest = this.#keys[i]
    const radius = space.atMost(widest)
    nodes.radius[slot] = nodes.bound === 'level' ? levelRadius(this.#base, radius) : radius
    // Rows that arithmetic cannot distinguish stay together, however many there are.
    if (high - low <= LEAF_ROWS || space.atLeast(widest) === 0) {
      for (let i = low; i < high; i++) {
        this.#addChild(node, this.#items[i], i, i)
        this.#encloseFromParent(this.#made - 1, this.#keys[i], this.#keys[i])
      }
      return
    }
    const groups = this.#chooseCentres(low, high, radius)
    this.#assign(low, high, groups)
    this.#splitGroups(node, low, high, groups)
  }

  #addChild(node: number, item: number, low: number, high: number): void {
    const child = this.#made++
    this.#from[child] = item
    this.#low[child] = low
    this.#high[child] = high
    this.#nodes.children[this.#start + node]++
  }

  #encloseFromParent(child: number, nearest: number, farthest: number): void {
    const nodes = this.#nodes
    if (nodes.bound === 'level') return
    const space = this.#rows.space
    nodes.near[this.#start + child] = space.atLeast(nearest)
    nodes.far[this.#start + child] = space.atMost(farthest)
  }

  /**
   * Each center is the sampled row farthest from those before it, until every sampled row is nearer to one of them than
   * the radius of the level below. This gives a net, as far as MAX_GROUPS allows. Centers move to the front of the
   * segment.
   */
  #chooseCentres(low: number, high: number, radius: number): number {
    const rows = this.#rows
    const { space } = rows
    const items = this.#items
    const sample = Math.min(SAMPLE_ROWS, high - low)
    for (let i = 0; i < sample; i++) this.#swap(low + i, low + i + this.#below(high - low - i))
    const spacing = space.keyOfDistance(radius / (this.#base * this.#base))
    const nearest = this.#nextKeys
    nearest.fill(Infinity, 0, sample)
    let groups = 0
    let next = 0
    do {
      this.#centres[groups++] = low + next
      const centre = items[low + next]
      // Taken: rounding may put a row at some distance from itself.
      nearest[next] = 0
      let farthest = 0
      for (let i = 0; i < sample; i++) {
        const key = rows.key(centre, items[low + i])
        if (key < nearest[i]) nearest[i] = key
        if (nearest[i] > farthest) {
          farthest = nearest[i]
          next = i
        }
      }
      if (farthest === 0 || (farthest <= spacing && groups > 1)) break
    } while (groups < MAX_GROUPS)
    return groups
  }

  /** Assigns every row of a segment to the group of its nearest center. */
  #assign(low: number, high: number, groups: number): void {
    const rows = this.#rows
    const items = this.#items
    const centres = this.#centres
    const between = this.#between
    for (let g = 0; g < groups; g++) {
      for (let h = 0; h < g; h++) {
        const key = rows.key(items[centres[g]], items[centres[h]])
        between[g * MAX_GROUPS + h] = between[h * MAX_GROUPS + g] = key
      }
    }
    const twice = rows.space.keyOfDistance(2)
    for (let i = low; i < high; i++) {
      let best = 0
      let bestKey = rows.key(items[i], items[centres[0]])
      for (let g = 1; g < groups; g++) {
        // These two centers are so far apart that the other one cannot be nearer.
        if (between[best * MAX_GROUPS + g] >= twice * bestKey) continue
        const key = rows.key(items[i], items[centres[g]])
        if (key < bestKey) {
          best = g
          bestKey = key
        }
      }
      this.#groupOf[i] = best
      this.#nextKeys[i] = bestKey
    }
    for (let g = 0; g < groups; g++) this.#groupOf[centres[g]] = g
  }

  /** Makes a child of every group: its center, with its other rows below. */
  #splitGroups(node: number, low: number, high: number, groups: number): void {
    const ends = new Uint32Array(groups + 1)
    for (let i = low; i < high; i++) ends[this.#groupOf[i] + 1]++
    let largest = 0
    for (let g = 0; g < groups; g++) if (ends[g + 1] > ends[largest + 1]) largest = g
    if (ends[largest + 1] > MAX_SHARE * (high - low)) {
      this.#cut(low, high, largest, groups, ends[largest + 1])
      this.#splitGroups(node, low, high, groups + 1)
      return
    }
    const starts = ends
    for (let g = 0; g < groups; g++) starts[g + 1] += starts[g]
    const cursor = starts.slice(0, groups)
    const nearest = new Float64Array(groups).fill(Infinity)
    const farthest = new Float64Array(groups)
    for (let i = low; i < high; i++) {
      const g = this.#groupOf[i]
      const toParent = this.#keys[i]
      if (toParent < nearest[g]) nearest[g] = toParent
      if (toParent > farthest[g]) farthest[g] = toParent
      // The center becomes the child itself; the others follow as its segment.
      if (i === this.#centres[g]) continue
      const at = cursor[g]++
      this.#itemsOut[at] = this.#items[i]
      this.#keysOut[at] = this.#nextKeys[i]
    }
    const centreItems = Array.from(this.#centres.subarray(0, groups), i => this.#items[i])
    for (let g = 0; g < groups; g++) {
      const from = starts[g]
      const to = cursor[g]
      this.#items.set(this.#itemsOut.subarray(from, to), low + from)
      this.#keys.set(this.#keysOut.subarray(from, to), low + from)
      this.#addChild(node, centreItems[g], low + from, low + to)
      this.#encloseFromParent(this.#made - 1, nearest[g], farthest[g])
    }
  }

  /** Splits a group that is too large: the farther half forms a group around its farthest row. */
  #cut(low: number, high: number, group: number, groups: number, size: number): void {
    const members = new Uint32Array(size)
    let count = 0
    for (let i = low; i < high; i++) if (this.#groupOf[i] === group) members[count++] = i
    const keys = this.#nextKeys
    // The center of the group stays, whatever its key.
    const centre = this.#centres[group]
    members.sort((a, b) => (a === centre ? -1 : b === centre ? 1 : keys[a] - keys[b] || a - b))
    const farthest = members[size - 1]
    this.#centres[groups] = farthest
    for (let m = size >>> 1; m < size; m++) {
      this.#groupOf[members[m]] = groups
      keys[members[m]] = this.#rows.key(this.#items[members[m]], this.#items[farthest])
    }
  }

  #swap(a: number, b: number): void {
    const item = this.#items[a]
    this.#items[a] = this.#items[b]
    this.#items[b] = item
    const key = this.#keys[a]
    this.#keys[a] = this.#keys[b]
    this.#keys[b] = key
  }

  /** A number from 0 to below `limit`, the same in every build. */
  #below(limit: number): number {
    this.#random = (Math.imul(this.#random, 1664525) + 1013904223) >>> 0
    return Math.floor((this.#random / 2 ** 32) * limit)
  }
}

/** The smallest power of the base that is at least `radius`. */
function levelRadius(base: number, radius: number): number {
  let level = Math.ceil(Math.log(radius) / Math.log(base))
  // A base barely above 1 would round nothing.
  if (!(Math.abs(level) < 2 ** 40)) return radius
  // The logarithms are rounded.
  while (base ** level < radius) level++
  while (base ** (level - 1) >= radius) level--
  const power = base ** level
  return power < Infinity ? power : radius
}
