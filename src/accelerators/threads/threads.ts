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

/** Threads that ended by themselves are replaced, up to so many. */
const MOST_DEATHS = 3
/** Threads may keep so many bytes of memories that are not used any more, or a quarter of what is used. */
const MOST_RELEASED = 1 << 26
const RELEASED_SHARE = 0.25

interface KnownMemory {
  readonly memory: WebAssembly.Memory
  /** When a task last named it. */
  bytes: number
}

/** The pool of this thread of the application, with what an index needs of it. */
class Threads {
  readonly #workers = new Map<number, Worker>()
  readonly #memories = new Map<number, KnownMemory>()
  readonly #ids = new WeakMap<object, number>()
  readonly #collected = new FinalizationRegistry<number>(id => this.#forget(id))
  /** Which searches are helped: those for which it pays, or, for tests, all that can be, or none. */
  help: 'measured' | 'always' | 'never' = 'measured'
  #size: number | undefined
  #turns: Turns | undefined
  #program: ThreadProgram | undefined
  #lastId = 0
  #deaths = 0
  /** Bytes of memories that threads know, and that are not used any more. */
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

  /** How many threads can help now. The first caller gets 0; from the second on, threads are started that are missing. */
  helpers(create: () => ThreadProgram): number {
    if (this.size === 1 || this.help === 'never') return 0
    if (!this.#program) {
      this.#program = create()
      return 0
    }
    for (let thread = 1; thread < this.size && this.#deaths < MOST_DEATHS; thread++) {
      if (!this.#workers.has(thread)) this.#start(thread, this.#program)
    }
    return this.running
  }

  /** The number by which a task names a memory. `owner` is collected when nothing uses it any more. */
  idOf(owner: object, memory: WebAssembly.Memory): number {
    let id = this.#ids.get(owner)
    const bytes = memory.buffer.byteLength
    if (id === undefined) {
      id = ++this.#lastId
      this.#ids.set(owner, id)
      // A WeakRef would keep the memory until the program lets go of control.
      this.#memories.set(id, { memory, bytes })
      this.#collected.register(owner, id)
      this.#tell({ id, memory })
    } else this.#memories.get(id)!.bytes = bytes
    return id
  }

  /** Nothing uses the memory of this owner any more. */
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
      // Nothing of the application's environment is for it: neither loaders, nor NODE_OPTIONS.
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
      // The permission model of Node, or the system, refuses.
      this.#deaths = MOST_DEATHS
      return
    }
    worker.unref()
    this.#workers.set(thread, worker)
    worker.on('error', () => {})
    worker.on('exit', () => {
      if (this.#workers.get(thread) !== worker) return
      this.#workers.delete(thread)
      this.#deaths++
      turns.setUp(thread, false)
    })
    for (const [id, { memory }] of this.#memories) {
      worker.postMessage({ id, memory } satisfies ThreadMail)
    }
  }

  /** Threads that sleep never collect garbage: those that hold on to too much of it end, and searches start others. */
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

  /** Ends the threads from a number on. */
  #endFrom(first: number): void {
    for (const [thread, worker] of this.#workers) {
      if (thread < first) continue
      this.#workers.delete(thread)
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
