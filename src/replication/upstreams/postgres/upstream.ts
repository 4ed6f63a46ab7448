import { rowsOf, textIn } from '../../answer.ts'
import { withDeadline } from '../../deadline.ts'
import { guardSocket, isSocket, partOf } from '../../driver-socket.ts'
import { upstreamFailure } from '../../failure.ts'
import { doubleQuoted } from '../../sync-names.ts'
import type {
  Upstream,
  UpstreamOptions,
  UpstreamRow,
  UpstreamSession,
  UpstreamValue,
} from '../../upstream.ts'
import { postgresFailure } from './failures.ts'
import { FrameCheck } from './frame-check.ts'
import { probePostgres } from './probe.ts'
import { postgresSql } from './sql.ts'

/** A `Client` of pg, as far as it is used. */
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
  const deadline = options.deadline ?? 30_000
  const description = options.description ?? 'PostgreSQL'
  return {
    database: 'postgres',
    description,
    deadline,
    sql: postgresSql,
    async connect() {
      const doing = `connecting to ${description}`
      let session: PostgresSession | undefined
      try {
        const client = await withDeadline(
          Promise.resolve().then(createClient),
          deadline,
          doing,
          () => undefined,
        )
        session = new PostgresSession(client, deadline, description)
        await session.connect(doing)
        return session
      } catch (error) {
        session?.destroy()
        throw upstreamFailure(postgresFailure(error), error, doing)
      }
    },
    probe: probePostgres,
    async columns(session, table) {
      const rows = await session.rows(
        `SELECT a.attname::text AS name, coalesce(array_position(i.indkey::int2[], a.attnum), -1)::text AS part
FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
        [doubleQuoted(table)],
      )
      const key = rows.filter(row => Number(row['part']) >= 0)
      return {
        columns: rows.map(row => textIn(row, 'name')),
        key: key
          .toSorted((a, b) => Number(a['part']) - Number(b['part']))
          .map(row => textIn(row, 'name')),
      }
    },
    async runDdl(session, _table, statements) {
      await session.run('BEGIN')
      for (const statement of statements) await session.run(statement)
      await session.run('COMMIT')
    },
    refusesNul: true,
    packetBytes: () => Promise.resolve(64 * 1024 * 1024),
  }
}

class PostgresSession implements UpstreamSession {
  readonly #client: PostgresClient
  readonly #deadline: number
  readonly #description: string
  readonly #closed = new AbortController()

  constructor(client: PostgresClient, deadline: number, description: string) {
    this.#client = client
    this.#deadline = deadline
    this.#description = description
    // Without a listener the error of an idle connection would end the process; the next statement reports it.
    client.on('error', () => undefined)
    guardClient(client, error => this.#closed.abort(error))
  }

  async connect(doing: string): Promise<void> {
    const work = this.#client.connect()
    await withDeadline(work, this.#deadline, doing, () => this.destroy(), this.#closed.signal)
  }

  async rows(
    sql: string,
    parameters: readonly UpstreamValue[] = [],
    deadline: number = this.#deadline,
  ): Promise<UpstreamRow[]> {
    return rowsOf(partOf(await this.#query(sql, parameters, deadline), 'rows'))
  }

  async run(
    sql: string,
    parameters: readonly UpstreamValue[] = [],
    deadline: number = this.#deadline,
  ): Promise<number> {
    const count = partOf(await this.#query(sql, parameters, deadline), 'rowCount')
    return typeof count === 'number' ? count : 0
  }

  async close(): Promise<void> {
    try {
      await withDeadline(this.#client.end(), 2000, 'closing', () => undefined)
    } catch {
      // it is gone either way
    }
  }

  /** pg ends at once, without waiting, when a query is under way. */
  destroy(): void {
    const stream = partOf(partOf(this.#client, 'connection'), 'stream')
    if (isSocket(stream)) stream.destroy()
    else this.#client.end().catch(() => undefined)
    this.#closed.abort()
  }

  async #query(
    sql: string,
    parameters: readonly UpstreamValue[],
    deadline: number,
  ): Promise<unknown> {
    const doing = `${this.#description}, ${sql.split(/\s+/, 3).join(' ')}`
    const values = parameters.map(postgresValue)
    try {
      const work = values.length === 0 ? this.#client.query(sql) : this.#client.query(sql, values)
      return await withDeadline(work, deadline, doing, () => this.destroy(), this.#closed.signal)
    } catch (error) {
      throw upstreamFailure(postgresFailure(error), error, doing)
    }
  }
}

/** Before the client connects: the socket that it made, and each one that it reads messages from, TLS included. */
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
      // In front of pg's own listener, which does not run when this one throws.
      const frames = new FrameCheck()
      stream.on('data', data => frames.check(data))
    }
    attach.call(connection, stream)
  }
  const { stream } = connection
  if (isSocket(stream)) guardSocket(stream, fault)
}

function postgresValue(value: UpstreamValue): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  }
  return value
}
