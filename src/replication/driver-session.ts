import { rowsOf } from './answer.ts'
import { withDeadline } from './deadline.ts'
import { upstreamFailure, type FailureKind } from './failure.ts'
import type { UpstreamRow, UpstreamSession, UpstreamValue } from './upstream-session.ts'

/** The members of a driver's connection that a session uses. */
export interface DriverConnection {
  query(sql: string, values: readonly unknown[]): Promise<unknown>
  /** The rows in a result of `query`. */
  rows(answer: unknown): unknown
  /** The number of rows that a statement wrote, if the result tells it. */
  changes(answer: unknown): unknown
  end(): Promise<unknown>
  destroy(): void
}

interface SessionOptions {
  readonly deadline: number
  readonly description: string
  /** Aborts with an error of the driver as its reason: a running statement would wait for ever. */
  readonly closed: AbortController
  readonly failureKind: (error: unknown) => FailureKind
}

/** A session over the driver of a server. Each statement has a deadline, and ends when the connection does. */
export class DriverSession implements UpstreamSession {
  readonly #connection: DriverConnection
  readonly #options: SessionOptions

  constructor(connection: DriverConnection, options: SessionOptions) {
    this.#connection = connection
    this.#options = options
  }

  async rows(
    sql: string,
    parameters: readonly UpstreamValue[] = [],
    deadline?: number,
  ): Promise<UpstreamRow[]> {
    return rowsOf(this.#connection.rows(await this.#query(sql, parameters, deadline)))
  }

  async run(
    sql: string,
    parameters: readonly UpstreamValue[] = [],
    deadline?: number,
  ): Promise<number> {
    const changes = this.#connection.changes(await this.#query(sql, parameters, deadline))
    return typeof changes === 'number' ? changes : 0
  }

  /** Waits, with the deadline of a statement, while the driver connects. */
  async connecting(work: Promise<unknown>, doing: string): Promise<void> {
    const { deadline, closed } = this.#options
    await withDeadline(work, deadline, doing, () => this.destroy(), closed.signal)
  }

  async close(): Promise<void> {
    try {
      await withDeadline(this.#connection.end(), 2000, 'closing', () => this.destroy())
    } catch {
      this.destroy()
    }
  }

  destroy(): void {
    this.#connection.destroy()
    this.#options.closed.abort()
  }

  async #query(
    sql: string,
    parameters: readonly UpstreamValue[],
    deadline: number = this.#options.deadline,
  ): Promise<unknown> {
    const { description, closed, failureKind } = this.#options
    const doing = `${description}, ${firstWords(sql)}`
    try {
      const work = this.#connection.query(sql, parameters.map(driverValue))
      return await withDeadline(work, deadline, doing, () => this.destroy(), closed.signal)
    } catch (error) {
      throw upstreamFailure(failureKind(error), error, doing)
    }
  }
}

/** Names a statement in messages, without its values. */
export const firstWords = (sql: string): string => sql.split(/\s+/, 3).join(' ')

/** The value for a driver: drivers take Buffers, and JavaScript numbers. */
function driverValue(value: UpstreamValue): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  }
  return value
}
