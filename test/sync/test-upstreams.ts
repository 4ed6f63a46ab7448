import { join } from 'node:path'
import { createConnection, type Connection } from 'mysql2/promise'
import pg from 'pg'
import {
  mysqlUpstream,
  postgresUpstream,
  sqliteUpstream,
  type Upstream,
} from '../../src/entries/vecsync.ts'
import { mariadbMissing, startMariadb } from '../servers/mariadb.ts'
import { postgresMissing, startPostgres } from '../servers/postgres.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { openSqlite } from './sqlite-database.ts'

/** A way to write to an upstream as its own clients do: literals in the text, no help from our code. */
export interface UpstreamClient {
  sql(text: string): Promise<Record<string, unknown>[]>
  end(): Promise<void>
}

export interface UpstreamAddress {
  readonly name: UpstreamKind['name']
  readonly port?: number
  readonly path?: string
}

/** The upstream at an address; for processes that were started by the one that made it. */
export function upstreamAt(
  address: UpstreamAddress,
  options: { deadline?: number } = {},
): Upstream {
  const { port, path } = address
  const host = '127.0.0.1'
  const described = { description: address.name, ...options }
  if (address.name === 'MariaDB') {
    const user = 'root'
    return mysqlUpstream(
      () => createConnection({ host, port: port!, user, database: 'test' }),
      described,
    )
  }
  if (address.name === 'PostgreSQL') {
    const user = 'test'
    return postgresUpstream(
      () => new pg.Client({ host, port: port!, user, database: 'postgres' }),
      described,
    )
  }
  return sqliteUpstream(() => openSqlite(path), described)
}

/** A real upstream under test. Each call of `fresh` empties it. */
export interface TestUpstream {
  readonly name: string
  /** With which another process reaches it: see `upstreamAt`. */
  address(): UpstreamAddress
  readonly upstream: Upstream
  client(): Promise<UpstreamClient>
  /** `x'0011'`, `'\x0011'::bytea` */
  blob(hex: string): string
  /** An upsert in the database's words, for (dataset, id, content, embedding hex or null). */
  upsert(dataset: string, id: string, content: string | null, hex: string | null): string
  /** An empty database. */
  fresh(): Promise<void>
  /** Cuts every connection from the server's side. */
  cut(): Promise<void>
  restart: (() => Promise<void>) | undefined
  kill: (() => Promise<void>) | undefined
  start: (() => Promise<void>) | undefined
  remove(): Promise<void>
}

/** What a random writer needs of an upstream. */
export type WritableUpstream = Pick<TestUpstream, 'client' | 'blob' | 'upsert'>

export interface UpstreamKind {
  readonly name: 'MariaDB' | 'PostgreSQL' | 'SQLite'
  readonly missing: string | undefined
  make(options?: { deadline?: number }): Promise<TestUpstream>
}

const text = (value: string | null): string =>
  value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`

export const upstreamKinds: readonly UpstreamKind[] = [
  {
    name: 'MariaDB',
    missing: mariadbMissing,
    async make(options = {}) {
      const server = await startMariadb()
      const connect = (): Promise<Connection> => server.connect()
      const admin = async (work: (connection: Connection) => Promise<void>): Promise<void> => {
        const connection = await connect()
        connection.on('error', () => undefined)
        try {
          await work(connection)
        } finally {
          connection.destroy()
        }
      }
      return {
        name: 'MariaDB',
        address: () => ({ name: 'MariaDB', port: server.port }),
        upstream: upstreamAt({ name: 'MariaDB', port: server.port }, options),
        ...mariadbWriting(connect),
        fresh: () =>
          admin(async connection => {
            await connection.query('DROP DATABASE test')
            await connection.query('CREATE DATABASE test')
          }),
        cut: () =>
          admin(async connection => {
            const [rows] = await connection.query(
              "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user = 'root'",
            )
            for (const { id } of rows as { id: number }[]) {
              await connection.query(`KILL ${id}`).catch(() => undefined)
            }
          }),
        async restart() {
          await server.stop()
          await server.start()
        },
        kill: () => server.kill(),
        start: () => server.start(),
        remove: () => server.remove(),
      }
    },
  },
  {
    name: 'PostgreSQL',
    missing: postgresMissing,
    async make(options = {}) {
      const server = await startPostgres()
      const admin = async (...statements: string[]): Promise<void> => {
        const client = server.client()
        client.on('error', () => undefined)
        await client.connect()
        for (const statement of statements) await client.query(statement)
        await client.end()
      }
      return {
        name: 'PostgreSQL',
        address: () => ({ name: 'PostgreSQL', port: server.port }),
        upstream: upstreamAt({ name: 'PostgreSQL', port: server.port }, options),
        async client() {
          const client: pg.Client = server.client()
          client.on('error', () => undefined)
          await client.connect()
          return {
            sql: async statement =>
              (await client.query(statement)).rows as Record<string, unknown>[],
            end: () => client.end(),
          }
        },
        blob: hex => `'\\x${hex}'::bytea`,
        upsert: (dataset, id, content, hex) =>
          `INSERT INTO shadow_vec_docs (dataset_id, id, content, embedding) VALUES (${text(dataset)}, ${text(id)}, ${text(content)}, ${hex === null ? 'NULL' : `'\\x${hex}'`}) ON CONFLICT (dataset_id, id) DO UPDATE SET content = excluded.content, embedding = excluded.embedding`,
        fresh: () => admin('DROP SCHEMA public CASCADE', 'CREATE SCHEMA public'),
        cut: () =>
          admin(
            'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()',
          ),
        async restart() {
          await server.stop()
          await server.start()
        },
        kill: () => server.kill(),
        start: () => server.start(),
        remove: () => server.remove(),
      }
    },
  },
  {
    name: 'SQLite',
    missing: undefined,
    make(options = {}) {
      const directory = temporaryFolder('sqlite')
      let generation = 0
      const path = (): string => join(directory, `upstream-${generation}.db`)
      return Promise.resolve({
        name: 'SQLite',
        address: () => ({ name: 'SQLite' as const, path: path() }),
        upstream: sqliteUpstream(() => openSqlite(path()), { description: 'SQLite', ...options }),
        client() {
          const connection = openSqlite(path())
          // Clients of one process must not wait for each other inside SQLite.
          connection.pragma('busy_timeout = 0')
          return Promise.resolve({
            async sql(statement: string) {
              // Others get their turn, as they would beside a server.
              await new Promise(resolve => {
                setImmediate(resolve)
              })
              if (/^\s*(select|with)\b/i.test(statement)) {
                return connection.prepare(statement).all() as Record<string, unknown>[]
              }
              connection.exec(statement)
              return []
            },
            end: () => Promise.resolve(connection.close()),
          })
        },
        blob: (hex: string) => `x'${hex}'`,
        upsert: (dataset: string, id: string, content: string | null, hex: string | null) =>
          `INSERT INTO shadow_vec_docs (dataset_id, id, content, embedding) VALUES (${text(dataset)}, ${text(id)}, ${text(content)}, ${hex === null ? 'NULL' : `x'${hex}'`}) ON CONFLICT (dataset_id, id) DO UPDATE SET content = excluded.content, embedding = excluded.embedding`,
        fresh: () => {
          generation++
          return Promise.resolve()
        },
        cut: () => Promise.resolve(),
        restart: undefined,
        kill: undefined,
        start: undefined,
        remove: () => Promise.resolve(),
      })
    },
  },
]

/** Writing to one MariaDB server. */
export function mariadbWriting(connect: () => Promise<Connection>): WritableUpstream {
  return {
    async client() {
      const connection = await connect()
      connection.on('error', () => undefined)
      return {
        async sql(statement) {
          const [rows] = await connection.query(statement)
          return rows as Record<string, unknown>[]
        },
        end: () => connection.end(),
      }
    },
    blob: hex => `x'${hex}'`,
    upsert: (dataset, id, content, hex) =>
      `INSERT INTO shadow_vec_docs (dataset_id, id, content, embedding) VALUES (${text(dataset)}, ${text(id)}, ${text(content)}, ${hex === null ? 'NULL' : `x'${hex}'`}) ON DUPLICATE KEY UPDATE content = VALUES(content), embedding = VALUES(embedding)`,
  }
}
