import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { accountOf, found, privateDirectory, removeDirectory } from './process.ts'

/** Why tests of TLS are left out; undefined when they run. */
export const opensslMissing: string | undefined =
  found('/usr/bin/openssl', '/usr/local/bin/openssl', '/opt/homebrew/bin/openssl') === undefined
    ? 'openssl is not installed'
    : undefined

/** Authorities, and what they signed; PEM files in a folder of their own. */
export interface Certificates {
  readonly ca: string
  readonly otherCa: string
  /** For localhost and 127.0.0.1. */
  readonly server: KeyPair
  readonly expired: KeyPair
  /** For db.example. */
  readonly elsewhere: KeyPair
  /** For the user 'app'. */
  readonly client: KeyPair
  remove(): void
}

export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** `user` runs the server that reads them. */
export function makeCertificates(user: string): Certificates {
  const account = accountOf(user)
  const folder = privateDirectory('tls', account)
  const file = (name: string): string => join(folder, name)
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', [...args], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  }
  const authority = (name: string): string => {
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '30',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
    )
    return file(`${name}.pem`)
  }
  const signed = (name: string, subject: string, names: string, days: string): KeyPair => {
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      `/CN=${subject}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    )
    writeFileSync(file(`${name}.ext`), `subjectAltName=${names}\n`)
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      days,
      '-extfile',
      `${name}.ext`,
      '-out',
      `${name}.pem`,
    )
    return { cert: file(`${name}.pem`), key: file(`${name}.key`) }
  }
  const made = {
    ca: authority('ca'),
    otherCa: authority('other'),
    server: signed('server', 'localhost', 'DNS:localhost,IP:127.0.0.1', '30'),
    expired: signed('expired', 'localhost', 'DNS:localhost,IP:127.0.0.1', '-1'),
    elsewhere: signed('elsewhere', 'db.example', 'DNS:db.example', '30'),
    client: signed('client', 'app', 'DNS:app', '30'),
    remove: () => removeDirectory(folder),
  }
  for (const name of readdirSync(folder)) {
    // PostgreSQL refuses a key that others may read.
    chmodSync(file(name), name.endsWith('.key') ? 0o600 : 0o644)
    if (account !== undefined) chownSync(file(name), account.uid, account.gid)
  }
  return made
}
