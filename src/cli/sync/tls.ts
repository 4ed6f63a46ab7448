import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { checkServerIdentity, createSecureContext, type PeerCertificate } from 'node:tls'
import { CliError, usageError } from '../cli-error.ts'
import type { SettingRank } from './config-file.ts'
import { readText } from './read-text.ts'
import type { SslMode } from './settings.ts'
import { TLS_KEYS, type TlsKey } from './tls-parameters.ts'
import type { UpstreamAddress } from './upstream-address.ts'

/** The TLS settings for a server, with paths that are not read yet. Undefined if none are configured. */
export interface TlsSettings {
  readonly mode: SslMode
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
  /** Where a file was named, for messages. */
  readonly origin: (key: TlsKey) => string
}

/** Takes each setting from the first rank that has it. */
export function tlsSettings(
  ranks: readonly SettingRank[],
  address: UpstreamAddress,
): TlsSettings | undefined {
  const found = new Map<TlsKey, { value: string; origin: string }>()
  for (const rank of ranks) {
    for (const key of TLS_KEYS) {
      const told = rank.filter(({ values }) => values.has(key))
      if (told.length > 1) {
        const origins = told.map(level => level.origin(key)).join(' and ')
        throw usageError(`${origins} set the same thing`, 'set it once')
      }
      const [level] = told
      if (level === undefined || found.has(key)) continue
      found.set(key, { value: String(level.values.get(key)), origin: level.origin(key) })
    }
  }
  if (found.size === 0) return undefined
  const origin = (key: TlsKey): string => found.get(key)?.origin ?? key
  if (address.database === 'sqlite') {
    const [[key]] = found
    throw usageError(
      `${origin(key)} applies to mysql:// and postgres://; a SQLite file is opened without TLS`,
    )
  }
  if (address.driverTls !== undefined) {
    throw usageError(
      `the upstream's URL has ssl=, and ${origin(TLS_KEYS.find(key => found.has(key))!)} sets the same thing`,
      'set it once',
    )
  }
  const value = (key: TlsKey): string | undefined => found.get(key)?.value
  const mode = (value('sslMode') ?? 'verify-full') as SslMode
  const settings = {
    mode,
    ca: value('sslCa'),
    cert: value('sslCert'),
    key: value('sslKey'),
    origin,
  }
  checkSettings(settings, address)
  return settings
}

function checkSettings(settings: TlsSettings, address: UpstreamAddress): void {
  const { mode, ca, cert, key, origin } = settings
  if ((cert === undefined) !== (key === undefined)) {
    throw usageError(
      cert === undefined
        ? `${origin('sslKey')} is set without --ssl-cert, the certificate it belongs to`
        : `${origin('sslCert')} is set without --ssl-key, the key it belongs to`,
    )
  }
  if (mode === 'off' && (ca ?? cert) !== undefined) {
    const named = ca === undefined ? 'sslCert' : 'sslCa'
    throw usageError(`${origin(named)} names a file that ${origin('sslMode')} off would not use`)
  }
  if (mode === 'require' && ca !== undefined) {
    throw usageError(
      `${origin('sslCa')} names a CA that ${origin('sslMode')} require would not check`,
      'use verify-full or verify-ca',
    )
  }
  if (mode === 'verify-full' && address.database === 'mysql' && isIP(address.host) !== 0) {
    throw usageError(
      `mysql2 cannot check whether a certificate is for an IP address (${address.host})`,
      'connect by a name in the certificate, or check only its CA with --ssl-mode verify-ca',
    )
  }
}

/** The options for Node's TLS. */
export interface TlsOptions {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly rejectUnauthorized: boolean
  readonly checkServerIdentity: (name: string, certificate: PeerCertificate) => Error | undefined
}

/** Reads the files, and reports their faults before a server is contacted. Undefined: no TLS. */
export function tlsOptions(settings: TlsSettings, host: string): TlsOptions | undefined {
  const { mode, origin } = settings
  if (mode === 'off') return undefined
  const files: { ca?: string; cert?: string; key?: string } = {}
  for (const [key, name] of [
    ['sslCa', 'ca'],
    ['sslCert', 'cert'],
    ['sslKey', 'key'],
  ] as const) {
    const path = settings[name]
    if (path === undefined) continue
    const text = readText(path, `${origin(key)}: ${path}`)
    if (!text.includes('-----BEGIN ')) {
      throw new CliError('CLI_FILE', `${origin(key)}: ${path} is not in PEM form`, {
        hint: 'it begins with -----BEGIN; openssl x509 -inform der -in file -out file.pem converts a certificate',
      })
    }
    files[name] = text
  }
  try {
    // Node skips an authority that it cannot read, and then trusts no authority.
    checkDates(files.ca, origin('sslCa'))
    checkDates(files.cert, origin('sslCert'))
    createSecureContext(files)
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    throw new CliError('CLI_FILE', `the TLS files cannot be used: ${(cause as Error).message}`, {
      hint: 'the certificate and the key must belong together, and the key must not need a passphrase',
      cause,
    })
  }
  return {
    ...files,
    rejectUnauthorized: mode !== 'require',
    // Drivers do not always tell Node which host they meant.
    checkServerIdentity: (_, certificate) =>
      mode === 'verify-full' ? checkServerIdentity(host, certificate) : undefined,
  }
}

function checkDates(text: string | undefined, origin: string): void {
  if (text === undefined) return
  const { validTo } = new X509Certificate(text)
  if (Date.parse(validTo) > Date.now()) return
  throw new CliError('CLI_FILE', `${origin}: this certificate has expired, on ${validTo}`, {
    hint: "renew it, or correct this machine's clock",
  })
}

/** A warning for users whose documents, or password, travel unencrypted; undefined otherwise. */
export function plainWarning(
  address: UpstreamAddress,
  settings: TlsSettings | undefined,
  env: NodeJS.ProcessEnv = process.env,
): string | undefined {
  const { database, host, driverTls, description } = address
  if (database === 'sqlite' || isLocal(host)) return undefined
  if (settings !== undefined && settings.mode !== 'off') return undefined
  if (settings === undefined && driverTls === true) return undefined
  const pgMode = env['PGSSLMODE'] ?? ''
  const byEnvironment =
    database === 'postgres' && !['', 'disable', 'allow', 'prefer'].includes(pgMode)
  if (settings === undefined && driverTls === undefined && byEnvironment) return undefined
  return `the connection to ${description} is not encrypted, and the identity of the server is not checked: use --ssl-mode verify-full with --ssl-ca`
}

function isLocal(host: string): boolean {
  return (
    host === '' ||
    host.startsWith('/') ||
    /^(.+\.)?localhost$/i.test(host) ||
    /^127\.\d+\.\d+\.\d+$/.test(host) ||
    host === '::1'
  )
}
