/** The commands that a setting concerns. A file may have all settings. */
export type SettingGroup = 'upstream' | 'install' | 'replica' | 'apply' | 'run' | 'prune'

interface Spec {
  readonly kind: 'text' | 'secret' | 'path' | 'integer' | 'seconds' | 'choice' | 'list' | 'switch'
  /** Its flag, if it is not the key in kebab-case. */
  readonly flag?: string
  readonly short?: string
  /** The placeholder for its value in --help. */
  readonly value?: string
  readonly description: string
  readonly min?: number
  readonly max?: number
  readonly choices?: readonly string[]
}

type Specs = Readonly<Record<string, Spec>>

const UPSTREAM = {
  upstream: {
    kind: 'text',
    short: 'u',
    value: 'url',
    description: 'mysql://user@host/database, postgres://user@host/database, or sqlite:file',
  },
  password: {
    kind: 'secret',
    description: "the upstream's password; only in a file or the environment",
  },
  passwordFile: { kind: 'path', value: 'file', description: "a file with the upstream's password" },
  passwordEnv: {
    kind: 'text',
    value: 'name',
    description: "the environment variable with the upstream's password (SVEC_SYNC_PASSWORD)",
  },
  sslMode: {
    kind: 'choice',
    value: 'mode',
    choices: ['verify-full', 'verify-ca', 'require', 'off'],
    description: 'TLS: verify-full, verify-ca (any host name), require (no checks), or off',
  },
  sslCa: {
    kind: 'path',
    value: 'file',
    description: "the CA of the server's certificate, PEM; implies verify-full",
  },
  sslCert: {
    kind: 'path',
    value: 'file',
    description: "this client's certificate, PEM, if the server requires one",
  },
  sslKey: { kind: 'path', value: 'file', description: "the key of this client's certificate, PEM" },
  shadowTable: {
    kind: 'text',
    value: 'name',
    description: "the upstream's table of documents (shadow_vec_docs)",
  },
  prefix: {
    kind: 'text',
    value: 'text',
    description: "the prefix of replication's own tables (vec_)",
  },
  deadline: {
    kind: 'seconds',
    value: 'seconds',
    min: 0.1,
    max: 86_400,
    description: 'how long to wait for an answer of the upstream (30)',
  },
} as const

const INSTALL = {
  capture: {
    kind: 'choice',
    value: 'how',
    choices: ['trigger', 'app'],
    description: 'who writes the log: trigger (default), or app if triggers are not allowed',
  },
} as const

const REPLICA = {
  replica: {
    kind: 'path',
    short: 'r',
    value: 'file',
    description: 'the SQLite file to replicate into',
  },
  table: { kind: 'text', short: 't', value: 'name', description: "the replica's vec table (docs)" },
  replicaTable: {
    kind: 'text',
    value: 'name',
    description: 'a plain table to fill, instead of a vec table',
  },
  datasets: {
    flag: 'dataset',
    kind: 'list',
    short: 'd',
    value: 'name',
    description: "a dataset, or a pattern like 'team-*'; may be repeated (all)",
  },
} as const

const APPLY = {
  replicaId: {
    kind: 'text',
    value: 'name',
    description: 'the name of this replica upstream (generated once, kept in the file)',
  },
  batchSize: {
    kind: 'integer',
    value: 'n',
    min: 1,
    max: 1_000_000,
    description: 'changes or rows per transaction (2000)',
  },
  byteBudget: {
    kind: 'integer',
    value: 'bytes',
    min: 1024,
    max: 2_147_483_648,
    description: 'bytes per transaction (16777216)',
  },
  rejected: {
    kind: 'choice',
    value: 'policy',
    choices: ['stop', 'dead-letter'],
    description: 'if a change cannot be applied: stop (default) or dead-letter',
  },
  poison: {
    kind: 'choice',
    value: 'policy',
    choices: ['stop', 'dead-letter'],
    description: 'the former name of --rejected',
  },
  model: {
    kind: 'choice',
    value: 'policy',
    choices: ['warn', 'stop', 'ignore'],
    description: 'if a dataset has two embedding models: warn (default), stop or ignore',
  },
  autoRebootstrap: {
    kind: 'list',
    value: 'code',
    choices: ['LOG_PRUNED', 'EPOCH_CHANGED', 'UPSTREAM_REWOUND', 'HISTORY_DIVERGED', 'LOG_GAP'],
    description: 'a halt code that copies the dataset again; may be repeated (none)',
  },
  profile: {
    kind: 'choice',
    value: 'name',
    choices: ['v2', 'legacy'],
    description: "v2 (default), or legacy: a log written by the original's triggers",
  },
  legacyLogName: {
    kind: 'text',
    value: 'name',
    description: 'legacy: the name of the table in the log',
  },
  allocatedInTransaction: {
    kind: 'switch',
    description: 'legacy: each writer allocates its number inside its transaction',
  },
} as const

const RUN = {
  interval: {
    kind: 'integer',
    value: 'ms',
    min: 1,
    max: 3_600_000,
    description: 'milliseconds between polls while there is nothing to do (200)',
  },
  metricsPort: {
    kind: 'integer',
    value: 'n',
    min: 0,
    max: 65_535,
    description: 'serve Prometheus metrics at /metrics; 0 picks a free port (not served)',
  },
  metricsHost: {
    kind: 'text',
    value: 'address',
    description: 'the address to serve metrics on (127.0.0.1), without a password',
  },
} as const

const PRUNE = {
  minAge: {
    kind: 'seconds',
    value: 'time',
    min: 0,
    description: 'keep entries at least this long: 90, 15m, 12h, 7d (1d)',
  },
  maxSilence: {
    kind: 'seconds',
    value: 'time',
    min: 0,
    description: 'a replica that is silent for longer no longer holds back entries (7d)',
  },
} as const

type Value<S extends Spec> = S['kind'] extends 'integer' | 'seconds'
  ? number
  : S['kind'] extends 'switch'
    ? boolean
    : S['kind'] extends 'list'
      ? readonly Choice<S>[]
      : Choice<S>

type Choice<S extends Spec> = S extends { readonly choices: readonly (infer C)[] } ? C : string

type All = typeof UPSTREAM &
  typeof INSTALL &
  typeof REPLICA &
  typeof APPLY &
  typeof RUN &
  typeof PRUNE

export type SettingKey = keyof All

/** The modes of PostgreSQL; `off` is its `disable`. */
export type SslMode = Choice<All['sslMode']>

export const SSL_MODES: readonly SslMode[] = UPSTREAM.sslMode.choices

/** The settings that a configuration file, the environment and flags share, under one name. */
export type SyncSettings = { readonly [K in SettingKey]?: Value<All[K]> }

export type SettingValue = string | number | boolean | readonly string[]

export interface Setting extends Spec {
  readonly key: SettingKey
  readonly group: SettingGroup
}

const GROUPS: readonly (readonly [SettingGroup, Specs])[] = [
  ['upstream', UPSTREAM],
  ['install', INSTALL],
  ['replica', REPLICA],
  ['apply', APPLY],
  ['run', RUN],
  ['prune', PRUNE],
]

export const SETTINGS: readonly Setting[] = GROUPS.flatMap(([group, specs]) =>
  Object.keys(specs).map(key => settingOf(key as SettingKey, group, specs[key])),
)

/** Secrets do not have flags: every user of the machine can read a command line. */
function settingOf(key: SettingKey, group: SettingGroup, spec: Spec): Setting {
  const setting = { ...spec, key, group }
  return spec.kind === 'secret' ? setting : { flag: kebabCase(key), ...setting }
}

function kebabCase(key: string): string {
  return key.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}

/** `batchSize` is SVEC_SYNC_BATCH_SIZE in the environment. */
export function environmentName(key: SettingKey): string {
  return `SVEC_SYNC_${kebabCase(key).replaceAll('-', '_').toUpperCase()}`
}
