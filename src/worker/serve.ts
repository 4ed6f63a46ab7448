import { hostPort, joinSharing, SHARES_FILES } from '#thread'
import { VecError } from '../core/errors.ts'
import { partOf } from '../core/late-code.ts'
import type { Connection } from '../sqlite/connection.ts'
import { DatabaseServer, type ServeCollections } from './database-server.ts'
import { isInMemory } from './in-memory.ts'
import { interruptSignal } from './interrupt-signal.ts'
import { openInParts } from './open-in-parts.ts'
import type { Answer, Call, Request } from './protocol.ts'
import { SharedDatabase } from './tabs/shared-database.ts'
import { wireError } from './wire-error.ts'

export interface ServeOptions {
  /** Called with each opened connection, before it answers calls: for SQL functions and PRAGMA. */
  readonly setup?: ((db: Connection) => void) | undefined
  /**
   * `collections` of this entry point, or a function that loads it: without it, this worker does not answer an
   * `AsyncCollection`, and its file is smaller.
   */
  readonly collections?: ServeCollections | undefined
}

/**
 * Makes this worker usable by `connect()`. Call it as soon as the worker starts: browsers lose messages that arrive
 * before.
 */
export function serve(options: ServeOptions = {}): void {
  const port = hostPort()
  const host = new Host(options)
  let last: Promise<unknown> = Promise.resolve()
  port.receive(message => {
    const { id, call } = message as Request
    last = last.then(async () => {
      const answer = await host.answer(id, call)
      try {
        port.send({ id, ...answer }, 'value' in answer ? buffersOf(answer.value) : [])
      } catch (error) {
        // The result cannot be sent: memory is too small for a second copy.
        port.send({ id, error: wireError(error) })
      }
    })
  })
}

/** The database of this worker, once it is open. */
class Host {
  readonly #options: ServeOptions
  #server: DatabaseServer | SharedDatabase | undefined
  #control: Int32Array | undefined

  constructor(options: ServeOptions) {
    this.#options = options
  }

  async answer(id: number, call: Call): Promise<Answer> {
    try {
      return { value: await this.#value(id, call) }
    } catch (error) {
      return { error: wireError(error) }
    }
  }

  async #value(id: number, call: Call): Promise<unknown> {
    if (call.op === 'open') return this.#open(call)
    if (call.op === 'close') {
      await this.#server?.close()
      return undefined
    }
    if (this.#server === undefined)
      throw new VecError('VEC_CLOSED', 'this worker did not open a database', {
        hint: 'call connect() again',
      })
    const signal = this.#control && interruptSignal(this.#control, id)
    return this.#server.answer(call, signal)
  }

  async #open(call: Extract<Call, { op: 'open' }>): Promise<void> {
    const { path, options, control, sharing } = call
    if (sharing) joinSharing(sharing)
    const { collections, setup } = this.#options
    const opened = async (): Promise<DatabaseServer> => {
      if (setup === undefined && options.register !== false)
        return openInParts(path, options, collections)
      // The caller's code uses the connection synchronously, so that nothing can be loaded later.
      const { open } = await partOf(import('./late-calls.ts'))
      const db = await open(path, options)
      try {
        setup?.(db)
      } catch (error) {
        db.close()
        throw error
      }
      return new DatabaseServer(db, collections)
    }
    this.#control = control
    this.#server =
      SHARES_FILES || typeof path !== 'string' || isInMemory(path)
        ? await opened()
        : await SharedDatabase.open(path, async () => patiently(opened, options.busyTimeout))
  }
}

/** A browser may release the lock of a tab that is gone before it releases its files. */
async function patiently<T>(attempt: () => Promise<T>, milliseconds = 5000): Promise<T> {
  const end = performance.now() + milliseconds
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const isBusy = error instanceof VecError && error.code === 'SQLITE_BUSY'
      if (!isBusy || performance.now() > end) throw error
      await new Promise(resolve => setTimeout(resolve, BETWEEN_TRIES))
    }
  }
}

const BETWEEN_TRIES = 20

/** Blobs smaller than this are copied: a transfer costs more. */
const WORTH_MOVING = 4096

/** The buffers of large blobs in a result that hold nothing else. */
function buffersOf(value: unknown): ArrayBuffer[] {
  const buffers: ArrayBuffer[] = []
  const visit = (each: unknown): void => {
    if (typeof each !== 'object' || each === null) return
    if (each instanceof Uint8Array) {
      const { buffer, byteLength } = each
      const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
      if (isWhole && byteLength >= WORTH_MOVING) buffers.push(buffer)
    } else if (Array.isArray(each)) each.forEach(visit)
    else for (const key in each) visit((each as Record<string, unknown>)[key])
  }
  visit(value)
  return buffers
}
