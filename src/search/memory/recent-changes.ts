import { idKey } from '../../core/id-key.ts'

/** The ids that one update of an index covered. */
interface Step {
  /** The journal entry that the update reached. */
  readonly seq: number
  readonly ids: readonly Uint8Array[]
}

/** Looking up more ids than this beside an index is not worth it. */
const MAX_IDS = 2048

/**
 * The recent changes of an index, for connections whose snapshot is older than it. These rows are looked up in the
 * older snapshot; all others are the same. Only a WAL has such snapshots, and `snapshotOrder` orders them.
 */
export class RecentChanges {
  /** The oldest state of the index from which a snapshot's state can be derived. */
  #from: number
  /** The first and the last snapshot to which the index was updated. */
  readonly #first: number | undefined
  #last: number | undefined
  readonly #steps: Step[] = []
  #ids = 0

  constructor(seq: number, order: number | undefined) {
    this.#from = seq
    this.#first = this.#last = order
  }

  /** Records an update of the index to entry `seq`, as a snapshot of this order sees it. */
  add(seq: number, ids: readonly Uint8Array[], order: number | undefined): void {
    if (order === undefined) return
    this.#last = Math.max(order, this.#last ?? order)
    this.note(seq, ids)
  }

  /** Records that these ids have changed by entry `seq`. */
  note(seq: number, ids: readonly Uint8Array[]): void {
    if (this.#first === undefined) return
    if (ids.length > 0) this.#steps.push({ seq, ids })
    this.#ids += ids.length
    while (this.#ids > MAX_IDS) {
      const dropped = this.#steps.shift()!
      this.#ids -= dropped.ids.length
      this.#from = dropped.seq
    }
  }

  /**
   * Whether a snapshot that lacks entries of the index began before the index had them. If not, the file was replaced
   * by an older state.
   */
  isNewerThan(order: number | undefined): boolean {
    return order !== undefined && this.#last !== undefined && order < this.#last
  }

  /**
   * The ids, without duplicates, whose rows may differ in a snapshot that ends with entry `seq`; undefined if unknown.
   */
  since(seq: number, order: number | undefined): Uint8Array[] | undefined {
    if (order === undefined || this.#first === undefined || order < this.#first) return undefined
    if (seq < this.#from) return undefined
    const steps = this.#steps.filter(step => step.seq > seq)
    return [...new Map(steps.flatMap(({ ids }) => ids.map(id => [idKey(id), id]))).values()]
  }
}
