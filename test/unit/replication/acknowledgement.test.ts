import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Acknowledgement } from '../../../src/replication/acknowledgement.ts'
import type { Source } from '../../../src/replication/source.ts'
import type { SyncState } from '../../../src/replication/sync-state.ts'

const INTERVAL = 1000

class Upstream {
  /** What was reported, `dataset lastScn`, a list for each statement. */
  readonly sent: string[][] = []
  readonly warnings: string[] = []
  broken = false

  acknowledgement(sparse?: object): Acknowledgement {
    const session = {
      run: (sql: string, values: readonly unknown[]) => {
        if (this.broken) throw new Error('gone')
        const rows = Array.from({ length: values.length / 3 }, (_, i) =>
          values.slice(3 * i, 3 * i + 3),
        )
        assert.equal(sql, `acknowledge ${rows.length}`)
        assert.ok(rows.every(([replica]) => replica === 'me'))
        this.sent.push(rows.map(([, dataset, scn]) => `${String(dataset)} ${String(scn)}`))
        return Promise.resolve(rows.length)
      },
    }
    const source = {
      sparse,
      sql: { writing: { acknowledge: (count: number) => `acknowledge ${count}` } },
      use: async (work: (of: typeof session) => unknown) => work(session),
    } as unknown as Source
    return new Acknowledgement(source, 'me', INTERVAL, message => this.warnings.push(message))
  }
}

const state = (datasetId: string, lastScn: bigint, phase = 'live'): SyncState =>
  ({ datasetId, lastScn, phase }) as unknown as SyncState

test('checkpoints that moved are reported once an interval, others once in ten', async () => {
  const upstream = new Upstream()
  const acknowledgement = upstream.acknowledgement()
  await acknowledgement.sendDue([state('a', 1n), state('b', 5n)], 10_000)
  await acknowledgement.sendDue([state('a', 2n), state('b', 5n)], 10_500)
  assert.deepEqual(upstream.sent, [['a 1', 'b 5']])
  await acknowledgement.sendDue([state('a', 2n), state('b', 5n)], 11_000)
  await acknowledgement.sendDue([state('a', 2n), state('b', 5n)], 12_000)
  assert.deepEqual(upstream.sent.slice(1), [['a 2']])
  await acknowledgement.sendDue([state('a', 2n), state('b', 5n)], 20_000)
  assert.deepEqual(upstream.sent.slice(2), [['a 2', 'b 5']])
})

test('a clock that was set back does not silence a replica', async () => {
  const upstream = new Upstream()
  const acknowledgement = upstream.acknowledgement()
  await acknowledgement.sendDue([state('a', 1n)], 1_000_000)
  await acknowledgement.sendDue([state('a', 2n)], 1000)
  assert.deepEqual(upstream.sent, [['a 1'], ['a 2']])
})

test('datasets that hold nothing to be pinned are left out, and many go in several statements', async () => {
  const upstream = new Upstream()
  const states = Array.from({ length: 450 }, (_, i) => state(`d${i}`, 1n))
  await upstream
    .acknowledgement()
    .sendDue([state('new', 0n, 'new'), state('gone', 9n, 'dropped'), ...states], 1)
  assert.deepEqual(
    upstream.sent.map(rows => rows.length),
    [200, 200, 50],
  )
  assert.ok(!upstream.sent.flat().some(row => /^(new|gone) /.test(row)))
})

test('a failure is one warning, and what was not reported is reported later', async () => {
  const upstream = new Upstream()
  const acknowledgement = upstream.acknowledgement()
  upstream.broken = true
  await acknowledgement.sendDue([state('a', 1n)], 10_000)
  await acknowledgement.sendDue([state('a', 1n)], 11_000)
  assert.equal(upstream.warnings.length, 1)
  assert.match(upstream.warnings[0], /gone/)
  upstream.broken = false
  await acknowledgement.sendDue([state('a', 1n)], 12_000)
  assert.deepEqual(upstream.sent, [['a 1']])
})

test('a log with holes takes no reports', async () => {
  const upstream = new Upstream()
  await upstream.acknowledgement({}).pin('a', 3n)
  assert.deepEqual(upstream.sent, [])
  await upstream.acknowledgement().pin('a', 3n)
  assert.deepEqual(upstream.sent, [['a 3']])
})
