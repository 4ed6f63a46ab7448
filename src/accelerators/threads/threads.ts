import type { Worker } from 'node:worker_threads'
import { checkedThreads, defaultThreads } from './thread-count.ts'
import type { ThreadMail, ThreadStart } from './thread-mail.ts'
import { Turns } from './turns.ts'
import { workerThreads } from './worker-threads.ts'

/** What the threads of a pool run. */
export interface ThreadProgram {
  /** JavaScript that calls `runThread`. */
  readonly source: string
  readonly module: WebAssembly.Module
  readonly board: SharedArrayBuffer
}

/** The number of threads that may end unexpectedly before the pool starts no more. */
const MOST_DEATHS = 3
/** Bytes of unused memories that threads may keep, or the share of the used bytes if that is more. */
const MOST_RELEASED = 1 << 26
const RELEASED_SHARE = 0.25

interface KnownMemory {
  readonly memory: WebAssembly.Memory
  /** Its size when a task last named it. */
  bytes: number
}

/** The pool of threads that help the thread which runs this code. */
class Threads {
  readonly #workers = new Map<number, Worker>()
  /** Numbers of threads that were told to end and may still run: they share scratch space with the next of that number. */
  readonly #ending = new Set<number>()
  readonly #memories = new Map<number, KnownMemory>()
  readonly #ids = new WeakMap<object, number>()
  readonly #collected = new FinalizationRegistry<number>(id => this.#forget(id))
  /** Which searches get help: those that get faster. Tests choose all that can have it, or none. */
  help: 'measured' | 'always' | 'never' = 'measured'
  /** The number of threads of other connections that may read the indexes of this one. */
  borrowers = 0
  #size: number | undefined
  #turns: Turns | undefined
  #program: ThreadProgram | undefined
  #lastId = 0
  #deaths = 0
  /** Bytes of unused memories that threads may still keep. */
  #released = 0

  get size(): number {
    this.#size ??= workerThreads() ? defaultThreads() : 1
    return this.#size
  }

  set size(threads: number) {
    const size = checkedThreads('threadPool.size', threads)
    this.#size = workerThreads() ? size : 1
    this.#deaths = 0
    this.#endFrom(size)
  }

  get running(): number {
    return this.#turns?.up ?? 0
  }

  get turns(): Turns {
    return (this.#turns ??= new Turns())
  }

  /** The number of threads that can help now. The first call returns 0, later ones start missing threads. */
  helpers(create: () => ThreadProgram): number {
    if (this.size === 1 || this.help === 'never') return 0
    if (!this.#program) {
      this.#program = create()
      return 0
    }
    for (let thread = 1; thread < this.size && this.#deaths < MOST_DEATHS; thread++) {
      if (this.#workers.has(thread) || this.#ending.has(thread)) continue
      this.#start(thread, this.#program)
    }
    return this.running
  }

  /** The number by which a task names a memory. The memory is forgotten when `owner` is collected. */
  idOf(owner: object, memory: WebAssembly.Memory): number {
    let id = this.#ids.get(owner)
    const bytes = memory.buffer.byteLength
    if (id === undefined) {
      id = ++this.#lastId
      this.#ids.set(owner, id)
      // A WeakRef would keep the memory until the event loop turns.
      this.#memories.set(id, { memory, bytes })
      this.#collected.register(owner, id)
      this.#tell({ id, memory })
    } else this.#memories.get(id)!.bytes = bytes
    return id
  }

  /** The memory of this owner is no longer used. */
  release(owner: object): void {
    const id = this.#ids.get(owner)
    if (id === undefined) return
    this.#ids.delete(owner)
    this.#forget(id)
  }

  #start(thread: number, { board, module, source }: ThreadProgram): void {
    const { turns } = this
    const workerData: ThreadStart = { thread, turns: turns.buffer, module, board }
    let worker: Worker
    try {
      // The application's loaders and NODE_OPTIONS must not apply to it.
      worker = new (workerThreads()!.Worker)(source, {
        eval: true,
        workerData,
        execArgv: [],
        env: {},
        name: 'sqlite-vec-ts',
        resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 64 },
        stdout: true,
        stderr: true,
      })
    } catch {
      // The permission model of Node or the system does not allow it.
      this.#deaths = MOST_DEATHS
      return
    }
    worker.unref()
    this.#workers.set(thread, worker)
    worker.on('error', () => {})
    worker.on('exit', () => {
      if (this.#workers.get(thread) !== worker) {
        this.#ending.delete(thread)
        return
      }
      this.#workers.delete(thread)
      this.#deaths++
      turns.setUp(thread, false)
    })
    for (const [id, { memory }] of this.#memories) {
      worker.postMessage({ id, memory } satisfies ThreadMail)
    }
  }

  /** Sleeping threads never collect garbage. When they keep too much, they end, and later searches start others. */
  #forget(id: number): void {
    const held = this.#memories.get(id)
    if (!held) return
    this.#memories.delete(id)
    this.#tell({ id, memory: undefined })
    this.#released += held.bytes
    let used = 0
    for (const { bytes } of this.#memories.values()) used += bytes
    if (this.#released > Math.max(MOST_RELEASED, used * RELEASED_SHARE)) this.#endFrom(1)
  }

  /** Ends the threads whose number is at least `first`. */
  #endFrom(first: number): void {
    for (const [thread, worker] of this.#workers) {
      if (thread < first) continue
      this.#workers.delete(thread)
      this.#ending.add(thread)
      this.turns.setUp(thread, false)
      void worker.terminate()
    }
    if (this.#workers.size === 0) this.#released = 0
  }

  #tell(mail: ThreadMail): void {
    for (const worker of this.#workers.values()) worker.postMessage(mail)
  }
}

export const threads: Threads = new Threads()
