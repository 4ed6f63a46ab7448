import type { Replicator, ReplicatorEvents } from '../../entries/vecsync.ts'
import { jsonValue } from '../context.ts'
import type { Output } from '../output.ts'
import type { Secrets } from './secrets.ts'

/** Milliseconds between two progress lines of one dataset. The events in between are added up. */
const PROGRESS_EVERY = 1000

type Progress = ReplicatorEvents['progress']

/** Events as lines of JSON, each with `event` and `time`, for logs and for programs that read a pipe. */
export class EventLines {
  readonly #output: Output
  readonly #secrets: Secrets
  readonly #written = new Map<string, number>()
  readonly #pending = new Map<string, Progress>()
  readonly #timer: NodeJS.Timeout

  constructor(output: Output, secrets: Secrets, replicator: Replicator) {
    this.#output = output
    this.#secrets = secrets
    replicator.on('progress', event => this.#progress(event))
    replicator.on('state', event => {
      // Progress before a change of state is printed before it.
      this.#flush(event.datasetId)
      this.write('state', { ...event, message: this.#clean(event.message) })
    })
    replicator.on('warning', event =>
      this.write('warning', { ...event, message: this.#clean(event.message) }),
    )
    this.#timer = setInterval(() => this.#flushDue(), PROGRESS_EVERY)
    this.#timer.unref()
  }

  write(event: string, fields: object): void {
    const line = JSON.stringify({ event, time: new Date().toISOString(), ...fields }, jsonValue)
    void this.#output.line(line)
  }

  /** Writes the events that are still held back. */
  end(): void {
    clearInterval(this.#timer)
    for (const datasetId of this.#pending.keys()) this.#flush(datasetId)
  }

  #progress(event: Progress): void {
    const held = this.#pending.get(event.datasetId)?.applied ?? 0
    this.#pending.set(event.datasetId, { ...event, applied: held + event.applied })
    if (this.#isDue(event.datasetId)) this.#flush(event.datasetId)
  }

  #isDue(datasetId: string): boolean {
    return performance.now() - (this.#written.get(datasetId) ?? -Infinity) >= PROGRESS_EVERY
  }

  #flushDue(): void {
    for (const datasetId of this.#pending.keys()) {
      if (this.#isDue(datasetId)) this.#flush(datasetId)
    }
  }

  #flush(datasetId: string): void {
    const event = this.#pending.get(datasetId)
    if (event === undefined) return
    this.#pending.delete(datasetId)
    this.#written.set(datasetId, performance.now())
    this.write('progress', event)
  }

  #clean(message: string | undefined): string | undefined {
    return message === undefined ? undefined : this.#secrets.redact(message)
  }
}
