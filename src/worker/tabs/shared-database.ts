import { VecError } from '../../core/errors.ts'
import { onlyReads } from '../../documents/collection/only-reads.ts'
import type { DatabaseServer } from '../database-server.ts'
import { isRead, type Answer, type DatabaseCall } from '../protocol.ts'
import { errorFrom, wireError } from '../wire-error.ts'
import { TabLines, type TabMessage } from './tab-messages.ts'

/** A call of this tab that is not answered. */
interface Pending {
  readonly id: number
  readonly call: DatabaseCall
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  /** 'given': a leader has it, and may have run it. */
  state: 'waiting' | 'offered' | 'given'
}

/**
 * A database that several tabs share, of which one worker at a time has the file open: the leader, who holds the Web Lock
 * of its name. The others send it their calls. The lock alone says who leads, as a browser releases it when a tab is gone;
 * there is no heartbeat. When a leader goes, the next worker in the queue of the lock opens the file. Calls that cannot
 * write, or were not yet given, go to it; a write that was given is rejected with VEC_LEADER.
 */
export class SharedDatabase {
  readonly #path: string
  readonly #lock: string
  readonly #open: () => Promise<DatabaseServer>
  readonly #lines: TabLines
  readonly #closed = new AbortController()
  /** Resolves when this worker no longer leads. */
  readonly #ended: Promise<void>
  #end!: () => void
  #leader: string | undefined
  #server: DatabaseServer | undefined
  #isCandidate = false
  #isClosing = false
  #pending: Pending | undefined
  #calls = 0
  /** The last call that this worker answers as the leader. */
  #last: Promise<unknown> = Promise.resolve()
  readonly #watched = new Set<string>()
  #settled: { resolve: () => void; reject: (error: unknown) => void } | undefined

  private constructor(path: string, open: () => Promise<DatabaseServer>) {
    this.#path = path
    this.#open = open
    this.#lock = `sqlite-vec-ts/${nameOf(path)}`
    this.#ended = new Promise(resolve => (this.#end = resolve))
    this.#lines = new TabLines(this.#lock, message => {
      this.#receive(message)
    })
  }

  /** Resolves once this worker leads, or knows who does. `open` opens the file. */
  static async open(path: string, open: () => Promise<DatabaseServer>): Promise<SharedDatabase> {
    if (!('locks' in navigator)) {
      throw new VecError('VEC_ENGINE', `cannot share ${path}: this browser lacks Web Locks`, {
        hint: 'serve the page over https, or from localhost',
      })
    }
    const shared = new SharedDatabase(path, open)
    await shared.#live()
    try {
      await new Promise<void>((resolve, reject) => {
        shared.#settled = { resolve, reject }
        shared.#lines.tellAll({ type: 'hello', from: shared.#lines.id })
        shared.#candidate()
      })
    } catch (error) {
      await shared.close()
      throw error
    }
    return shared
  }

  /** Takes a lock by which others know that this worker lives. */
  async #live(): Promise<void> {
    await new Promise<void>(held => {
      void navigator.locks.request(this.#lifeOf(this.#lines.id), async () => {
        held()
        await new Promise(resolve => {
          this.#closed.signal.addEventListener('abort', resolve)
        })
      })
    })
  }

  #lifeOf(id: string): string {
    return `${this.#lock}/${id}`
  }

  /** Calls `gone` once another worker is gone. */
  #whenGone(id: string, gone: () => void): void {
    const { signal } = this.#closed
    navigator.locks
      .request(this.#lifeOf(id), { signal }, async () => {
        gone()
      })
      // This worker closes.
      .catch(() => undefined)
  }

  /** Answers a call of this tab: one at a time. */
  async answer(call: DatabaseCall): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#pending = { id: ++this.#calls, call, resolve, reject, state: 'waiting' }
      this.#candidate()
      this.#advance()
    })
  }

  /** Lets go of the file once all calls are answered that were taken. */
  async close(): Promise<void> {
    this.#isClosing = true
    await this.#last
    try {
      this.#server?.close()
    } finally {
      this.#server = undefined
      // Calls that have arrived meanwhile are refused while this worker still hears them.
      await new Promise(resolve => setTimeout(resolve))
      this.#closed.abort()
      this.#end()
      this.#lines.close()
    }
  }

  /** Queues for the lock, unless this worker does already. */
  #candidate(): void {
    if (this.#isCandidate || this.#isClosing) return
    this.#isCandidate = true
    const { signal } = this.#closed
    navigator.locks
      .request(this.#lock, { signal }, async () => this.#lead())
      .catch((error: unknown) => {
        if (!signal.aborted) this.#fail(error)
      })
      .finally(() => {
        this.#isCandidate = false
      })
  }

  /** Runs while this worker holds the lock. */
  async #lead(): Promise<void> {
    if (this.#isClosing) return
    try {
      this.#server = await this.#open()
    } catch (error) {
      // Another tab may have more luck. There is no other database that could take the place of this one.
      this.#fail(error)
      return
    }
    if (this.#isClosing) return this.#server.close()
    this.#follow(this.#lines.id)
    this.#lines.tellAll({ type: 'leader', from: this.#lines.id })
    await this.#ended
  }

  #fail(error: unknown): void {
    this.#settled?.reject(error)
    this.#pending?.reject(error)
    this.#pending = undefined
  }

  /** Another worker leads from now on, or this one. */
  #follow(leader: string): void {
    this.#settled?.resolve()
    this.#settled = undefined
    if (leader === this.#leader) return
    if (leader !== this.#lines.id) {
      this.#whenGone(leader, () => {
        if (this.#leader !== leader) return
        this.#follows(undefined)
        this.#lines.tellAll({ type: 'hello', from: this.#lines.id })
      })
    }
    this.#follows(leader)
  }

  #follows(leader: string | undefined): void {
    this.#leader = leader
    const pending = this.#pending
    if (pending === undefined) return
    if (pending.state === 'given' && !isRepeatable(pending.call)) {
      this.#pending = undefined
      pending.reject(leaderLost(this.#path))
      return
    }
    pending.state = 'waiting'
    this.#advance()
  }

  /** Brings the pending call on its way. */
  #advance(): void {
    const pending = this.#pending
    if (pending === undefined) return
    const { id, call } = pending
    if (this.#server !== undefined) {
      this.#pending = undefined
      this.#run(call).then(pending.resolve, pending.reject)
    } else if (this.#leader !== undefined && pending.state === 'waiting') {
      const address = { from: this.#lines.id, to: this.#leader, id }
      pending.state = isRepeatable(call) ? 'given' : 'offered'
      const type = pending.state === 'given' ? 'call' : 'offer'
      this.#lines.tell(type === 'call' ? { type, call, ...address } : { type, ...address })
    }
  }

  /** Runs a call as the leader, after those before it. */
  async #run(call: DatabaseCall): Promise<unknown> {
    const server = this.#server!
    const result = this.#last.then(async () => server.answer(call, undefined))
    this.#last = result.catch(() => undefined)
    return result
  }

  #receive(message: TabMessage): void {
    const { type, from } = message
    if (type === 'leader') this.#follow(from)
    else if (type === 'hello') {
      if (this.#server !== undefined && !this.#isClosing)
        this.#lines.tellAll({ type: 'leader', from: this.#lines.id })
    } else if (type === 'offer' || type === 'call') this.#serve(message)
    else this.#heard(message)
  }

  /** What another tab wants of the leader. */
  #serve(message: Extract<TabMessage, { type: 'offer' | 'call' }>): void {
    const address = { from: this.#lines.id, to: message.from, id: message.id }
    if (this.#server === undefined || this.#isClosing)
      return this.#lines.tell({ type: 'refused', ...address })
    if (message.type === 'offer') return this.#lines.tell({ type: 'take', ...address })
    const { call, from } = message
    if (call.op === 'stage' || call.op === 'plan') this.#watch(from)
    void this.#run('key' in call ? { ...call, key: `${from}/${call.key}` } : call)
      .then(
        (value): Answer => ({ value }),
        (error: unknown): Answer => ({ error: wireError(error) }),
      )
      .then(answer => {
        try {
          this.#lines.tell({ type: 'answer', answer, ...address })
        } catch (error) {
          // The result does not fit into memory twice.
          this.#lines.tell({ type: 'answer', answer: { error: wireError(error) }, ...address })
        }
      })
  }

  /** Frees what a tab left that was closed in the middle of an insertMany or an upsert. */
  #watch(from: string): void {
    if (this.#watched.has(from)) return
    this.#watched.add(from)
    this.#whenGone(from, () => {
      this.#server?.unstage(`${from}/`)
      this.#lines.forget(from)
      this.#watched.delete(from)
    })
  }

  /** What the leader says about the pending call. */
  #heard(message: Extract<TabMessage, { type: 'take' | 'refused' | 'answer' }>): void {
    const pending = this.#pending
    if (pending?.id !== message.id || message.from !== this.#leader) return
    if (message.type === 'answer') {
      this.#pending = undefined
      const { answer } = message
      if ('error' in answer) pending.reject(errorFrom(answer.error))
      else pending.resolve(answer.value)
    } else if (message.type === 'take') {
      pending.state = 'given'
      const address = { from: this.#lines.id, to: this.#leader, id: pending.id }
      this.#lines.tell({ type: 'call', call: pending.call, ...address })
    } else {
      pending.state = 'waiting'
      this.#leader = undefined
    }
  }
}

/** One name for all spellings of a path, as files are found by. */
function nameOf(path: string): string {
  const [file] = path.startsWith('file:') ? path.slice(5).split(/[?#]/) : [path]
  return file.replace(/^\/+/, '')
}

/** Rows that are staged twice are noticed by their numbers, and a table is not created twice. */
function isRepeatable(call: DatabaseCall): boolean {
  if (call.op === 'documents') return onlyReads(call.steps)
  return isRead(call) || ['stage', 'unstage', 'unplan'].includes(call.op)
}

function leaderLost(path: string): VecError {
  return new VecError(
    'VEC_LEADER',
    `the tab that had ${path} open went away before it answered a write`,
    { hint: 'the write may have been committed or not: look before you repeat it' },
  )
}
