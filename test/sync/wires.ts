import { createConnection } from 'mysql2/promise'
import pg from 'pg'
import { mysqlUpstream, postgresUpstream, type Upstream } from '../../src/entries/vecsync.ts'
import { mariadbMissing, startMariadb, type MariadbServer } from '../servers/mariadb.ts'
import { postgresMissing, startPostgres, type PostgresServer } from '../servers/postgres.ts'
import { startProxy, type Proxy } from '../servers/proxy.ts'

/** A server, reached straight and through a proxy. */
export interface Wire {
  readonly server: MariadbServer | PostgresServer
  readonly direct: Upstream
  readonly proxied: Upstream
  readonly proxy: Proxy
}

/** Milliseconds that a statement through the proxy may take. */
export const DEADLINE = 500

const host = '127.0.0.1'

const mariadbAt = (port: number, deadline: number): Upstream =>
  mysqlUpstream(() => createConnection({ host, port, user: 'root', database: 'test' }), {
    deadline,
  })

const postgresAt = (port: number, deadline: number): Upstream =>
  postgresUpstream(() => new pg.Client({ host, port, user: 'test', database: 'postgres' }), {
    deadline,
  })

async function wireTo(
  server: MariadbServer | PostgresServer,
  at: (port: number, deadline: number) => Upstream,
): Promise<Wire> {
  const proxy = await startProxy(server.port)
  return { server, proxy, direct: at(server.port, 30_000), proxied: at(proxy.port, DEADLINE) }
}

export const wires: { name: string; missing: string | undefined; make: () => Promise<Wire> }[] = [
  {
    name: 'MariaDB',
    missing: mariadbMissing,
    make: async () => wireTo(await startMariadb(), mariadbAt),
  },
  {
    name: 'PostgreSQL',
    missing: postgresMissing,
    make: async () => wireTo(await startPostgres(), postgresAt),
  },
]
