import type { Dialect } from './dialect.ts'
import type { UpstreamSession } from './upstream-session.ts'

/** A database from which documents are replicated, reached through a driver that the user supplies. */
export interface Upstream extends Dialect {
  /** For messages, without credentials. */
  readonly description: string
  /** Milliseconds that a statement may take by default. */
  readonly deadline: number
  /** Opens a new connection each time. */
  connect(): Promise<UpstreamSession>
  /** The file behind the connection, if any. */
  readonly file?: (session: UpstreamSession) => Promise<string | undefined>
}

export interface UpstreamOptions {
  /** Milliseconds that a statement, or connecting, may take; 30,000 by default. */
  readonly deadline?: number
  /** The name of the upstream in messages. */
  readonly description?: string
}
