import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Flags } from '../../src/cli/flags.ts'
import { SyncConfig } from '../../src/cli/sync/config.ts'
import { openUpstream } from '../../src/cli/sync/drivers.ts'
import { svec, temporaryFolder } from './svec.ts'

// What svec sync makes of TLS settings, where no server is needed for it.

const folder = temporaryFolder()
const config = (flags: Record<string, string>, env: Record<string, string> = {}): SyncConfig =>
  new SyncConfig(new Flags(new Map(Object.entries(flags))), env)

const told = (flags: Record<string, string>, env: Record<string, string> = {}): unknown => {
  const made = config(flags, env)
  const settings = made.tls(made.upstream())
  return settings && [settings.mode, settings.ca, settings.cert, settings.key]
}

const MY = 'mysql://app@db.example/shop'
const PG = 'postgres://app@db.example/shop'

let files = 0

function file(content: object): string {
  const path = join(folder, `${files++}.json`)
  writeFileSync(path, JSON.stringify(content))
  return path
}

test('nobody said anything: nothing; an authority alone means verify-full', () => {
  assert.equal(told({ upstream: MY }), undefined)
  assert.deepEqual(told({ upstream: MY, 'ssl-ca': '/ca' }), [
    'verify-full',
    '/ca',
    undefined,
    undefined,
  ])
})

for (const [word, mode] of [
  ['verify-full', 'verify-full'],
  ['VERIFY_IDENTITY', 'verify-full'],
  ['verify-ca', 'verify-ca'],
  ['VERIFY_CA', 'verify-ca'],
  ['require', 'require'],
  ['REQUIRED', 'require'],
  ['no-verify', 'require'],
  ['disable', 'off'],
  ['DISABLED', 'off'],
  ['off', 'off'],
] as const) {
  test(`?sslmode=${word} is ${mode}, for both databases`, () => {
    for (const [base, name] of [
      [MY, 'ssl-mode'],
      [PG, 'sslmode'],
    ] as const) {
      const made = config({ upstream: `${base}?${name}=${word}&application_name=x` })
      assert.equal(made.tls(made.upstream())?.mode, mode)
      // The driver is told by options of its own.
      assert.match(made.upstream().target, /\?application_name=x$/)
    }
  })
}

test('the place that goes first wins, key by key; a file cannot take away what a flag asks for', () => {
  const path = file({ upstream: `${PG}?sslrootcert=a.pem`, sslMode: 'off', sslCa: 'b.pem' })
  const plain = file({ sslMode: 'off' })
  assert.equal(
    (told({ upstream: `${PG}?sslmode=verify-full`, config: plain }) as string[])[0],
    'verify-full',
  )
  assert.equal(
    (told({ upstream: PG, 'ssl-mode': 'verify-ca', config: plain }) as string[])[0],
    'verify-ca',
  )
  assert.equal(
    (told({ upstream: PG }, { SVEC_SYNC_SSL_MODE: 'require' }) as string[])[0],
    'require',
  )
  assert.throws(() => told({ config: path }), {
    code: 'CLI_USAGE',
    message: /\bsslCa\b.*\bupstream\b/,
  })
})

test('paths of a file, in a URL too, begin at its folder', () => {
  assert.deepEqual(
    told({
      config: file({ upstream: `${MY}?ssl-ca=tls/ca.pem`, sslCert: 'c.pem', sslKey: 'k.pem' }),
    }),
    ['verify-full', join(folder, 'tls/ca.pem'), join(folder, 'c.pem'), join(folder, 'k.pem')],
  )
})

for (const [flags, message, hint] of [
  [
    { upstream: `${PG}?sslmode=prefer` },
    /sslmode in --upstream must be one of .*, not "prefer"/,
    /fall back to an unencrypted connection/,
  ],
  [
    { upstream: `${PG}?sslmode=on` },
    /must be one of verify-full, verify-ca, require, off, not "on"/,
    undefined,
  ],
  [{ upstream: `${PG}?sslmode=require&ssl-mode=off` }, /more than once/, /set it once/],
  [{ upstream: PG, 'ssl-cert': '/c' }, /--ssl-cert\b.*--ssl-key\b/, undefined],
  [{ upstream: PG, 'ssl-key': '/k' }, /--ssl-key\b.*--ssl-cert\b/, undefined],
  [
    { upstream: PG, 'ssl-mode': 'off', 'ssl-ca': '/ca' },
    /--ssl-ca names a file that --ssl-mode off would not use/,
    undefined,
  ],
  [
    { upstream: PG, 'ssl-mode': 'require', 'ssl-ca': '/ca' },
    /names a CA that --ssl-mode require would not check/,
    /use verify-full/,
  ],
  [
    { upstream: 'mysql://app@10.0.0.1/shop', 'ssl-ca': '/ca' },
    /mysql2 cannot check .* IP address \(10\.0\.0\.1\)/,
    /verify-ca/,
  ],
  [{ upstream: 'mysql://app@[::1]/shop', 'ssl-ca': '/ca' }, /IP address \(::1\)/, /verify-ca/],
  [
    { upstream: `${MY}?ssl={"ca":"x"}`, 'ssl-mode': 'off' },
    /has ssl=, and --ssl-mode sets the same/,
    /set it once/,
  ],
  [
    { upstream: 'sqlite:up.db', 'ssl-mode': 'verify-full' },
    /--ssl-mode applies to mysql:\/\/ and postgres:\/\//,
    undefined,
  ],
] as const) {
  test(`refused: ${JSON.stringify(flags)}`, () => {
    assert.throws(
      () => told(flags),
      (error: Error & { code?: string; hint?: string }) => {
        assert.equal(error.code, 'CLI_USAGE')
        assert.match(error.message, message)
        if (hint !== undefined) assert.match(error.hint ?? '', hint)
        return true
      },
    )
  })
}

test('files that cannot be used are named before a server is asked', async () => {
  const text = join(folder, 'not.pem')
  writeFileSync(text, 'no certificate')
  const broken = join(folder, 'broken.pem')
  writeFileSync(broken, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
  for (const [path, message] of [
    [join(folder, 'absent.pem'), /--ssl-ca: .*absent\.pem cannot be read \(ENOENT\)/],
    [text, /--ssl-ca: .*not\.pem is not in PEM form/],
    [broken, /the TLS files cannot be used: /],
  ] as const) {
    await assert.rejects(openUpstream(config({ upstream: PG, 'ssl-ca': path })), {
      code: 'CLI_FILE',
      message,
    })
  }
})

const warned = (flags: Record<string, string>, env: Record<string, string> = {}): boolean =>
  config(flags, env).plainWarning() !== undefined

test('who is reached in the clear, beyond this machine, is warned', () => {
  for (const url of [MY, PG, 'mysql://app@10.0.0.1/shop', 'postgres://app@[2001:db8::1]/shop']) {
    assert.ok(warned({ upstream: url }), url)
    assert.ok(warned({ upstream: url, 'ssl-mode': 'off' }), url)
    assert.ok(!warned({ upstream: url, 'ssl-mode': 'verify-ca', 'ssl-ca': '/ca' }), url)
  }
  assert.match(
    config({ upstream: MY }, { SVEC_SYNC_PASSWORD: 'geheim77' }).plainWarning()!,
    /^the connection to mysql:\/\/app@db\.example\/shop is not encrypted.*--ssl-mode verify-full with --ssl-ca$/,
  )
  for (const url of [
    'mysql://app@localhost/shop',
    'mysql://app@127.0.0.5/shop',
    'postgres://app@[::1]/shop',
    'postgres:///shop?host=/run/postgresql',
    'mysql://app@db.example/shop?socketPath=/run/mysqld.sock',
    'sqlite:up.db',
    `${MY}?ssl={"ca":"x"}`,
    `${PG}?ssl=true`,
  ]) {
    assert.ok(!warned({ upstream: url }), url)
  }
  assert.ok(warned({ upstream: `${PG}?ssl=false` }))
  assert.ok(!warned({ upstream: PG }, { PGSSLMODE: 'verify-full' }))
  assert.ok(warned({ upstream: PG }, { PGSSLMODE: 'prefer' }))
})

test('the warning is a line on stderr, a line of JSON in a pipe of events, and absent from --json', async () => {
  // Not loopback by its name, and this machine all the same.
  const url = 'mysql://app@0.0.0.0:1/shop'
  const lag = await svec(['sync', 'prune', '-u', url, '--deadline', '1'])
  assert.match(
    lag.stderr,
    /^warning: the connection to mysql:\/\/app@0\.0\.0\.0:1\/shop is not encrypted/m,
  )
  const json = await svec(['sync', 'prune', '-u', url, '--deadline', '1', '--json'])
  assert.doesNotMatch(json.stdout + json.stderr, /not encrypted/)
  const once = await svec([
    'sync',
    'once',
    '-u',
    url,
    '--deadline',
    '1',
    '-r',
    join(folder, 'r.db'),
  ])
  const events = once.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { event: string; message?: string })
  assert.match(events.find(({ event }) => event === 'warning')!.message!, /is not encrypted/)
})
