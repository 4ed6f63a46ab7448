import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutPasswords } from '../../src/cli/redact.ts'
import { parseJson } from '../../src/cli/sync/json-text.ts'
import { metricsText } from '../../src/cli/sync/metrics.ts'
import { Secrets } from '../../src/cli/sync/secrets.ts'
import { statusText } from '../../src/cli/sync/status-line.ts'
import { Tally } from '../../src/cli/sync/tally.ts'
import { carriesSecret, upstreamAddress } from '../../src/cli/sync/upstream-address.ts'
import type { DatasetReport, Replicator, ReplicatorStatus } from '../../src/entries/vecsync.ts'

// What svec sync says, word for word, where no server is needed for it.

const dataset = (some: Partial<DatasetReport>): DatasetReport => ({
  datasetId: 'd',
  state: 'live',
  lastScn: 5n,
  headScn: 5n,
  lagEntries: 0n,
  lagSeconds: 0,
  bootCursor: null,
  applied: 5n,
  dimension: null,
  model: null,
  haltCode: undefined,
  haltMessage: undefined,
  updatedUs: 0n,
  ...some,
})

const status = (datasets: readonly DatasetReport[]): ReplicatorStatus => ({
  replicaId: 'r',
  upstream: 'mysql://app@db/shop',
  connected: true,
  lease: { owner: 'o', mine: true, expiresAt: 0 },
  lastError: undefined,
  datasets,
})

const quiet = (): Tally => new Tally({ on: () => () => true } as unknown as Replicator)

test('labels of metrics are escaped, and numbers beyond 2^53 keep their digits', () => {
  const text = metricsText(
    status([dataset({ datasetId: 'a"b\\c\nd', lastScn: 9_007_199_254_740_993n })]),
    quiet(),
    { version: '1', resident: 1, cpuSeconds: 0.5 },
  )
  assert.ok(text.includes('svec_sync_last_scn{dataset="a\\"b\\\\c\\nd"} 9007199254740993\n'), text)
  assert.ok(text.endsWith('\n'))
  assert.doesNotMatch(text, /undefined|NaN/)
})

test('metrics of a dataset that was not seen upstream yet leave out what is not known', () => {
  const some = { headScn: undefined, lagEntries: undefined, lagSeconds: undefined }
  const text = metricsText(status([dataset(some)]), quiet(), {
    version: '1',
    resident: 1,
    cpuSeconds: 0,
  })
  assert.match(text, /^svec_sync_last_scn\{dataset="d"\} 5$/m)
  assert.doesNotMatch(text, /^svec_sync_(head_scn|lag_entries|lag_seconds)\{/m)
})

test('metrics name a halt', () => {
  const halted = dataset({ state: 'halted', haltCode: 'LOG_GAP' })
  const text = metricsText(status([halted]), quiet(), { version: '1', resident: 1, cpuSeconds: 0 })
  assert.match(text, /^svec_sync_halted\{dataset="d",code="LOG_GAP"\} 1$/m)
})

test('the live line adds up what many datasets do', () => {
  assert.equal(statusText(status([]), 0), 'no datasets yet | up to date | 0/s')
  assert.equal(statusText(status([dataset({})]), 12.4), 'd: live | up to date | 12/s')
  assert.equal(
    statusText(status([dataset({ state: 'bootstrap' })]), 1500),
    'd: bootstrap | copying | 1,500/s',
  )
  const many = [
    dataset({}),
    dataset({ state: 'catchup', lagEntries: 1200n, lagSeconds: 3.25 }),
    dataset({ lagEntries: 34n, lagSeconds: 1 }),
  ]
  assert.equal(
    statusText(status(many), 0),
    '3 datasets: 2 live, 1 catchup | 1,234 behind, 3.3 s | 0/s',
  )
  assert.match(statusText({ ...status([]), lastError: 'x' }, 0), / \| waiting for the upstream$/)
  const lease = { owner: 'o', mine: false, expiresAt: 1 }
  assert.match(statusText({ ...status([]), lease }, 0), / \| on standby$/)
})

for (const [text, line] of [
  ['{', 1],
  ['{"a": 1', 1],
  ['{\n"a": 1,\n"b": hunter2\n}', 3],
  ['{\n"a": 1\n"b": 2\n}', 3],
  ['{\n"a": "x\n"\n}', 2],
  ['{}\n\nhunter2', 3],
  ['', 1],
] as const) {
  test(`the line where JSON breaks is named: ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => parseJson(text),
      (error: Error) => {
        assert.equal(error.message, `line ${line} is not JSON`)
        assert.equal(error.cause, undefined)
        return true
      },
    )
  })
}

test('JSON with a byte order mark is read', () => {
  assert.deepEqual(parseJson('\uFEFF{"a": 1}'), { a: 1 })
})

test('passwords are taken out of URLs, whatever stands around them', () => {
  for (const text of [
    `'mysql://app:geheim77@db/shop' is one too many`,
    '{"url":"postgres://app:geheim77@db/shop","a":"b@c"}',
    'postgres://db/shop?user=app&password=geheim77&x=1',
    'postgres://db/shop?sslpassword=geheim77',
  ]) {
    const clean = withoutPasswords(text)
    assert.doesNotMatch(clean, /geheim77/)
    assert.match(clean, /\*\*\*/)
  }
  for (const text of ['mysql://app@db:3306/shop', 'see https://example.org/a:b', 'a@b: c@d']) {
    assert.equal(withoutPasswords(text), text)
  }
})

test('a secret is taken out in each of its spellings', () => {
  const secrets = new Secrets()
  secrets.add('a"b c/ä')
  secrets.add('x')
  for (const spelling of [
    'a"b c/ä',
    JSON.stringify('a"b c/ä').slice(1, -1),
    encodeURIComponent('a"b c/ä'),
  ]) {
    assert.equal(secrets.redact(`at ${spelling}, x`), 'at ***, x')
  }
})

test('addresses: the password stands apart, the rest goes to the driver', () => {
  assert.deepEqual(upstreamAddress('mariadb://a%40b:p%2Fw@[::1]:3307/shop?ssl=true', '--x'), {
    database: 'mysql',
    target: 'mariadb://a%40b@[::1]:3307/shop?ssl=true',
    description: 'mariadb://a%40b@[::1]:3307/shop',
    told: new Map([['password', 'p/w']]),
    host: '::1',
    driverTls: true,
  })
  assert.deepEqual(upstreamAddress('postgresql:///shop?host=/run/pg&password=p', '--x'), {
    database: 'postgres',
    target: 'postgresql:///shop?host=%2Frun%2Fpg',
    description: 'postgresql:///shop',
    told: new Map([['password', 'p']]),
    host: '/run/pg',
    driverTls: undefined,
  })
  for (const path of ['sqlite:///srv/up.db', 'sqlite:/srv/up.db', '/srv/up.db']) {
    assert.equal(upstreamAddress(path, '--x').target, '/srv/up.db')
  }
  assert.equal(upstreamAddress(String.raw`C:\up.db`, '--x').database, 'sqlite')
  assert.throws(() => upstreamAddress('mysql://app:%zz@db/shop', '--x'), /%/)
})

test('an address without a password carries no secret', () => {
  for (const url of [
    'mysql://app@db/shop',
    'mysql://app@db:3306/shop',
    'mysql://db:3306/shop',
    'postgres://app@db/shop?sslmode=verify-full&sslrootcert=/etc/ca.pem',
    'sqlite:up.db',
    'up.db',
  ]) {
    assert.equal(carriesSecret(url), false, url)
  }
})
