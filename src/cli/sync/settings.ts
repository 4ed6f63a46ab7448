import type { RebootstrapCode } from '../../entries/vecsync.ts'

/** What can be said in a configuration file, in the environment and by flags, under one name. */
export interface SyncSettings {
  readonly upstream?: string
  readonly password?: string
  readonly passwordFile?: string
  readonly passwordEnv?: string
  readonly sslMode?: SslMode
  readonly sslCa?: string
  readonly sslCert?: string
  readonly sslKey?: string
  readonly shadowTable?: string
  readonly prefix?: string
  readonly deadline?: number
  readonly capture?: 'trigger' | 'app'
  readonly replica?: string
  readonly table?: string
  readonly replicaTable?: string
  readonly datasets?: readonly string[]
  readonly replicaId?: string
  readonly batchSize?: number
  readonly byteBudget?: number
  readonly poison?: 'stop' | 'dead-letter'
  readonly model?: 'warn' | 'stop' | 'ignore'
  readonly autoRebootstrap?: readonly RebootstrapCode[]
  readonly profile?: 'v2' | 'legacy'
  readonly legacyLogName?: string
  readonly allocatedInTransaction?: boolean
  readonly interval?: number
  readonly metricsPort?: number
  readonly metricsHost?: string
  readonly minAge?: number
  readonly maxSilence?: number
}

/** PostgreSQL's words; `off` is its `disable`. */
export type SslMode = 'verify-full' | 'verify-ca' | 'require' | 'off'

export const SSL_MODES: readonly SslMode[] = ['verify-full', 'verify-ca', 'require', 'off']

export type SettingKey = keyof SyncSettings

export type SettingValue = string | number | boolean | readonly string[]

/** Which commands a setting concerns; a file may hold all of them. */
export type SettingGroup = 'upstream' | 'install' | 'replica' | 'apply' | 'run' | 'prune'

export interface Setting {
  readonly key: SettingKey
  readonly kind: 'text' | 'secret' | 'path' | 'integer' | 'seconds' | 'choice' | 'list' | 'switch'
  readonly group: SettingGroup
  /** Without dashes; none for what must not stand in a command line. */
  readonly flag?: string
  readonly short?: string
  /** What stands for its value in --help. */
  readonly value?: string
  readonly description: string
  readonly min?: number
  readonly max?: number
  readonly choices?: readonly string[]
}

const REBOOTSTRAP_CODES: readonly RebootstrapCode[] = [
  'LOG_PRUNED',
  'EPOCH_CHANGED',
  'UPSTREAM_REWOUND',
  'HISTORY_DIVERGED',
  'LOG_GAP',
]

export const SETTINGS: readonly Setting[] = [
  {
    key: 'upstream',
    kind: 'text',
    group: 'upstream',
    flag: 'upstream',
    short: 'u',
    value: 'url',
    description: 'mysql://user@host/database, postgres://user@host/database, or sqlite:file',
  },
  {
    key: 'password',
    kind: 'secret',
    group: 'upstream',
    description: "the upstream's password; in a file or the environment only",
  },
  {
    key: 'passwordFile',
    kind: 'path',
    group: 'upstream',
    flag: 'password-file',
    value: 'file',
    description: "a file with the upstream's password",
  },
  {
    key: 'passwordEnv',
    kind: 'text',
    group: 'upstream',
    flag: 'password-env',
    value: 'name',
    description: "the environment variable with the upstream's password (SVEC_SYNC_PASSWORD)",
  },
  {
    key: 'sslMode',
    kind: 'choice',
    group: 'upstream',
    flag: 'ssl-mode',
    value: 'mode',
    choices: SSL_MODES,
    description: 'TLS: verify-full, verify-ca (any host name), require (no checks), or off',
  },
  {
    key: 'sslCa',
    kind: 'path',
    group: 'upstream',
    flag: 'ssl-ca',
    value: 'file',
    description: "the authority of the server's certificate, PEM; alone it means verify-full",
  },
  {
    key: 'sslCert',
    kind: 'path',
    group: 'upstream',
    flag: 'ssl-cert',
    value: 'file',
    description: "this client's certificate, PEM, where the server asks for one",
  },
  {
    key: 'sslKey',
    kind: 'path',
    group: 'upstream',
    flag: 'ssl-key',
    value: 'file',
    description: "the key of this client's certificate, PEM",
  },
  {
    key: 'shadowTable',
    kind: 'text',
    group: 'upstream',
    flag: 'shadow-table',
    value: 'name',
    description: "the upstream's table of documents (shadow_vec_docs)",
  },
  {
    key: 'prefix',
    kind: 'text',
    group: 'upstream',
    flag: 'prefix',
    value: 'text',
    description: "what names of replication's own tables begin with (vec_)",
  },
  {
    key: 'deadline',
    kind: 'seconds',
    group: 'upstream',
    flag: 'deadline',
    value: 'seconds',
    min: 0.1,
    max: 86_400,
    description: 'the longest wait for an answer of the upstream (30)',
  },
  {
    key: 'capture',
    kind: 'choice',
    group: 'install',
    flag: 'capture',
    value: 'how',
    choices: ['trigger', 'app'],
    description: 'who writes the log: trigger (default), or app, where triggers are not allowed',
  },
  {
    key: 'replica',
    kind: 'path',
    group: 'replica',
    flag: 'replica',
    short: 'r',
    value: 'file',
    description: 'the SQLite file that follows',
  },
  {
    key: 'table',
    kind: 'text',
    group: 'replica',
    flag: 'table',
    short: 't',
    value: 'name',
    description: "the replica's vec table (docs)",
  },
  {
    key: 'replicaTable',
    kind: 'text',
    group: 'replica',
    flag: 'replica-table',
    value: 'name',
    description: 'a plain table to fill, instead of the one below a vec table',
  },
  {
    key: 'datasets',
    kind: 'list',
    group: 'replica',
    flag: 'dataset',
    short: 'd',
    value: 'name',
    description: "a dataset, or a pattern like 'team-*'; may be repeated (all)",
  },
  {
    key: 'replicaId',
    kind: 'text',
    group: 'apply',
    flag: 'replica-id',
    value: 'name',
    description: 'what the upstream calls this replica (made once, kept in the file)',
  },
  {
    key: 'batchSize',
    kind: 'integer',
    group: 'apply',
    flag: 'batch-size',
    value: 'n',
    min: 1,
    max: 1_000_000,
    description: 'changes or rows per transaction (2000)',
  },
  {
    key: 'byteBudget',
    kind: 'integer',
    group: 'apply',
    flag: 'byte-budget',
    value: 'bytes',
    min: 1024,
    max: 2 ** 31,
    description: 'bytes per transaction (16777216)',
  },
  {
    key: 'poison',
    kind: 'choice',
    group: 'apply',
    flag: 'poison',
    value: 'policy',
    choices: ['stop', 'dead-letter'],
    description: 'a change that cannot be applied: stop (default) or dead-letter',
  },
  {
    key: 'model',
    kind: 'choice',
    group: 'apply',
    flag: 'model',
    value: 'policy',
    choices: ['warn', 'stop', 'ignore'],
    description: 'two embedding models in one dataset: warn (default), stop or ignore',
  },
  {
    key: 'autoRebootstrap',
    kind: 'list',
    group: 'apply',
    flag: 'auto-rebootstrap',
    value: 'code',
    choices: REBOOTSTRAP_CODES,
    description: 'a halt that is answered by copying the dataset anew; may be repeated (none)',
  },
  {
    key: 'profile',
    kind: 'choice',
    group: 'apply',
    flag: 'profile',
    value: 'name',
    choices: ['v2', 'legacy'],
    description: "v2 (default), or legacy: a log made by the original's triggers",
  },
  {
    key: 'legacyLogName',
    kind: 'text',
    group: 'apply',
    flag: 'legacy-log-name',
    value: 'name',
    description: 'legacy: the name under which the log knows the table',
  },
  {
    key: 'allocatedInTransaction',
    kind: 'switch',
    group: 'apply',
    flag: 'allocated-in-transaction',
    description: 'legacy: you vouch that each writer takes its number inside its transaction',
  },
  {
    key: 'interval',
    kind: 'integer',
    group: 'run',
    flag: 'interval',
    value: 'ms',
    min: 1,
    max: 3_600_000,
    description: 'milliseconds between looks while there is nothing to do (200)',
  },
  {
    key: 'metricsPort',
    kind: 'integer',
    group: 'run',
    flag: 'metrics-port',
    value: 'n',
    min: 0,
    max: 65_535,
    description: 'serve Prometheus text at /metrics; 0 takes a free port (not served)',
  },
  {
    key: 'metricsHost',
    kind: 'text',
    group: 'run',
    flag: 'metrics-host',
    value: 'address',
    description: 'where metrics are served (127.0.0.1); they need no password',
  },
  {
    key: 'minAge',
    kind: 'seconds',
    group: 'prune',
    flag: 'min-age',
    value: 'time',
    min: 0,
    description: 'keep entries at least so long: 90, 15m, 12h, 7d (1d)',
  },
  {
    key: 'maxSilence',
    kind: 'seconds',
    group: 'prune',
    flag: 'max-silence',
    value: 'time',
    min: 0,
    description: 'a replica silent for longer no longer holds entries back (7d)',
  },
]

/** `batchSize` is SVEC_SYNC_BATCH_SIZE in the environment. */
export function environmentName(key: SettingKey): string {
  return `SVEC_SYNC_${key.replaceAll(/[A-Z]/g, letter => `_${letter}`).toUpperCase()}`
}
