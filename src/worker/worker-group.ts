import { newSharing } from '#thread'
import type { VecError } from '../core/errors.ts'
import { CallQueue, type Outgo } from './call-queue.ts'
import type { Port } from './port.ts'
import { isRead, type Call } from './protocol.ts'
import { RemoteWorker } from './remote-worker.ts'

/** The workers of one client: one that writes, and others that only read. */
export class WorkerGroup {
  readonly #writer: RemoteWorker
  readonly #readers: readonly RemoteWorker[]
  readonly #writes: CallQueue
  readonly #reads: CallQueue
  #broken: VecError | undefined

  constructor(name: string, writer: Port, readers: readonly Port[]) {
    const died = (error: VecError): void => {
      this.#fail(error)
    }
    this.#writer = new RemoteWorker(writer, name, died)
    this.#readers = readers.map(port => new RemoteWorker(port, name, died))
    this.#writes = new CallQueue([this.#writer])
    this.#reads = readers.length === 0 ? this.#writes : new CallQueue(this.#readers)
  }

  /** The reason why calls are refused, after a worker has ended by itself. */
  get broken(): VecError | undefined {
    return this.#broken
  }

  /** Opens the database in each worker. The writer comes first, since it may create the file. */
  async open(
    call: Omit<Extract<Call, { op: 'open' }>, 'control' | 'sharing'>,
    sharedIndexes: boolean,
  ): Promise<void> {
    const group = sharedIndexes ? newSharing(this.#all.length) : undefined
    const open = async (worker: RemoteWorker, place: number): Promise<void> => {
      const sharing = group && { ...group, place }
      const opening = { ...call, control: worker.control, sharing }
      await new CallQueue([worker]).add([{ call: opening }])
    }
    try {
      await open(this.#writer, 0)
      await Promise.all(this.#readers.map(async (worker, i) => open(worker, i + 1)))
    } catch (error) {
      await this.#end()
      throw error
    }
  }

  /** Answers a call. An idle reader answers a read. */
  async call(
    call: Call,
    transfer: readonly ArrayBuffer[] = [],
    signal?: AbortSignal,
  ): Promise<unknown> {
    const reads = isRead(call)
    return (reads ? this.#reads : this.#writes).add([{ call, transfer }], signal, reads)
  }

  /** Makes calls that write, between which the writer answers no other one. Returns the result of the last one. */
  async callAll(calls: Iterable<Outgo>, signal?: AbortSignal): Promise<unknown> {
    return this.#writes.add(calls, signal)
  }

  /** Interrupts the running calls; returns false if threads do not share memory. */
  interrupt(): boolean {
    return this.#all.map(worker => worker.interrupt()).every(Boolean)
  }

  /** Closes the connections, then ends the workers. */
  async close(): Promise<void> {
    try {
      if (this.#broken !== undefined) return
      // Readers first: the last connection of a file removes its write-ahead log.
      await Promise.all(this.#readers.map(closeConnection))
      await closeConnection(this.#writer)
    } finally {
      await this.#end()
    }
  }

  get #all(): readonly RemoteWorker[] {
    return [this.#writer, ...this.#readers]
  }

  #fail(error: VecError): void {
    if (this.#broken !== undefined) return
    this.#broken = error
    this.#writes.fail(error)
    this.#reads.fail(error)
    void this.#end()
  }

  async #end(): Promise<void> {
    await Promise.all(this.#all.map(async worker => worker.close()))
  }
}

async function closeConnection(worker: RemoteWorker): Promise<void> {
  await new CallQueue([worker]).add([{ call: { op: 'close' } }])
}
