import { VecError } from '../../../core/errors.ts'
import { oneOf, textIn } from '../../answer.ts'
import { withDeadline } from '../../deadline.ts'
import { DriverSession } from '../../driver-session.ts'
import { ConnectingSockets, guardSocket, isSocket, partOf } from '../../driver-socket.ts'
import { upstreamFailure } from '../../failure.ts'
import type { UpstreamSession } from '../../upstream-session.ts'
import type { Upstream, UpstreamOptions } from '../../upstream.ts'
import { mysql } from './dialect.ts'
import { mysqlFailure } from './failures.ts'

/** The members of a connection of `mysql2/promise` that are used. */
export interface MysqlConnection {
  query(
    options: { sql: string; rowsAsArray: boolean; typeCast: boolean },
    values?: unknown,
  ): Promise<[unknown, unknown]>
  on(event: 'error', listener: (error: unknown) => void): unknown
  end(): Promise<unknown>
  destroy(): void
}

/**
 * MySQL or MariaDB through mysql2: `mysqlUpstream(() => mysql.createConnection({ uri }))`. Results are read in bounded
 * pages and never streamed: a stream of mysql2 does not end when its connection is cut.
 */
export function mysqlUpstream(
  createConnection: () => Promise<MysqlConnection>,
  options: UpstreamOptions = {},
): Upstream {
  const { deadline = 30_000, description = 'MySQL' } = options
  return {
    ...mysql,
    description,
    deadline,
    async connect() {
      const doing = `connecting to ${description}`
      const closed = new AbortController()
      const fault = (error: Error): void => closed.abort(error)
      const sockets = new ConnectingSockets(fault)
      const pending = sockets.run(() => Promise.resolve().then(createConnection))
      const destroyLate = (): void => {
        pending.then(
          late => late.destroy(),
          () => undefined,
        )
      }
      let connection: MysqlConnection
      try {
        connection = await withDeadline(pending, deadline, doing, destroyLate, closed.signal)
      } catch (error) {
        sockets.destroy()
        throw upstreamFailure(mysqlFailure(error), error, doing)
      }
      sockets.connected()
      // With TLS, this is not the socket that was opened.
      const stream = partOf(partOf(connection, 'connection'), 'stream')
      if (isSocket(stream)) guardSocket(stream, fault)
      // Without a listener, the error of an idle connection would end the process. The next statement reports it.
      connection.on('error', () => undefined)
      const session = new DriverSession(
        {
          query: (sql, values) =>
            connection.query({ sql, rowsAsArray: false, typeCast: true }, values),
          rows: answer => resultOf(answer),
          changes: answer => partOf(resultOf(answer), 'affectedRows'),
          end: () => connection.end(),
          destroy: () => connection.destroy(),
        },
        { deadline, description, closed, failureKind: mysqlFailure },
      )
      try {
        await checkEncoding(session, description)
      } catch (error) {
        session.destroy()
        throw error
      }
      return session
    },
  }
}

/** mysql2 answers with a pair: the result, and its columns. */
const resultOf = (answer: unknown): unknown =>
  Array.isArray(answer) ? (answer as unknown[])[0] : undefined

/** In another character set, ids would arrive mangled, and a page would begin at the wrong row. */
async function checkEncoding(session: UpstreamSession, description: string): Promise<void> {
  const rows = await session.rows(
    `SELECT HEX(CONVERT(? USING utf8mb4)) AS sent, CONVERT(x'C3A9F09F9880' USING utf8mb4) AS received`,
    [PROBE],
  )
  const row = oneOf(rows)
  if (textIn(row, 'sent') === 'C3A9F09F9880' && textIn(row, 'received') === PROBE) return
  throw new VecError(
    'SYNC_UPSTREAM',
    `${description}: the character set of the connection does not cover all of Unicode`,
    {
      hint: `create it with charset 'utf8mb4'`,
    },
  )
}

const PROBE = 'é😀'
