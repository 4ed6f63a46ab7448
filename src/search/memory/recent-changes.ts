import { idKey } from '../../core/id-key.ts'

/** Ids that one step of an index brought up to date. */
interface Step {
  /** The journal entry that the step reached. */
  readonly seq: number
  readonly ids: readonly Uint8Array[]
}

/** More ids than this are not worth looking up beside an index. */
const MAX_IDS = 2048

/**
 * What an index took in lately, for connections whose snapshot is older than it: these rows are looked up in the older snapshot,
 * all others are the same. Only a WAL has such snapshots; `snapshotOrder` tells their order.
 */
export class RecentChanges {
  /** The index's oldest state that a snapshot can be led back to. */
  #from: number
  /** The first and the last snapshot that the index was brought up to. */
  readonly #first: number | undefined
  #last: number | undefined
  readonly #steps: Step[] = []
  #ids = 0

  constructor(seq: number, order: number | undefined) {
    this.#from = seq
    this.#first = this.#last = order
  }

  /** The index was brought up to entry `seq`, as a snapshot of this order sees it. */
  add(seq: number, ids: readonly Uint8Array[], order: number | undefined): void {
    if (order === undefined) return
    this.#last = Math.max(order, this.#last ?? order)
    this.note(seq, ids)
  }

  /** These ids have changed by entry `seq`. */
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

  /** Whether a snapshot that lacks entries of the index began before it had them; otherwise the file has been put back. */
  isNewerThan(order: number | undefined): boolean {
    return order !== undefined && this.#last !== undefined && order < this.#last
  }

  /** The ids, each once, whose rows may differ in a snapshot that ends with entry `seq`; undefined when that is not known. */
  since(seq: number, order: number | undefined): Uint8Array[] | undefined {
    if (order === undefined || this.#first === undefined || order < this.#first) return undefined
    if (seq < this.#from) return undefined
    const steps = this.#steps.filter(step => step.seq > seq)
    return [...new Map(steps.flatMap(({ ids }) => ids.map(id => [idKey(id), id]))).values()]
  }
}
