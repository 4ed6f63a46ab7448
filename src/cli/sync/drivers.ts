import { createRequire } from 'node:module'
import type { ClientConfig } from 'pg'
import { readDatabaseHeader } from '../../entries/engine.ts'
import { open } from '../../entries/main.ts'
import {
  mysqlUpstream,
  postgresUpstream,
  sqliteUpstream,
  type SqliteConnection,
  type Upstream,
} from '../../entries/vecsync.ts'
import { loadPackage } from '../load-package.ts'
import type { SyncConfig } from './config.ts'
import { tlsOptions } from './tls.ts'

/** Milliseconds for connecting: a command that should end must not wait longer for a server that never answers. */
const CONNECTING = 10_000

/** Opens the configured upstream through the driver of its database, which is loaded only here. */
export async function openUpstream(config: SyncConfig, create = false): Promise<Upstream> {
  const address = config.upstream()
  const { deadline } = config
  const settings = config.tls(address)
  const tls = settings === undefined ? undefined : tlsOptions(settings, address.host)
  const options = { deadline, description: address.description }
  const connecting = Math.min(deadline, CONNECTING)
  const secret = address.password === undefined ? {} : { password: address.password }
  switch (address.database) {
    case 'mysql': {
      const { createConnection } = await loadPackage(
        'driver',
        'mysql2',
        () => import('mysql2/promise'),
      )
      const ssl = tls && { ...tls, verifyIdentity: settings?.mode === 'verify-full' }
      const given = {
        uri: address.target,
        connectTimeout: connecting,
        ...secret,
        ...(ssl && { ssl }),
      }
      return mysqlUpstream(() => createConnection(given), options)
    }
    case 'postgres': {
      const { default: pg } = await loadPackage('driver', 'pg', () => import('pg'))
      const given = {
        connectionTimeoutMillis: connecting,
        application_name: 'svec sync',
        keepAlive: true,
        ...parsedByPg(address.target),
        ...secret,
        ...(settings && { ssl: tls === undefined ? false : { ...tls } }),
      }
      return postgresUpstream(() => new pg.Client(given), options)
    }
    case 'sqlite':
      return sqliteUpstream(await sqliteOpener(address.target, create), options)
  }
}

/** Parses a URL as pg does, with the parser that pg includes. */
function parsedByPg(url: string): ClientConfig {
  const fromPg = createRequire(createRequire(import.meta.url).resolve('pg'))
  const { parse } = fromPg('pg-connection-string') as { parse: (url: string) => ClientConfig }
  return parse(url)
}

/**
 * Uses this package's engine, or a native driver for a file in WAL mode, which the engine could only use exclusively.
 */
async function sqliteOpener(
  path: string,
  create: boolean,
): Promise<() => SqliteConnection | Promise<SqliteConnection>> {
  if (!(await isWal(path))) return () => open(path, { register: false, create })
  const native = await nodeSqlite()
  if (native !== undefined) return () => native(path)
  const name = 'better-sqlite3'
  const { default: Database } = await loadPackage(
    'driver',
    name,
    () => import(name) as Promise<BetterSqlite3>,
  )
  return () => new Database(path, { fileMustExist: true })
}

interface BetterSqlite3 {
  readonly default: new (path: string, options: object) => SqliteConnection
}

async function nodeSqlite(): Promise<((path: string) => SqliteConnection) | undefined> {
  const name = 'node:sqlite'
  try {
    const { DatabaseSync } = (await import(name)) as {
      DatabaseSync: new (path: string, options: object) => SqliteConnection
    }
    return path => new DatabaseSync(path, { timeout: 5000 })
  } catch {
    return undefined
  }
}

async function isWal(path: string): Promise<boolean> {
  try {
    const header = await readDatabaseHeader(path)
    return typeof header === 'object' && header.journalMode === 'wal'
  } catch {
    // Opening the file will report why it cannot be read.
    return false
  }
}
