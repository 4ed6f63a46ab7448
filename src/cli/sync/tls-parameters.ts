import { usageError } from '../cli-error.ts'
import { SSL_MODES, type SslMode } from './settings.ts'

export const TLS_KEYS = ['sslMode', 'sslCa', 'sslCert', 'sslKey'] as const

export type TlsKey = (typeof TLS_KEYS)[number]

/** The parameters of libpq and of MySQL's own clients. */
const TLS_PARAMETERS: ReadonlyMap<string, TlsKey> = new Map([
  ['sslmode', 'sslMode'],
  ['ssl-mode', 'sslMode'],
  ['sslrootcert', 'sslCa'],
  ['ssl-ca', 'sslCa'],
  ['sslcert', 'sslCert'],
  ['ssl-cert', 'sslCert'],
  ['sslkey', 'sslKey'],
  ['ssl-key', 'sslKey'],
])

const MODES: ReadonlyMap<string, SslMode> = new Map<string, SslMode>([
  ...SSL_MODES.map(mode => [mode, mode] as const),
  ['disable', 'off'],
  ['disabled', 'off'],
  ['no-verify', 'require'],
  ['required', 'require'],
  ['verify_ca', 'verify-ca'],
  ['verify_identity', 'verify-full'],
])

/** Removes the TLS parameters from the URL: drivers interpret them differently, or not at all. */
export function tlsParameters(url: URL, origin: string): [TlsKey, string][] {
  const found = new Map<TlsKey, string>()
  for (const [name, key] of TLS_PARAMETERS) {
    const values = url.searchParams.getAll(name)
    if (values.length === 0) continue
    url.searchParams.delete(name)
    if (values.length > 1 || found.has(key)) {
      throw usageError(`${origin} sets ${name} more than once`, 'set it once')
    }
    const [value] = values
    const mode = key === 'sslMode' ? MODES.get(value.toLowerCase()) : value
    if (mode === undefined || mode === '') {
      throw usageError(
        `${name} in ${origin} must be one of ${SSL_MODES.join(', ')}, not ${JSON.stringify(value)}`,
        /^(allow|prefer|preferred)$/i.test(value)
          ? 'it would fall back to an unencrypted connection if the server, or a proxy, does not offer TLS'
          : undefined,
      )
    }
    found.set(key, mode)
  }
  return [...found]
}

/** Relative paths in a URL of a configuration file start at its folder, like its other paths. */
export function withAbsoluteFiles(text: string, absolute: (path: string) => string): string {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return text
  }
  let changed = false
  for (const [name, key] of TLS_PARAMETERS) {
    const path = url.searchParams.get(name)
    if (key === 'sslMode' || path === null || path === '') continue
    url.searchParams.set(name, absolute(path))
    changed = true
  }
  return changed ? url.href : text
}
