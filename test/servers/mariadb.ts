import { createConnection } from 'mysql2/promise'
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

const SERVER = found('/usr/sbin/mariadbd', '/usr/local/bin/mariadbd', '/usr/bin/mariadbd')
const INSTALL = found('/usr/bin/mariadb-install-db', '/usr/local/bin/mariadb-install-db')

/** Why tests against MariaDB are left out; undefined when they run. */
export const mariadbMissing: string | undefined =
  SERVER === undefined || INSTALL === undefined
    ? 'MariaDB is not installed (apt-get install mariadb-server)'
    : undefined

export interface MariadbOptions {
  readonly args?: readonly string[]
  readonly extra?: (port: number, directory: string) => Promise<readonly string[]>
}

export interface MariadbServer extends TestServer {
  start(more?: readonly string[]): Promise<void>
  connect(options?: object): ReturnType<typeof createConnection>
}

export async function makeMariadb(options: MariadbOptions = {}): Promise<MariadbServer> {
  const account = accountOf('mysql')
  const directory = privateDirectory('mariadb', account)
  const port = await freePort()
  runToEnd(
    INSTALL!,
    [
      '--no-defaults',
      `--datadir=${directory}/data`,
      // A server clears the folder of temporary tables as it starts: others' are in the same one otherwise.
      `--tmpdir=${directory}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
    ],
    account,
    directory,
  )
  const process = new ServerProcess(
    SERVER!,
    [
      '--no-defaults',
      `--datadir=${directory}/data`,
      `--tmpdir=${directory}`,
      `--socket=${directory}/s`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--pid-file=${directory}/pid`,
      `--log-error=${directory}/err`,
      '--innodb-buffer-pool-size=64M',
      // What a process wrote survives its end; only the machine's would lose it.
      '--innodb-flush-log-at-trx-commit=2',
      ...(options.args ?? ['--skip-log-bin']),
    ],
    account,
    directory,
    `${directory}/err`,
  )
  const connect = (more: object = {}): ReturnType<typeof createConnection> =>
    createConnection({ host: '127.0.0.1', port, user: 'root', ...more })
  const ready = async (): Promise<boolean> => {
    try {
      const connection = await connect({ connectTimeout: 1000 })
      const [rows] = await connection.query('SELECT @@datadir AS place')
      const [{ place }] = rows as { place: string }[]
      if (place.startsWith(directory)) await connection.query('CREATE DATABASE IF NOT EXISTS test')
      await connection.end()
      return place.startsWith(directory)
    } catch {
      return false
    }
  }
  return {
    port,
    directory,
    connect: (more = {}) => connect({ database: 'test', ...more }),
    start: more => process.start(ready, more),
    stop: () => process.end('SIGTERM'),
    kill: () => process.end('SIGKILL'),
    async remove() {
      await process.end('SIGKILL')
      removeDirectory(directory)
    },
  }
}

export async function startMariadb(options: MariadbOptions = {}): Promise<MariadbServer> {
  const server = await makeMariadb(options)
  await server.start()
  return server
}
