import { messageOf } from './failure.ts'
import type { Source } from './source.ts'
import type { SyncState } from './sync-state.ts'

/**
 * Reports the position of this replica to the upstream at intervals. The report keeps the log from being pruned and
 * shows the lag to others. Nothing else depends on it, so a failure gives one warning.
 */
export class Acknowledgement {
  readonly #source: Source
  readonly #replicaId: string
  readonly #interval: number
  readonly #warn: (message: string) => void
  readonly #acked = new Map<string, bigint>()
  #next = 0
  #refreshAt = 0
  #warned = false

  constructor(
    source: Source,
    replicaId: string,
    interval: number,
    warn: (message: string) => void,
  ) {
    this.#source = source
    this.#replicaId = replicaId
    this.#interval = interval
    this.#warn = warn
  }

  /** Called before a bootstrap, so that the entries it will need are not pruned meanwhile. */
  pin(datasetId: string, scn: bigint): Promise<void> {
    return this.#send([[datasetId, scn]])
  }

  /**
   * Sends, when due, the checkpoints that moved. A checkpoint that does not move is sent now and then, to show that
   * the replica lives.
   */
  async sendDue(states: Iterable<SyncState>, now: number = Date.now()): Promise<void> {
    if (now < this.#next && now > this.#next - 2 * this.#interval) return
    this.#next = now + this.#interval
    const refresh = now >= this.#refreshAt || now < this.#refreshAt - 20 * this.#interval
    if (refresh) this.#refreshAt = now + 10 * this.#interval
    const due: [string, bigint][] = []
    for (const { datasetId, lastScn, phase } of states) {
      if (phase === 'new' || phase === 'dropped') continue
      if (refresh || this.#acked.get(datasetId) !== lastScn) due.push([datasetId, lastScn])
    }
    await this.#send(due)
  }

  async #send(due: readonly (readonly [string, bigint])[]): Promise<void> {
    if (this.#source.sparse !== undefined) return
    try {
      for (let at = 0; at < due.length; at += 200) {
        const some = due.slice(at, at + 200)
        await this.#source.use(session =>
          session.run(
            this.#source.sql.writing.acknowledge(some.length),
            some.flatMap(([datasetId, scn]) => [this.#replicaId, datasetId, scn]),
          ),
        )
        for (const [datasetId, scn] of some) this.#acked.set(datasetId, scn)
      }
    } catch (error) {
      if (!this.#warned)
        this.#warn(
          `could not report the position of this replica to the upstream: ${messageOf(error)}`,
        )
      this.#warned = true
    }
  }
}
