import { resolve } from 'node:path'
import { shadowTableDDL, syncNames, type DatasetOptions } from '../../entries/vecsync.ts'
import { usageError } from '../cli-error.ts'
import type { Flags } from '../flags.ts'
import { configFile, type SettingLevel, type SettingRank } from './config-file.ts'
import { configPath, environmentSettings } from './environment.ts'
import { flagSettings } from './flag-settings.ts'
import { passwordOf } from './password.ts'
import { present } from './present.ts'
import { Secrets } from './secrets.ts'
import type { SettingKey, SettingValue, SyncSettings } from './settings.ts'
import { plainWarning, tlsSettings, type TlsSettings } from './tls.ts'
import { upstreamAddress, type UpstreamAddress } from './upstream-address.ts'

/** The settings of a sync command. Flags take precedence over the environment, the environment over the file. */
export class SyncConfig {
  readonly settings: SyncSettings
  readonly secrets: Secrets = new Secrets()
  readonly #levels: readonly SettingLevel[]
  readonly #env: NodeJS.ProcessEnv
  #address: UpstreamAddress | undefined

  constructor(flags: Flags, env: NodeJS.ProcessEnv = process.env) {
    this.#env = env
    const file = flags.text('config') ?? configPath(env)
    this.#levels = [
      flagSettings(flags),
      environmentSettings(env),
      ...(file === undefined ? [] : [configFile(resolve(file))]),
    ]
    const merged = new Map<SettingKey, SettingValue>()
    for (const { values } of this.#levels.toReversed()) {
      for (const [key, value] of values) merged.set(key, value)
      const password = values.get('password')
      if (typeof password === 'string') this.secrets.add(password)
    }
    // Keys and types were checked one by one.
    this.settings = Object.fromEntries(merged)
    this.#check()
  }

  /** Where a setting was given, for messages. */
  origin(key: SettingKey): string {
    return this.#levels.find(({ values }) => values.has(key))?.origin(key) ?? key
  }

  has(key: SettingKey): boolean {
    return this.settings[key] !== undefined
  }

  /** The address of the upstream, with its password separate. */
  upstream(): UpstreamAddress {
    return (this.#address ??= this.#readAddress())
  }

  #readAddress(): UpstreamAddress {
    const { upstream } = this.settings
    if (upstream === undefined) {
      throw usageError(
        'the upstream is missing',
        'name it with --upstream mysql://user@host/database, SVEC_SYNC_UPSTREAM, or "upstream" in a --config file',
      )
    }
    const address = upstreamAddress(upstream, this.origin('upstream'))
    this.secrets.add(address.told.get('password'))
    const password =
      address.database === 'sqlite' ? undefined : passwordOf(this.#ranks(address), this.#env)
    this.secrets.add(password)
    return { ...address, password }
  }

  /** The TLS settings for the upstream's server; undefined if none are configured. */
  tls(address: UpstreamAddress): TlsSettings | undefined {
    return tlsSettings(this.#ranks(address), address)
  }

  /**
   * The levels in order of precedence. The settings in the upstream's URL count at the level of the URL: a file cannot
   * remove what the URL of a flag requests.
   */
  #ranks({ told }: UpstreamAddress): SettingRank[] {
    const first = this.#levels.find(({ values }) => values.has('upstream'))
    return this.#levels.map(level => {
      if (level !== first) return [level]
      const origin = (): string => `the URL of ${level.origin('upstream')}`
      return [level, { values: told, origin }]
    })
  }

  /** A warning for users whose documents travel unencrypted. */
  plainWarning(): string | undefined {
    const address = this.upstream()
    return plainWarning(address, this.tls(address), this.#env)
  }

  /** Milliseconds that a statement, or connecting, may take. */
  get deadline(): number {
    return (this.settings.deadline ?? 30) * 1000
  }

  /** The names in the upstream, for the library's functions. */
  get names(): DatasetOptions {
    const { shadowTable, prefix } = this.settings
    return present({ shadowTable, prefix })
  }

  replicaFile(): string {
    const { replica } = this.settings
    if (replica === undefined) {
      throw usageError(
        'the replica is missing',
        'name its file with --replica, SVEC_SYNC_REPLICA, or "replica" in a --config file',
      )
    }
    if (/^[a-z][a-z0-9+.-]+:\/\//i.test(replica)) {
      throw usageError(
        `${this.origin('replica')} is a URL, but a replica is a SQLite file`,
        'pass the database to replicate from as --upstream',
      )
    }
    return replica
  }

  #check(): void {
    const { prefix, shadowTable, replicaTable, table, profile } = this.settings
    this.#name('prefix', prefix, name => syncNames(name))
    this.#name('shadowTable', shadowTable, shadowTableDDL)
    this.#name('replicaTable', replicaTable, shadowTableDDL)
    this.#name('table', table, shadowTableDDL)
    if (replicaTable !== undefined && table !== undefined) {
      throw usageError(
        `${this.origin('table')} and ${this.origin('replicaTable')} exclude each other`,
        'table names a vec table, which is filled through its shadow table; replicaTable names a plain table',
      )
    }
    for (const key of ['legacyLogName', 'allocatedInTransaction'] as const) {
      if (this.has(key) && profile !== 'legacy') {
        throw usageError(`${this.origin(key)} applies only to --profile legacy`)
      }
    }
  }

  /** Applies the library's rules for names. The error says where the name was given. */
  #name(key: SettingKey, name: string | undefined, use: (name: string) => unknown): void {
    if (name === undefined) return
    try {
      use(name)
    } catch (error) {
      throw usageError(`${this.origin(key)}: ${(error as Error).message}`)
    }
  }
}
