import assert from 'node:assert/strict'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Flags } from '../../src/cli/flags.ts'
import { SyncConfig } from '../../src/cli/sync/config.ts'
import { upstreamDDL } from '../../src/entries/vecsync.ts'
import { svec, svecJson, temporaryFolder, type Outcome } from './svec.ts'

const folder = temporaryFolder()
let files = 0

function configuration(content: unknown): string {
  const path = join(folder, `config-${files++}.json`)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

async function refused(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const outcome: Outcome = await svec(['sync', ...args], { env, cwd: folder })
  assert.equal(outcome.code, 2, outcome.stdout + outcome.stderr)
  assert.equal(outcome.stdout, '')
  return outcome.stderr
}

test('an unknown key of the file is named, with the nearest that is known', async () => {
  const config = configuration({ upstream: 'mysql://app@db/shop', replcia: 'x' })
  const error = await refused(['once', '-c', config])
  assert.match(error, /unknown key "replcia": did you mean replica\?/)
  assert.match(error, /expected one of upstream, password, .*maxSilence/)
})

test('an unknown variable of the environment is named, with the nearest that is known', async () => {
  const error = await refused(['once'], { SVEC_SYNC_REPLCIA: 'x' })
  assert.match(
    error,
    /unknown environment variable SVEC_SYNC_REPLCIA: did you mean SVEC_SYNC_REPLICA\?/,
  )
})

test('an unknown flag is named, with the nearest that is known', async () => {
  assert.match(await refused(['run', '--bach-size', '3']), /did you mean --batch-size\?/)
})

for (const [key, value, says] of [
  ['batchSize', 'many', /batchSize in .*json must be an integer from 1 to 1000000, not "many"/],
  ['batchSize', 0, /must be an integer from 1 to 1000000, not 0/],
  ['batchSize', 1.5, /must be an integer/],
  ['metricsPort', 70_000, /metricsPort in .* must be an integer from 0 to 65535, not 70000/],
  ['poison', 'dead', /poison in .* must be one of stop, dead-letter, not "dead"/],
  ['autoRebootstrap', ['LOG_PRUNE'], /must be of LOG_PRUNED, .*, not \["LOG_PRUNE"\]/],
  ['datasets', [1], /datasets in .* must be a list of strings/],
  ['datasets', [], /datasets in .* must be a list of strings/],
  ['replica', 7, /replica in .* must be text, not 7/],
  ['replica', '', /replica in .* must be non-empty text/],
  ['minAge', '2 weeks', /minAge in .* must be a duration .*like 90, 15m, 12h or 7d, not "2 weeks"/],
  ['allocatedInTransaction', 'perhaps', /must be true or false/],
  [
    'shadowTable',
    'main.x',
    /shadowTable in .*: the table name "main.x" includes a schema: write x/,
  ],
  ['prefix', 'a\\b', /prefix in .*: a name cannot contain control characters/],
  ['upstream', 'mysq://app@db/shop', /begins with mysq:.*did you mean mysql:\?/],
  ['upstream', 'mysql://app@db', /does not name a database/],
  ['upstream', 'mysql://app@db:port/shop', /is not a valid URL/],
  [
    'sslMode',
    'prefer',
    /sslMode in .* must be one of verify-full, verify-ca, require, off, not "prefer"/,
  ],
  ['sslCa', 7, /sslCa in .* must be text, not 7/],
  ['legacyLogName', 'x', /applies only to --profile legacy/],
] as const) {
  test(`${key} ${JSON.stringify(value)} in a file is refused`, () => {
    const config = configuration({
      upstream: 'mysql://app@db/shop',
      replica: 'replica.sqlite',
      [key]: value,
    })
    assert.throws(() => new SyncConfig(new Flags(new Map([['config', config]])), {}).upstream(), {
      code: 'CLI_USAGE',
      message: says,
    })
  })
}

test('all that a file may hold is taken', () => {
  const settings = {
    upstream: 'mysql://app@db/shop',
    password: 'geheim77',
    sslMode: 'verify-full',
    sslCa: join(folder, 'ca.pem'),
    sslCert: join(folder, 'cert.pem'),
    sslKey: join(folder, 'key.pem'),
    shadowTable: 'chapters',
    prefix: 'x_',
    deadline: 2.5,
    capture: 'app',
    replica: join(folder, 'r.sqlite'),
    table: 'docs',
    datasets: ['team-*', 'a,b'],
    replicaId: 'r1',
    batchSize: 10,
    byteBudget: 4096,
    poison: 'dead-letter',
    model: 'ignore',
    autoRebootstrap: ['LOG_PRUNED', 'LOG_GAP'],
    profile: 'legacy',
    legacyLogName: 'main.chapters',
    allocatedInTransaction: true,
    interval: 5,
    metricsPort: 0,
    metricsHost: '::1',
    minAge: 0,
    maxSilence: 60,
  }
  const config = new SyncConfig(
    new Flags(new Map([['config', configuration({ ...settings, maxSilence: '1m' })]])),
    {},
  )
  assert.deepEqual(config.settings, settings)
  assert.equal(config.deadline, 2500)
  assert.equal(config.upstream().password, 'geheim77')
  assert.doesNotMatch(JSON.stringify(config.upstream().target), /geheim77/)
})

test('the environment takes lists with commas, times and switches as text', () => {
  const config = new SyncConfig(new Flags(new Map()), {
    SVEC_SYNC_DATASETS: 'team-*, docs',
    SVEC_SYNC_MAX_SILENCE: '12h',
    SVEC_SYNC_PROFILE: 'legacy',
    SVEC_SYNC_ALLOCATED_IN_TRANSACTION: '1',
    SVEC_SYNC_BATCH_SIZE: '7',
  })
  assert.deepEqual(config.settings, {
    datasets: ['team-*', 'docs'],
    maxSilence: 43_200,
    profile: 'legacy',
    allocatedInTransaction: true,
    batchSize: 7,
  })
})

test('the password comes from the first place that tells one', () => {
  const file = join(folder, 'secret')
  writeFileSync(file, 'of file flag\n')
  const config = configuration({ upstream: 'mysql://app:of%20url@db/shop' })
  const told = (flags: Record<string, string>, env: Record<string, string>): string | undefined =>
    new SyncConfig(new Flags(new Map(Object.entries({ config, ...flags }))), env).upstream()
      .password
  assert.equal(told({}, {}), 'of url')
  assert.equal(told({}, { SVEC_SYNC_PASSWORD: 'of environment' }), 'of environment')
  assert.equal(
    told({ 'password-file': file }, { SVEC_SYNC_PASSWORD: 'of environment' }),
    'of file flag',
  )
  assert.equal(told({ 'password-env': 'X' }, { X: 'of X', SVEC_SYNC_PASSWORD: 'other' }), 'of X')
})

test('a file that is no JSON is refused with its line, and nothing of it is repeated', async () => {
  const config = configuration('{\n  "upstream": "mysql://app@db/shop",\n  "password": hunter2x\n}')
  const error = await refused(['once', '--config', config])
  assert.match(error, /config-\d+\.json: line 3 is not JSON/)
  assert.doesNotMatch(error, /hunter2x/)
  assert.match(await refused(['once', '--config', configuration('{"a": 1')]), /line 1 is not JSON/)
  assert.match(
    await refused(['once', '--config', configuration('[]')]),
    /must contain a JSON object, like \{"upstream"/,
  )
})

test('a secret of a wrong type is refused without being repeated', async () => {
  const error = await refused(['once', '--config', configuration({ password: 90210 })])
  assert.match(error, /password in .* must be text\n/)
  assert.doesNotMatch(error, /90210/)
})

test('a configuration that is not there is refused', async () => {
  const { code, stderr } = await svec(['sync', 'once', '--config', join(folder, 'none.json')])
  assert.equal(code, 3)
  assert.match(stderr, /none\.json cannot be read \(ENOENT\)/)
})

test('without upstream or replica, all three ways to name them are told', async () => {
  assert.match(
    await refused(['once']),
    /the upstream is missing\n.*--upstream .*SVEC_SYNC_UPSTREAM/,
  )
  assert.match(
    await refused(['once', '-u', 'sqlite:u.db']),
    /the replica is missing\n.*--replica, SVEC_SYNC_REPLICA/,
  )
  assert.match(await refused(['ddl']), /which database .* --database mysql, postgres, sqlite/s)
})

test('a replica that is a URL is refused', async () => {
  const error = await refused(['once', '-u', 'sqlite:u.db', '-r', 'mysql://a:geheim77@db/x'])
  assert.match(error, /--replica\b.*\bfile\b/)
  assert.doesNotMatch(error, /geheim77/)
})

for (const url of [
  'mysql://app:geheim77@db/shop',
  'mysql://:geheim77@db/shop',
  'postgres://app:gehe/im77@db/shop',
  'postgres://app@db/shop?password=geheim77',
  'postgres://app@db/shop?x=1&sslpassword=geheim77',
  'mysql://app@db/shop?ssl={"passphrase":"geheim77"}',
]) {
  test(`a password in the command line is refused: ${url}`, async () => {
    const error = await refused(['run', '--upstream', url, '--replica', 'r.sqlite'])
    assert.match(error, /every user of this machine can read the command line/)
    assert.match(error, /SVEC_SYNC_PASSWORD .*--password-file, .*SVEC_SYNC_UPSTREAM/)
    assert.doesNotMatch(error, /geheim77|im77/)
  })
}

test('--password is no flag, and what stands behind it is not repeated', async () => {
  for (const args of [
    ['--password', 'geheim77'],
    ['--password=geheim77'],
    ['mysql://app:geheim77@db/x'],
  ]) {
    const error = await refused(['run', '--upstream', 'mysql://app@db/shop', ...args])
    assert.doesNotMatch(error, /geheim77/)
  }
})

test('a password that is told twice in one place is refused', async () => {
  const config = configuration({
    upstream: 'mysql://app:first@db/shop',
    passwordEnv: 'OTHER',
    replica: 'r.sqlite',
  })
  const error = await refused(['once', '--config', config], { OTHER: 'second' })
  assert.match(error, /set 2 times: passwordEnv in .*, the URL of upstream in/)
  assert.doesNotMatch(error, /first|second/)
})

test('a password that is not where it should be is refused', async () => {
  const upstream = ['--upstream', 'mysql://app@db/shop', '-r', 'r.sqlite']
  assert.match(
    await refused(['once', ...upstream, '--password-env', 'NOT_THERE']),
    /--password-env names the environment variable NOT_THERE, which is not set/,
  )
  const missing = await svec(['sync', 'once', ...upstream, '--password-file', 'none'], {
    cwd: folder,
  })
  assert.equal(missing.code, 3)
  assert.match(missing.stderr, /--password-file: none cannot be read \(ENOENT\)/)
  writeFileSync(join(folder, 'empty'), '\n')
  const empty = await svec(['sync', 'once', ...upstream, '--password-file', 'empty'], {
    cwd: folder,
  })
  assert.match(empty.stderr, /empty is empty/)
})

test('table and replicaTable exclude each other, wherever they stand', async () => {
  const config = configuration({ table: 'docs' })
  assert.match(
    await refused(['once', '--config', config, '--replica-table', 'plain']),
    /table in config-\d+\.json and --replica-table exclude each other/,
  )
})

test('flags go before the environment, the environment before the file', async () => {
  const config = configuration({ upstream: 'postgres://app@db/shop', shadowTable: 'of_file' })
  const told = async (args: string[], env: Record<string, string>): Promise<string> => {
    const answer = (await svecJson(['sync', 'ddl', '--config', config, ...args], { env })) as {
      statements: string[]
    }
    const [, table] = answer.statements.join('\n').match(/"(of_\w+)"/)!
    return table
  }
  const env = { SVEC_SYNC_SHADOW_TABLE: 'of_environment' }
  assert.equal(await told([], {}), 'of_file')
  assert.equal(await told([], { SVEC_SYNC_SHADOW_TABLE: '' }), 'of_file')
  assert.equal(await told([], env), 'of_environment')
  assert.equal(await told(['--shadow-table', 'of_flag'], env), 'of_flag')
})

test('SVEC_SYNC_CONFIG names the file, and paths in it begin at its folder', async () => {
  mkdirSync(join(folder, 'etc'))
  const path = join(folder, 'etc', 'sync.json')
  writeFileSync(path, JSON.stringify({ upstream: 'up.db', replica: 'down.sqlite' }))
  const env = { SVEC_SYNC_CONFIG: path }
  const made = (await svecJson(['sync', 'init', 'd'], { env })) as { upstream: string }
  assert.equal(made.upstream, join(folder, 'etc', 'up.db'))
  assert.equal((await svec(['sync', 'once'], { env })).code, 0)
  const status = (await svecJson(['sync', 'status'], { env })) as { replica: string }
  assert.equal(status.replica, join(folder, 'etc', 'down.sqlite'))
})

for (const database of ['mysql', 'postgres', 'sqlite'] as const) {
  test(`ddl prints what an upstream needs, ${database}`, async () => {
    const args = ['sync', 'ddl', '--database', database, '--shadow-table', 'chapters']
    const answer = await svecJson(args)
    assert.deepEqual(answer, { database, statements: upstreamDDL('chapters', { database }) })
    const { stdout } = await svec(args)
    assert.match(stdout, database === 'mysql' ? /^DELIMITER/ : /^BEGIN( IMMEDIATE)?;/)
  })
}

test('ddl prints what a replica needs', async () => {
  const { stdout } = await svec(['sync', 'ddl', '--for-replica', '--table', 'docs'])
  assert.match(stdout, /CREATE TABLE IF NOT EXISTS "_vec_docs"/)
  assert.match(stdout, /CREATE TABLE IF NOT EXISTS "vec_sync_state"/)
})

test('a driver that is not installed is named, with the command that installs it', async () => {
  // The packed command beside nothing else.
  const bare = join(folder, 'bare')
  cpSync('dist/lib', join(bare, 'dist/lib'), { recursive: true })
  cpSync('package.json', join(bare, 'package.json'))
  // Without this folder, Bun installs what is missing.
  mkdirSync(join(bare, 'node_modules'))
  const main = join(bare, 'dist/lib/svec.js')
  for (const [url, name] of [
    ['mysql://app@127.0.0.1:1/shop', 'mysql2'],
    ['postgres://app@127.0.0.1:1/shop', 'pg'],
  ]) {
    const args = ['sync', 'once', '--upstream', url, '--replica', join(bare, 'r.sqlite')]
    const { code, stderr } = await svec(args, { main })
    assert.equal(code, 3)
    assert.match(stderr, new RegExp(`the driver ${name} is not installed\n  npm install ${name}`))
  }
  const answer = await svec(['sync', 'init', 'd', '-u', join(bare, 'u.db')], { main })
  assert.equal(answer.code, 0, 'SQLite needs no driver')
  // A file in WAL mode does, where Node has none of its own.
  if (Number(process.versions.node.split('.')[0]) >= 22) return
  const wal = join(bare, 'wal.db')
  const header = Buffer.alloc(4096)
  header.write('SQLite format 3\0')
  header.set([2, 2], 18)
  writeFileSync(wal, header)
  const { code, stderr } = await svec(['sync', 'init', 'd', '-u', wal], { main })
  assert.equal(code, 3)
  assert.match(stderr, /the driver better-sqlite3 is not installed\n {2}npm install better-sqlite3/)
})
