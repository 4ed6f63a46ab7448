import {
  createReplicator,
  position,
  type Replicator,
  type ReplicatorOptions,
  type Upstream,
} from '../../src/entries/vecsync.ts'
import { isRetryable } from '../../src/replication/failure.ts'
import { until } from '../servers/until.ts'
import { openSqlite, type TestConnection } from './sqlite-database.ts'

/** A replicator that follows dataset 'd' while a test does harm to its upstream. */
export class Followed {
  readonly replica: TestConnection = openSqlite()
  readonly warnings: string[] = []
  readonly replicator: Replicator
  /** What ended `follow`, if anything but `stop` did. */
  ended: unknown
  readonly #stop = new AbortController()
  readonly #following: Promise<void>

  constructor(source: Upstream, options: Partial<ReplicatorOptions> = {}) {
    this.replicator = createReplicator({
      source,
      replica: this.replica,
      interval: 10,
      ...options,
    })
    this.replicator.on('warning', ({ message }) => this.warnings.push(message))
    this.#following = this.replicator.follow(this.#stop.signal).catch((error: unknown) => {
      this.ended = error
    })
  }

  /** Waits until all that `upstream` has is here; halts that the harm led to are resumed. */
  async catchUp(upstream: Upstream, timeout = 30_000): Promise<void> {
    const end = performance.now() + timeout
    const scn = await position(upstream, 'd')
    for (;;) {
      if (this.ended !== undefined) throw this.ended
      const halted = this.replica
        .prepare(`SELECT count(*) AS n FROM pragma_table_info('vec_sync_state')`)
        .get() as { n: number | bigint }
      if (Number(halted.n) > 0) {
        const rows = this.replica.prepare('SELECT halt_code FROM vec_sync_state').all()
        if ((rows as { halt_code: string | null }[]).some(row => row.halt_code !== null)) {
          await this.replicator.resume()
        }
      }
      try {
        await this.replicator.waitFor(scn, 200)
        return
      } catch (error) {
        if (performance.now() > end) throw error
      }
    }
  }

  /** Waits for a warning. */
  async warned(pattern: RegExp): Promise<void> {
    await until(() => this.warnings.some(warning => pattern.test(warning)), `no warning ${pattern}`)
  }

  /** Whether both sides are equal. A busy machine may miss the deadline of a test now and then. */
  async isEqual(): Promise<boolean> {
    for (let attempt = 0; ; attempt++) {
      try {
        return (await this.replicator.verify()).equal
      } catch (error) {
        if (!isRetryable(error) || attempt > 20) throw error
      }
    }
  }

  /** Ends it; resolves with what had ended it before, if something did. */
  async stop(): Promise<unknown> {
    this.#stop.abort()
    await this.#following
    await this.replicator.close()
    this.replica.close()
    return this.ended
  }
}

/** Counts what would end a process; `end` throws if anything was counted. */
export function watchProcess(): { end(): void } {
  const seen: unknown[] = []
  const note = (error: unknown): void => void seen.push(error)
  process.on('uncaughtException', note)
  process.on('unhandledRejection', note)
  return {
    end() {
      process.off('uncaughtException', note)
      process.off('unhandledRejection', note)
      if (seen.length === 0) return
      const [first] = seen
      throw new Error(`${seen.length} exceptions that nobody caught: ${stackOf(first)}`, {
        cause: first,
      })
    },
  }
}

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)
