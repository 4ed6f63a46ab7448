import { grown } from '../../../../core/grown.ts'

/** The slot of a position that has none, and the position of an empty slot. */
export const EMPTY = 0xffffffff

/**
 * Which rows of an index are in which cluster. Slots are in blocks, each of which belongs to one cluster. New rows take free
 * slots of their cluster, or a new block of it, so no row waits outside. Which slot a position of the index has follows its
 * changes.
 */
export class ClusterSlots {
  /** Slots of a block: a multiple of 32, so that a scan may begin there. */
  readonly blockRows: number
  /** Blocks of each cluster, and slots that it has taken in them, one after the other. */
  readonly #blocks: number[][]
  readonly #taken: Uint32Array
  /** Slots of each cluster that removed rows have left. */
  readonly #free = new Map<number, number[]>()
  #clusterOfBlock = new Uint32Array(64)
  #blockCount = 0
  #slotOf = new Uint32Array(64).fill(EMPTY)
  #positionOf = new Uint32Array(64).fill(EMPTY)
  /** Rows in all clusters. */
  count = 0

  /** `positions`: those that memory is reserved for at once. */
  constructor(clusters: number, blockRows: number, positions = 0) {
    this.blockRows = blockRows
    this.#blocks = Array.from({ length: clusters }, () => [])
    this.#taken = new Uint32Array(clusters)
    if (positions === 0) return
    this.#slotOf = new Uint32Array(positions).fill(EMPTY)
    this.#positionOf = new Uint32Array(slotsFor(positions, clusters, blockRows)).fill(EMPTY)
  }

  get bytes(): number {
    return this.#slotOf.byteLength + this.#positionOf.byteLength + this.#blockCount * 12
  }

  /** How many clusters there are. */
  get clusters(): number {
    return this.#taken.length
  }

  /** Slots so far, in whole blocks. */
  get size(): number {
    return this.#blockCount * this.blockRows
  }

  /** Slots of a cluster that a scan reads. */
  sizeOf(cluster: number): number {
    return this.#taken[cluster]
  }

  clusterOf(slot: number): number {
    return this.#clusterOfBlock[Math.floor(slot / this.blockRows)]
  }

  /** Of a position that has a slot. */
  clusterAt(position: number): number {
    return this.clusterOf(this.#slotOf[position])
  }

  /** EMPTY for a slot without a row. */
  positionOf(slot: number): number {
    return slot < this.#positionOf.length ? this.#positionOf[slot] : EMPTY
  }

  /** Gives a position a slot of a cluster, and returns it. */
  add(position: number, cluster: number): number {
    const slot = this.#take(cluster)
    this.#enter(position, slot)
    this.count++
    return slot
  }

  /** Empties the slot of a position, and returns it; EMPTY if it has none. */
  remove(position: number): number {
    const slot = this.#slot(position)
    if (slot === EMPTY) return EMPTY
    this.#slotOf[position] = EMPTY
    this.#positionOf[slot] = EMPTY
    const cluster = this.clusterOf(slot)
    const free = this.#free.get(cluster)
    if (free) free.push(slot)
    else this.#free.set(cluster, [slot])
    this.count--
    return slot
  }

  /** The row of a position is now at another one, which was without a slot. */
  move(from: number, to: number): void {
    const slot = this.#slot(from)
    if (slot === EMPTY) return
    this.#slotOf[from] = EMPTY
    this.#enter(to, slot)
  }

  /** The runs of slots of a cluster: `visit` takes the first and the end of each. */
  eachRun(cluster: number, visit: (from: number, to: number) => void): void {
    const { blockRows } = this
    let left = this.#taken[cluster]
    for (const block of this.#blocks[cluster]) {
      const from = block * blockRows
      visit(from, from + Math.min(blockRows, left))
      left -= blockRows
    }
  }

  #take(cluster: number): number {
    const free = this.#free.get(cluster)?.pop()
    if (free !== undefined) return free
    const { blockRows } = this
    const taken = this.#taken[cluster]++
    const blocks = this.#blocks[cluster]
    if (taken % blockRows === 0) {
      const block = this.#blockCount++
      if (block === this.#clusterOfBlock.length) {
        this.#clusterOfBlock = grown(this.#clusterOfBlock, block * 2)
      }
      this.#clusterOfBlock[block] = cluster
      blocks.push(block)
    }
    return blocks.at(-1)! * blockRows + (taken % blockRows)
  }

  #slot(position: number): number {
    return position < this.#slotOf.length ? this.#slotOf[position] : EMPTY
  }

  #enter(position: number, slot: number): void {
    this.#slotOf = reaching(this.#slotOf, position)
    this.#positionOf = reaching(this.#positionOf, slot)
    this.#slotOf[position] = slot
    this.#positionOf[slot] = position
  }
}

/** About how many slots so many rows take: the last block of a cluster is half full, as a rule. */
export function slotsFor(rows: number, clusters: number, blockRows: number): number {
  return rows + Math.ceil((clusters * blockRows) / 2)
}

function reaching(map: Uint32Array<ArrayBuffer>, at: number): Uint32Array<ArrayBuffer> {
  if (at < map.length) return map
  const longer = grown(map, Math.max(at + 1, Math.ceil(map.length * 1.25)))
  longer.fill(EMPTY, map.length)
  return longer
}

/** The slots of a block: about a quarter of a cluster, so that few slots of its last block are free. */
export function blockFor(clusterRows: number): number {
  return Math.min(128, Math.max(32, Math.round(clusterRows / 128) * 32))
}
