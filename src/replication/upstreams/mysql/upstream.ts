import { VecError } from '../../../core/errors.ts'
import { numberIn, oneOf, rowsOf, textIn } from '../../answer.ts'
import { withDeadline } from '../../deadline.ts'
import { ConnectingSockets, guardSocket, isSocket, partOf } from '../../driver-socket.ts'
import { upstreamFailure } from '../../failure.ts'
import { mysqlLegacy } from '../../legacy/mysql.ts'
import { backQuoted } from '../../sync-names.ts'
import type {
  Upstream,
  UpstreamOptions,
  UpstreamRow,
  UpstreamSession,
  UpstreamValue,
} from '../../upstream.ts'
import { mysqlFailure } from './failures.ts'
import { probeMysql } from './probe.ts'
import { mysqlSql } from './sql.ts'

/** A connection of `mysql2/promise`, as far as it is used. */
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
  const deadline = options.deadline ?? 30_000
  const description = options.description ?? 'MySQL'
  return {
    database: 'mysql',
    description,
    deadline,
    sql: mysqlSql,
    legacy: mysqlLegacy,
    async connect() {
      const doing = `connecting to ${description}`
      const closed = new AbortController()
      const fault = (error: Error): void => closed.abort(error)
      const sockets = new ConnectingSockets(fault)
      const pending = sockets.run(() => Promise.resolve().then(createConnection))
      let connection: MysqlConnection
      try {
        connection = await withDeadline(
          pending,
          deadline,
          doing,
          () => {
            pending.then(
              late => late.destroy(),
              () => undefined,
            )
          },
          closed.signal,
        )
      } catch (error) {
        sockets.destroy()
        throw upstreamFailure(mysqlFailure(error), error, doing)
      }
      sockets.connected()
      // Behind TLS it is another socket than the one that was opened.
      const stream = partOf(partOf(connection, 'connection'), 'stream')
      if (isSocket(stream)) guardSocket(stream, fault)
      const session = new MysqlSession(connection, deadline, description, closed)
      try {
        await checkEncoding(session, description)
      } catch (error) {
        session.destroy()
        throw error
      }
      return session
    },
    probe: probeMysql,
    async columns(session, table) {
      const rows = await session.rows(
        `SELECT column_name AS name, column_key AS part FROM information_schema.columns
WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position`,
        [table],
      )
      const key = await session.rows(
        `SELECT column_name AS name FROM information_schema.statistics
WHERE table_schema = DATABASE() AND table_name = ? AND index_name = 'PRIMARY' ORDER BY seq_in_index`,
        [table],
      )
      return { columns: rows.map(nameOf), key: key.map(nameOf) }
    },
    async runDdl(session, table, statements) {
      let locked = false
      for (const statement of statements) {
        // A row written between DROP TRIGGER and CREATE TRIGGER would never be logged.
        if (!locked && statement.startsWith('DROP TRIGGER')) {
          await session.run(`LOCK TABLES ${backQuoted(table)} WRITE`)
          locked = true
        }
        await session.run(statement)
      }
      if (locked) await session.run('UNLOCK TABLES')
    },
    packetIsLimit: true,
    async packetBytes(session) {
      const rows = await session.rows('SELECT CAST(@@max_allowed_packet AS CHAR) AS bytes')
      return numberIn(oneOf(rows), 'bytes')
    },
  }
}

/** In another character set ids would arrive mangled, and a page would begin at the wrong row. */
async function checkEncoding(session: MysqlSession, description: string): Promise<void> {
  const rows = await session.rows(
    `SELECT HEX(CONVERT(? USING utf8mb4)) AS sent, CONVERT(x'C3A9F09F9880' USING utf8mb4) AS received`,
    [PROBE],
  )
  const row = oneOf(rows)
  if (textIn(row, 'sent') === 'C3A9F09F9880' && textIn(row, 'received') === PROBE) return
  throw new VecError(
    'SYNC_UPSTREAM',
    `${description}: the connection does not carry all of Unicode`,
    {
      hint: `create it with charset 'utf8mb4'`,
    },
  )
}

const PROBE = 'é😀'

class MysqlSession implements UpstreamSession {
  readonly #connection: MysqlConnection
  readonly #deadline: number
  readonly #description: string
  readonly #closed: AbortController

  constructor(
    connection: MysqlConnection,
    deadline: number,
    description: string,
    closed: AbortController,
  ) {
    this.#connection = connection
    this.#deadline = deadline
    this.#description = description
    this.#closed = closed
    // Without a listener the error of an idle connection would end the process; the next statement reports it.
    connection.on('error', () => undefined)
  }

  async rows(
    sql: string,
    parameters: readonly UpstreamValue[] = [],
    deadline: number = this.#deadline,
  ): Promise<UpstreamRow[]> {
    return rowsOf(await this.#query(sql, parameters, deadline))
  }

  async run(
    sql: string,
    parameters: readonly UpstreamValue[] = [],
    deadline: number = this.#deadline,
  ): Promise<number> {
    const affected = partOf(await this.#query(sql, parameters, deadline), 'affectedRows')
    return typeof affected === 'number' ? affected : 0
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
    this.#closed.abort()
  }

  async #query(
    sql: string,
    parameters: readonly UpstreamValue[],
    deadline: number,
  ): Promise<unknown> {
    const doing = `${this.#description}, ${firstWords(sql)}`
    try {
      const answer = await withDeadline(
        this.#connection.query(
          { sql, rowsAsArray: false, typeCast: true },
          parameters.map(mysqlValue),
        ),
        deadline,
        doing,
        () => this.destroy(),
        this.#closed.signal,
      )
      return Array.isArray(answer) ? answer[0] : undefined
    } catch (error) {
      throw upstreamFailure(mysqlFailure(error), error, doing)
    }
  }
}

/** mysql2 knows Buffers, and numbers of JavaScript's own size. */
function mysqlValue(value: UpstreamValue): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  }
  return value
}

const nameOf = (row: UpstreamRow): string => textIn(row, 'name')

const firstWords = (sql: string): string => sql.split(/\s+/, 3).join(' ')
