import { hintOfThread } from '#thread'
import { VecError } from '../core/errors.ts'
import { newControl } from './interrupt-signal.ts'
import type { Port } from './port.ts'
import type { Answer, Call, Reply } from './protocol.ts'
import { elsewhere } from './wire-error.ts'

interface Asked {
  readonly id: number
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

/** One worker, as seen from the calling thread. It receives one call at a time. */
export class RemoteWorker {
  readonly #port: Port
  readonly #name: string
  readonly control: Int32Array | undefined = newControl()
  #asked: Asked | undefined
  #calls = 0
  #answered = false
  #broken: VecError | undefined

  /** `name` is the name of the database. `died` is called when the worker ends by itself. */
  constructor(port: Port, name: string, died: (error: VecError) => void) {
    this.#port = port
    this.#name = name
    port.receive(message => {
      const { id, ...answer } = message as Reply
      if (this.#asked?.id !== id) return
      const { resolve } = this.#asked
      this.#asked = undefined
      this.#answered = true
      port.awaits(false)
      resolve(answer)
    })
    port.lost(reason => {
      this.#broken = this.#death(reason)
      this.#asked?.reject(this.#broken)
      this.#asked = undefined
      died(this.#broken)
    })
  }

  async ask(call: Call, transfer: readonly ArrayBuffer[] = []): Promise<Answer> {
    if (this.#broken !== undefined) throw this.#broken
    // Node would send it, and nothing would arrive.
    if (transfer.some(isDetached))
      throw new TypeError('a buffer of this call was transferred before')
    // Call numbers must fit in the 32 bits of the control, and start at 1.
    const id = (this.#calls = (this.#calls % 0x7fffffff) + 1)
    return new Promise((resolve, reject) => {
      this.#port.send({ id, call }, transfer)
      this.#port.awaits(true)
      this.#asked = { id, resolve, reject }
    })
  }

  /** Ends the running call with SQLITE_INTERRUPT; returns false if threads do not share memory. */
  interrupt(): boolean {
    if (this.control === undefined) return false
    if (this.#asked !== undefined) Atomics.store(this.control, 0, this.#asked.id)
    return true
  }

  async close(): Promise<void> {
    await this.#port.close()
  }

  #death(cause: Error): VecError {
    const what = this.#answered ? 'ended' : 'did not start'
    const message = `the worker of ${this.#name} ${what}: ${cause.message}`
    const hint = hintFor(cause, this.#answered)
    const error = new VecError('VEC_WORKER', message, { hint, cause })
    elsewhere.add(error)
    return error
  }
}

/** Of a detached buffer, no view can be made. */
function isDetached(buffer: ArrayBuffer): boolean {
  try {
    return !new Uint8Array(buffer)
  } catch {
    return true
  }
}

function hintFor(cause: Error, answered: boolean): string {
  const hint = hintOfThread(cause)
  if (hint !== undefined) return hint
  if (answered)
    return 'call connect() again; a write that was not answered may have been committed or not'
  return 'a bundler may have lost its file: pass connect(path, { worker: () => new Worker(...) }), whose file calls serve()'
}
