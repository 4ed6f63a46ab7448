import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

const program = fileURLToPath(new URL('./vfs-thread.js', import.meta.url))

/** A worker thread with a connection of its own, which locks by directories. */
export class ChildThread {
  readonly #worker: Worker
  readonly #said: Promise<unknown>
  readonly #ended: Promise<unknown>

  /** Opens the file and runs `sql`. */
  constructor(path: string, sql: string) {
    this.#worker = new Worker(program, { workerData: { path, sql } })
    this.#said = once(this.#worker, 'message')
    this.#ended = new Promise(resolve => this.#worker.once('exit', resolve))
    // The test ends some of them with an error.
    this.#worker.on('error', () => undefined)
  }

  /** Waits until the SQL has run. */
  async held(): Promise<void> {
    await this.#said
  }

  /** Makes the thread end by itself: with an error, or by `process.exit()`. */
  async finish(how: 'throw' | 'exit'): Promise<void> {
    this.#worker.postMessage(how)
    await this.#ended
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }
}
