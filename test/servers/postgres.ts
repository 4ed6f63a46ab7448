import { readdirSync } from 'node:fs'
import pg from 'pg'
import {
  accountOf,
  found,
  freePort,
  privateDirectory,
  removeDirectory,
  runToEnd,
  ServerProcess,
  type TestServer,
} from './process.ts'

const BIN = newestBin()

/** Why tests against PostgreSQL are left out; undefined when they run. */
export const postgresMissing: string | undefined =
  BIN === undefined ? 'PostgreSQL is not installed (apt-get install postgresql-15)' : undefined

export interface PostgresServer extends TestServer {
  client(options?: object): pg.Client
}

export async function startPostgres(): Promise<PostgresServer> {
  const account = accountOf('postgres')
  const directory = privateDirectory('postgres', account)
  const port = await freePort()
  runToEnd(
    `${BIN}/initdb`,
    [
      '-D',
      `${directory}/data`,
      '-U',
      'test',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--no-locale',
      '--no-sync',
    ],
    account,
    directory,
  )
  const process = new ServerProcess(
    `${BIN}/postgres`,
    [
      ['-D', `${directory}/data`, '-p', String(port)],
      ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${directory}`],
      // Chaos tests deadlock on purpose; a second each would be all they do.
      ['-c', 'fsync=off', '-c', 'deadlock_timeout=20ms'],
    ].flat(),
    account,
    directory,
  )
  const client = (options: object = {}): pg.Client =>
    new pg.Client({ host: '127.0.0.1', port, user: 'test', database: 'postgres', ...options })
  const ready = async (): Promise<boolean> => {
    const attempt = client()
    attempt.on('error', () => undefined)
    try {
      await attempt.connect()
      const { rows } = await attempt.query<{ data_directory: string }>('SHOW data_directory')
      await attempt.end()
      return rows[0].data_directory.startsWith(directory)
    } catch {
      return false
    }
  }
  const server: PostgresServer = {
    port,
    directory,
    client,
    start: () => process.start(ready),
    stop: () => process.end('SIGINT'),
    // The whole server, not its postmaster alone: an immediate shutdown is its crash.
    kill: () => process.end('SIGQUIT'),
    async remove() {
      await process.end('SIGQUIT')
      removeDirectory(directory)
    },
  }
  await server.start()
  return server
}

function newestBin(): string | undefined {
  const root = '/usr/lib/postgresql'
  if (found(root) === undefined) return undefined
  const versions = readdirSync(root).toSorted((a, b) => Number(b) - Number(a))
  return versions.map(version => `${root}/${version}/bin`).find(bin => found(`${bin}/initdb`))
}
