import type { HaltCode } from './halt.ts'
import type { Phase } from './sync-state.ts'

/** What a dataset is doing, halted included. */
export type DatasetStatus = Phase | 'halted'

export interface ReplicatorEvents {
  /** After each batch or page. */
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

  /** Returns what takes the listener off again. */
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
