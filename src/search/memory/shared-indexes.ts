import type { BroadcastChannel, MessagePort } from 'node:worker_threads'
import { workerThreads } from '../../accelerators/threads/worker-threads.ts'
import type { IndexImage, IndexSection } from '../../index/vector-index.ts'
import type { LogPosition } from '../journal/journal.ts'
import type { Rejected } from './dataset-index.ts'

/** The number of locks. */
export const SHARING_LOCKS = 64

/** Threads that have the same database open, and share its indexes. */
export interface IndexSharing {
  /** The name of their channel. */
  readonly channel: string
  /** An int32 for each of SHARING_LOCKS: 1 + the place of the thread that has it, or 0. */
  readonly locks: SharedArrayBuffer
  /** The number of threads, and that of this one, from 0. */
  readonly places: number
  readonly place: number
}

/** An index that a thread lends: committed rows as of `logPosition`, in shared memory. */
export interface LentIndex {
  readonly logPosition: LogPosition
  readonly image: IndexImage
  readonly ids: { readonly pool: Uint8Array; readonly starts: Uint32Array }
  readonly rejected: Rejected
  /** The metadata columns, as they are saved. */
  readonly columns: readonly IndexSection[]
}

/** A message between the threads: the index that a thread lends under a key, or that it no longer does. */
interface Offer {
  readonly key: string
  readonly lender: string
  readonly index: LentIndex | undefined
}

/** How long a thread waits for the index that another one builds. Then it builds its own. */
const PATIENCE_MS = 30_000

/**
 * The indexes that threads of one `connect()` lend each other. A lent index is one more index in memory: whether it suits a
 * snapshot is decided by its log position, as for any other.
 */
class SharedIndexes {
  readonly #offers = new Map<string, Offer>()
  #sharing: IndexSharing | undefined
  #channel: BroadcastChannel | undefined
  #locks: Int32Array = new Int32Array(0)
  #lent = 0

  /** Shares the indexes of this thread from now on. */
  join(sharing: IndexSharing): void {
    const { BroadcastChannel: Channel } = workerThreads()!
    this.#sharing = sharing
    this.#locks = new Int32Array(sharing.locks)
    this.#channel = new Channel(sharing.channel)
    this.#channel.addEventListener('message', event => {
      this.#note((event as MessageEvent).data as Offer)
    })
    this.#channel.unref()
  }

  /** Whether indexes of this thread are shared. */
  get active(): boolean {
    return this.#sharing !== undefined
  }

  /** The place of this thread among those that share. */
  get place(): number {
    return this.#sharing!.place
  }

  /** The index that another thread lends under a key. */
  offered(key: string): LentIndex | undefined {
    const { receiveMessageOnPort } = workerThreads()!
    for (;;) {
      // Node takes a channel as well; its types do not say so.
      const received = receiveMessageOnPort(this.#channel as unknown as MessagePort)
      if (!received) return this.#offers.get(key)?.index
      this.#note(received.message as Offer)
    }
  }

  /** Lends an index to the other threads. The result ends that: those that use it already go on. */
  lend(key: string, index: LentIndex): () => void {
    const lender = `${this.place} ${++this.#lent}`
    this.#offers.delete(key)
    this.#channel?.postMessage({ key, lender, index } satisfies Offer)
    return () => {
      this.#channel?.postMessage({ key, lender, index: undefined } satisfies Offer)
    }
  }

  /** Runs a task while no other thread does so for the same key: a thread that waits can then use what was made. */
  alone<R>(key: string, task: () => R): R {
    const locks = this.#locks
    const lock = wordOf(key)
    const own = 1 + this.place
    const end = performance.now() + PATIENCE_MS
    for (;;) {
      const owner = Atomics.compareExchange(locks, lock, 0, own)
      if (owner === 0) break
      const left = end - performance.now()
      // A task of this thread may begin another one.
      if (owner === own || left <= 0) return task()
      Atomics.wait(locks, lock, owner, left)
    }
    try {
      return task()
    } finally {
      Atomics.store(locks, lock, 0)
      Atomics.notify(locks, lock)
    }
  }

  #note(offer: Offer): void {
    const { key, lender, index } = offer
    if (index) this.#offers.set(key, offer)
    else if (this.#offers.get(key)?.lender === lender) this.#offers.delete(key)
  }
}

function wordOf(key: string): number {
  let hash = 0
  for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0
  return (hash >>> 0) % SHARING_LOCKS
}

/** The indexes that this thread shares with others. */
export const sharedIndexes: SharedIndexes = new SharedIndexes()
