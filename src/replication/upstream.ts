import type { Dialect } from './dialect.ts'
import type { UpstreamSession } from './upstream-session.ts'

/** A database that documents are replicated from, reached through a driver that the user hands in. */
export interface Upstream extends Dialect {
  /** For messages: no credentials. */
  readonly description: string
  /** Milliseconds a statement may take unless it says otherwise. */
  readonly deadline: number
  /** A new connection each time. */
  connect(): Promise<UpstreamSession>
  /** The file behind the connection, where there is one. */
  readonly file?: (session: UpstreamSession) => Promise<string | undefined>
}

export interface UpstreamOptions {
  /** Milliseconds a statement, or connecting, may take; 30,000 unless said otherwise. */
  readonly deadline?: number
  /** What messages call the upstream. */
  readonly description?: string
}
