import { withDeadline } from '../../deadline.ts'
import { DriverSession } from '../../driver-session.ts'
import { guardSocket, isSocket, partOf } from '../../driver-socket.ts'
import { upstreamFailure } from '../../failure.ts'
import type { Upstream, UpstreamOptions } from '../../upstream.ts'
import { postgres } from './dialect.ts'
import { postgresFailure } from './failures.ts'
import { FrameCheck } from './frame-check.ts'

/** The members of pg's `Client` that are used. */
export interface PostgresClient {
  connect(): Promise<unknown>
  query(sql: string, values?: unknown[]): Promise<unknown>
  on(event: 'error', listener: (error: unknown) => void): unknown
  end(): Promise<unknown>
}

/** PostgreSQL through pg: `postgresUpstream(() => new pg.Client({ connectionString }))`. */
export function postgresUpstream(
  createClient: () => PostgresClient | Promise<PostgresClient>,
  options: UpstreamOptions = {},
): Upstream {
  const { deadline = 30_000, description = 'PostgreSQL' } = options
  return {
    ...postgres,
    description,
    deadline,
    async connect() {
      const doing = `connecting to ${description}`
      let session: DriverSession | undefined
      try {
        const client = await withDeadline(
          Promise.resolve().then(createClient),
          deadline,
          doing,
          () => undefined,
        )
        session = sessionOf(client, deadline, description)
        await session.connecting(client.connect(), doing)
        return session
      } catch (error) {
        session?.destroy()
        throw upstreamFailure(postgresFailure(error), error, doing)
      }
    },
  }
}

function sessionOf(client: PostgresClient, deadline: number, description: string): DriverSession {
  const closed = new AbortController()
  // Without a listener, the error of an idle connection would end the process. The next statement reports it.
  client.on('error', () => undefined)
  guardClient(client, error => closed.abort(error))
  return new DriverSession(
    {
      query: (sql, values) =>
        values.length === 0 ? client.query(sql) : client.query(sql, [...values]),
      rows: answer => partOf(answer, 'rows'),
      changes: answer => partOf(answer, 'rowCount'),
      end: () => client.end(),
      destroy: () => destroyClient(client),
    },
    { deadline, description, closed, failureKind: postgresFailure },
  )
}

/** Destroys the client's socket. If the socket is not found, end() closes it at once while a query is running. */
function destroyClient(client: PostgresClient): void {
  const stream = partOf(partOf(client, 'connection'), 'stream')
  if (isSocket(stream)) stream.destroy()
  else client.end().catch(() => undefined)
}

/**
 * Called before the client connects. Guards the socket that it has created, and each socket from which it reads
 * messages, TLS included.
 */
function guardClient(client: PostgresClient, fault: (error: Error) => void): void {
  const connection = partOf(client, 'connection') as
    | { stream?: unknown; attachListeners?: (stream: unknown) => void }
    | undefined
  if (connection === undefined) return
  const attach = connection.attachListeners
  if (typeof attach !== 'function') return
  connection.attachListeners = stream => {
    if (isSocket(stream)) {
      guardSocket(stream, fault)
      // Runs before pg's own listener, which does not run when this one throws.
      const frames = new FrameCheck()
      stream.on('data', data => frames.check(data))
    }
    attach.call(connection, stream)
  }
  const { stream } = connection
  if (isSocket(stream)) guardSocket(stream, fault)
}
