import { nearest } from '../../core/suggest.ts'
import type { Database } from '../../entries/vecsync.ts'
import { usageError } from '../cli-error.ts'
import type { SettingKey } from './settings.ts'
import { tlsParameters } from './tls-parameters.ts'

/** The address of an upstream, without its password. */
export interface UpstreamAddress {
  readonly database: Database
  /** A URL without a password, or a path. */
  readonly target: string
  /** For messages: without password and parameters. */
  readonly description: string
  readonly password?: string | undefined
  /** The password and the TLS settings in the URL. */
  readonly told: ReadonlyMap<SettingKey, string>
  /** A name, an address, or the path of a socket; '' for the driver's default. */
  readonly host: string
  /** Whether the driver's own `ssl` parameter turns TLS on; undefined where it is absent. */
  readonly driverTls: boolean | undefined
}

const SCHEMES: Readonly<Record<string, Database>> = {
  mysql: 'mysql',
  mariadb: 'mysql',
  postgres: 'postgres',
  postgresql: 'postgres',
  sqlite: 'sqlite',
}

const PASSWORD_PARAMETERS = ['password', 'passwd', 'pwd', 'pass']

/** Parses a URL or a path. An error does not repeat the text, which may contain a password. */
export function upstreamAddress(text: string, origin: string): UpstreamAddress {
  // A single letter is a Windows drive.
  const [, scheme] = text.match(/^([a-z][a-z0-9+.-]+):/i) ?? []
  if (scheme === undefined) return sqliteAddress(text, origin)
  const database = SCHEMES[scheme.toLowerCase()]
  if (database === undefined) {
    const meant = nearest(scheme, Object.keys(SCHEMES))
    throw usageError(
      `${origin} begins with ${scheme}:, which svec does not support${meant === undefined ? '' : `: did you mean ${meant}:?`}`,
      'expected mysql://, mariadb://, postgres://, postgresql:// or sqlite:',
    )
  }
  if (database === 'sqlite') {
    return sqliteAddress(text.slice('sqlite:'.length).replace(/^\/\//, ''), origin)
  }
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw usageError(
      `${origin} is not a valid URL`,
      `expected ${example(database)}; write characters like # / @ in a user name as %23 %2F %40, and pass the password separately`,
    )
  }
  if (url.pathname.length < 2 && !url.searchParams.has('database')) {
    throw usageError(`${origin} does not name a database`, `expected ${example(database)}`)
  }
  let password = url.password === '' ? undefined : decoded(url.password, origin)
  url.password = ''
  for (const name of PASSWORD_PARAMETERS) {
    password ??= url.searchParams.get(name) ?? undefined
    url.searchParams.delete(name)
  }
  const told = new Map<SettingKey, string>(tlsParameters(url, origin))
  if (password !== undefined) told.set('password', password)
  const ssl = url.searchParams.get('ssl')
  const user = url.username === '' ? '' : `${url.username}@`
  const socket = url.searchParams.get('socketPath') ?? url.searchParams.get('host')
  return {
    database,
    target: url.href,
    description: `${url.protocol}//${user}${url.host}${url.pathname}`,
    told,
    host: socket ?? url.hostname.replace(/^\[(.*)\]$/, '$1'),
    driverTls: ssl === null ? undefined : !['false', '0', ''].includes(ssl),
  }
}

/** Whether a URL contains a secret that must not be on the command line, which every user of the machine can read. */
export function carriesSecret(text: string): boolean {
  return (
    /^[a-z][a-z0-9+.-]+:\/\/[^\s/?#@]*:[^\s]+@/i.test(text) ||
    /[?&][^=&]*(pass|pwd|secret|token)[^=&]*=/i.test(text) ||
    /passphrase/i.test(text)
  )
}

function sqliteAddress(path: string, origin: string): UpstreamAddress {
  if (path === '' || path === ':memory:') {
    throw usageError(`${origin} does not name a file`, 'expected sqlite:path/to/upstream.db')
  }
  return {
    database: 'sqlite',
    target: path,
    description: path,
    told: new Map(),
    host: '',
    driverTls: undefined,
  }
}

function decoded(text: string, origin: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw usageError(
      `the password in ${origin} has a % that is not part of an escape`,
      'write %25 for %, or pass the password separately',
    )
  }
}

const example = (database: Database): string =>
  database === 'mysql' ? 'mysql://user@host:3306/database' : 'postgres://user@host:5432/database'
