import { grown } from '../../../../core/grown.ts'
import type { CodedRows } from '../rows.ts'

const NONE = 0xffffffff

/**
 * A copy of the rows of an index, those of a cluster together: in blocks of slots, each of which belongs to one cluster. New
 * rows take free slots of their cluster, or a new block of it, so no row waits outside. Which slot a position of the index
 * has follows its changes.
 */
export class ClusteredRows {
  readonly rows: CodedRows
  /** Slots of a block: a multiple of 32, so that a scan may begin there. */
  readonly blockRows: number
  /** Blocks of each cluster, and slots that it has taken in them, one after the other. */
  readonly #blocks: number[][]
  readonly #taken: Uint32Array
  /** Slots of each cluster that removed rows have left. */
  readonly #free = new Map<number, number[]>()
  #clusterOfBlock = new Uint32Array(64)
  #blockCount = 0
  #slotOf = new Uint32Array(64).fill(NONE)
  #positionOf = new Uint32Array(64).fill(NONE)
  count = 0

  /** `rows` has to be empty. */
  constructor(rows: CodedRows, clusters: number, blockRows: number) {
    this.rows = rows
    this.blockRows = blockRows
    this.#blocks = Array.from({ length: clusters }, () => [])
    this.#taken = new Uint32Array(clusters)
  }

  get bytes(): number {
    const maps = this.#slotOf.byteLength + this.#positionOf.byteLength
    return this.rows.block.bytes + maps + this.#blockCount * 12
  }

  /** How many clusters there are. */
  get clusters(): number {
    return this.#taken.length
  }

  /** Slots of a cluster that a scan reads. */
  sizeOf(cluster: number): number {
    return this.#taken[cluster]
  }

  clusterOf(slot: number): number {
    return this.#clusterOfBlock[Math.floor(slot / this.blockRows)]
  }

  /** Of a position that has a row here. */
  clusterAt(position: number): number {
    return this.clusterOf(this.#slotOf[position])
  }

  positionOf(slot: number): number {
    return this.#positionOf[slot]
  }

  /** Takes the row of a position of the index into a cluster. */
  add(from: CodedRows, position: number, cluster: number): void {
    const slot = this.#take(cluster)
    this.#fill()
    this.rows.copyRow(from, position, slot)
    this.#enter(position, slot)
    this.count++
  }

  /** A position without a row here is passed over. */
  remove(position: number): void {
    const slot = this.#slot(position)
    if (slot === NONE) return
    this.rows.remove(slot)
    this.#slotOf[position] = NONE
    this.#positionOf[slot] = NONE
    const cluster = this.clusterOf(slot)
    const free = this.#free.get(cluster)
    if (free) free.push(slot)
    else this.#free.set(cluster, [slot])
    this.count--
  }

  /** The row of a position is now at another one, which has none. */
  move(from: number, to: number): void {
    const slot = this.#slot(from)
    if (slot === NONE) return
    this.#slotOf[from] = NONE
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

  dispose(): void {
    this.rows.block.dispose()
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

  /** Rows that are never found, for slots that are not taken yet. */
  #fill(): void {
    const { rows, blockRows } = this
    const missing = this.#blockCount * blockRows - rows.block.positions
    if (missing > 0) rows.addRemoved(missing)
  }

  #slot(position: number): number {
    return position < this.#slotOf.length ? this.#slotOf[position] : NONE
  }

  #enter(position: number, slot: number): void {
    this.#slotOf = reaching(this.#slotOf, position)
    this.#positionOf = reaching(this.#positionOf, slot)
    this.#slotOf[position] = slot
    this.#positionOf[slot] = position
  }
}

function reaching(map: Uint32Array<ArrayBuffer>, at: number): Uint32Array<ArrayBuffer> {
  if (at < map.length) return map
  const longer = grown(map, Math.max(at + 1, Math.ceil(map.length * 1.25)))
  longer.fill(NONE, map.length)
  return longer
}
