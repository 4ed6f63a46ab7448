import type { HaltCode } from './halt.ts'
import type { Phase } from './sync-state.ts'

/** The phase of a dataset, or 'halted'. */
export type DatasetStatus = Phase | 'halted'

export interface ReplicatorEvents {
  /** Emitted after each batch or page. */
  progress: {
    readonly datasetId: string
    readonly phase: Phase
    /** Entries or rows of this step. */
    readonly applied: number
    readonly lastScn: bigint
    readonly headScn: bigint
    readonly lagEntries: bigint
    /** By the upstream's clock. */
    readonly lagSeconds: number
  }
  state: {
    readonly datasetId: string
    readonly from: DatasetStatus
    readonly to: DatasetStatus
    readonly code: HaltCode | undefined
    readonly message: string | undefined
  }
  warning: { readonly datasetId: string | undefined; readonly message: string }
}

export type ReplicatorEvent = keyof ReplicatorEvents

type Listener<E extends ReplicatorEvent> = (event: ReplicatorEvents[E]) => void

export class Events {
  readonly #listeners = new Map<ReplicatorEvent, Set<Listener<never>>>()

  /** Returns a function that removes the listener. */
  on<E extends ReplicatorEvent>(event: E, listener: Listener<E>): () => void {
    const listeners = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, listeners)
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  emit<E extends ReplicatorEvent>(event: E, value: ReplicatorEvents[E]): void {
    for (const listener of this.#listeners.get(event) ?? []) (listener as Listener<E>)(value)
  }
}
