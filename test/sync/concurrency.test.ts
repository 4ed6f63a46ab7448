import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createDataset, createWriter, installUpstream } from '../../src/entries/vecsync.ts'
import { mysqlFailure } from '../../src/replication/upstreams/mysql/failures.ts'
import { postgresFailure } from '../../src/replication/upstreams/postgres/failures.ts'
import { sqliteFailure } from '../../src/replication/upstreams/sqlite/failures.ts'
import { seededTest } from '../seed.ts'
import { until } from '../servers/until.ts'
import type { UpstreamClient } from './test-upstreams.ts'
import { drain, idsOf, onEachUpstream, within, World } from './world.ts'

const SOAK = fileURLToPath(new URL('../soak/sync.js', import.meta.url))

describe('errors that are worth another try', () => {
  test('deadlock, lock wait, 1020, Galera without quorum', () => {
    for (const errno of [1205, 1213, 1020]) assert.equal(mysqlFailure({ errno }), 'SYNC_CONFLICT')
    assert.equal(mysqlFailure({ errno: 1047, code: 'ER_UNKNOWN_COM_ERROR' }), 'SYNC_TRANSPORT')
    assert.equal(mysqlFailure({ code: 'PROTOCOL_CONNECTION_LOST' }), 'SYNC_TRANSPORT')
    assert.equal(
      mysqlFailure(new Error(`Can't add new command when connection is in closed state`)),
      'SYNC_TRANSPORT',
    )
    assert.equal(mysqlFailure({ errno: 1064, code: 'ER_PARSE_ERROR' }), 'SYNC_UPSTREAM')
    assert.equal(mysqlFailure({ errno: 1146, code: 'ER_NO_SUCH_TABLE' }), 'SCHEMA_DRIFT')
  })

  test('40001, 40P01, a server that goes down', () => {
    for (const code of ['40001', '40P01']) assert.equal(postgresFailure({ code }), 'SYNC_CONFLICT')
    for (const code of ['57P01', '08006', '53300', 'ECONNREFUSED', 'EPIPE', undefined]) {
      assert.equal(postgresFailure({ code }), 'SYNC_TRANSPORT', code)
    }
    assert.equal(postgresFailure({ code: '42601' }), 'SYNC_UPSTREAM')
    assert.equal(postgresFailure({ code: '28P01' }), 'SYNC_ACCESS')
  })

  test('a busy file', () => {
    assert.equal(sqliteFailure({ code: 'SQLITE_BUSY_SNAPSHOT' }), 'SYNC_CONFLICT')
    assert.equal(sqliteFailure(new Error('database is locked')), 'SYNC_CONFLICT')
    assert.equal(sqliteFailure(new Error('near "x": syntax error')), 'SYNC_UPSTREAM')
  })
})

onEachUpstream('eight writers, killed replicators and servers', (_world, kind) => {
  seededTest('CHAOS_SEED')('converge: checksums are equal and nothing is lost', (t, seed) => {
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      CHAOS_SEED: String(seed),
      CHAOS_OPS: process.env['CHAOS_OPS'] ?? '4000',
      CHAOS_UPSTREAM: kind.toLowerCase(),
      CHAOS_PACE: '500',
    }
    delete env['NODE_TEST_CONTEXT']
    const { status, stdout, stderr } = spawnSync(process.execPath, [SOAK], {
      env,
      timeout: 60_000,
      killSignal: 'SIGKILL',
    })
    const output = stdout.toString()
    t.diagnostic(output.split('\n')[1])
    assert.equal(status, 0, output + stderr.toString())
    assert.match(output, /0 lost/)
  })
})

const ref = (w: World, where: string): Promise<unknown> =>
  w.sql(`UPDATE vec_shadow_log SET payload = '{"ref":1}' WHERE ${where}`)

onEachUpstream('a row that an entry only refers to', (world, kind) => {
  test('is read as it is, even changed or deleted meanwhile', () =>
    within(world, async w => {
      const replica = w.replica()
      const replicator = w.replicator(replica, { batchSize: 1 })
      await drain(replicator)
      await w.put('changed', 'first', '0000803f')
      await w.put('deleted', 'first', '0000803f')
      await w.put('stays', 'first', '0000803f')
      await w.put('changed', 'second', '00000040')
      await w.sql(`DELETE FROM shadow_vec_docs WHERE id = 'deleted'`)
      await ref(w, 'scn <= 3')
      const seen: string[] = []
      replicator.on('progress', () => {
        const rows = replica
          .prepare('SELECT id, content FROM shadow_vec_docs ORDER BY id')
          .all() as { id: string; content: string }[]
        seen.push(rows.map(row => `${row.id}=${row.content}`).join())
      })
      await drain(replicator)
      assert.deepEqual(seen, [
        'changed=second',
        'changed=second',
        'changed=second,stays=first',
        'changed=second,stays=first',
        'changed=second,stays=first',
      ])
      assert.ok((await replicator.verify()).equal)
    }))

  test('ends its batch when such rows fill the byte budget', () =>
    within(world, async w => {
      const replica = w.replica()
      const replicator = w.replicator(replica, { byteBudget: 2500 })
      await drain(replicator)
      for (let i = 0; i < 6; i++) await w.put(`doc${i}`, 'x'.repeat(1000))
      await ref(w, 'scn > 0')
      const steps: number[] = []
      replicator.on('progress', event => steps.push(event.applied))
      await drain(replicator)
      assert.deepEqual(steps, [3, 3])
      assert.ok((await replicator.verify()).equal)
    }))

  test('the upstream clock may jump: entries are applied by number, lag is never below zero', () =>
    within(world, async w => {
      const replica = w.replica()
      const replicator = w.replicator(replica, { batchSize: 2 })
      await drain(replicator)
      for (let i = 0; i < 6; i++) await w.put(`doc${i}`)
      const day = kind === 'MariaDB' ? 'INTERVAL 1 DAY' : `INTERVAL '1 day'`
      const shift = (sign: string): string =>
        kind === 'SQLite' ? `created_at ${sign} 86400000000` : `created_at ${sign} ${day}`
      await w.sql(`UPDATE vec_shadow_log SET created_at = ${shift('-')} WHERE scn IN (3, 4)`)
      await w.sql(`UPDATE vec_shadow_log SET created_at = ${shift('+')} WHERE scn IN (2, 5)`)
      const lags: number[] = []
      replicator.on('progress', event => lags.push(event.lagSeconds))
      await drain(replicator)
      assert.equal(lags.length, 3)
      assert.ok(lags.every(lag => lag >= 0))
      assert.ok(lags[0] > 86_000 && lags[1] === 0, lags.join())
      assert.equal(idsOf(replica).length, 6)
      assert.ok((await replicator.verify()).equal)
    }))

  test('writers during a bootstrap: what they change between its pages is right in the end', () =>
    within(world, async w => {
      for (let i = 0; i < 60; i++) await w.put(`doc${String(i).padStart(2, '0')}`)
      const replica = w.replica()
      const replicator = w.replicator(replica, { batchSize: 10 })
      for (let page = 0; page < 6; page++) {
        await replicator.pass()
        // Behind the cursor, at it, ahead of it; new and gone.
        await w.put('doc00', `v${page}`)
        await w.put(`doc${page}9`, `v${page}`)
        await w.put('doc59', `v${page}`)
        await w.put(`doc${page}9-new`)
        await w.sql(`DELETE FROM shadow_vec_docs WHERE id IN ('doc${page}1', 'doc5${page}')`)
      }
      await drain(replicator)
      assert.equal(replicator.status().datasets[0].state, 'live')
      const report = await replicator.verify()
      assert.deepEqual(report.datasets[0].differences, [])
      assert.ok(report.equal)
    }))
})

/** How many transactions wait for a lock. */
const WAITING: Readonly<Record<string, string>> = {
  MariaDB: `SELECT count(*) AS n FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'`,
  PostgreSQL: `SELECT count(*) AS n FROM pg_locks WHERE NOT granted`,
}

/** So many times the time after which a transaction that waits looks for a deadlock. */
async function deadlockTimeouts(times: number, client: UpstreamClient): Promise<void> {
  const [row] = await client.sql(
    `SELECT setting::int AS ms FROM pg_settings WHERE name = 'deadlock_timeout'`,
  )
  await new Promise(resolve => {
    setTimeout(resolve, times * Number(row['ms']))
  })
}

const nothing = (): Promise<unknown> => Promise.resolve()

onEachUpstream(
  'deadlocks',
  (_world, kind, upstream) => {
    test('a writer that is chosen as their victim writes again, once', async () => {
      const w = await World.make(upstream(), false)
      await installUpstream(upstream().upstream, { capture: 'app' })
      await createDataset(upstream().upstream, 'd')
      const other = await upstream().client()
      let connections = 0
      let beforeCounter = nothing
      const writer = createWriter({
        upstream: {
          ...upstream().upstream,
          async connect() {
            connections++
            const session = await upstream().upstream.connect()
            return {
              rows: (...args) => session.rows(...args),
              async run(sql, ...args) {
                if (/INSERT INTO .vec_dataset_scn/.test(sql)) await beforeCounter()
                return session.run(sql, ...args)
              },
              close: () => session.close(),
              destroy: () => session.destroy(),
            }
          },
        },
      })
      await writer.tx('d', batch => {
        for (let i = 0; i < 20; i++) batch.upsert({ id: `doc${i}` })
      })
      // The other way round, the counter first; with many rows, so that the writer is the cheaper victim.
      if (kind === 'MariaDB')
        await other.sql('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED')
      await other.sql('BEGIN')
      await other.sql(`UPDATE shadow_vec_docs SET meta = 'x' WHERE id <> 'doc3'`)
      await other.sql('UPDATE vec_dataset_scn SET last_scn = last_scn')
      const watcher = await upstream().client()
      const isBlocked = async (): Promise<boolean> => {
        // MariaDB caches this table, and refreshes it only after 0.1 s without a query.
        if (kind === 'MariaDB') await sleep(200)
        return Number((await watcher.sql(WAITING[kind]))[0]['n']) > 0
      }
      const overtaken = new Promise<unknown>(resolve => {
        beforeCounter = async () => {
          beforeCounter = nothing
          // Waits for the writer's row; the writer then waits for the counter, which closes the circle.
          const waiting = other.sql(`UPDATE shadow_vec_docs SET meta = 'x' WHERE id = 'doc3'`)
          await until(isBlocked, 'the other transaction never waited for the writer')
          // PostgreSQL ends who looks for a circle and finds one: the other has looked by then, and the writer will.
          if (kind === 'PostgreSQL') await deadlockTimeouts(10, watcher)
          resolve(waiting)
        }
      })
      const writing = writer.tx('d', batch => batch.upsert({ id: 'doc3', content: 'again' }))
      await overtaken
      await other.sql('ROLLBACK')
      assert.equal((await writing).scn, 21n)
      assert.equal(connections, 2, `the writer was not the victim (${kind})`)
      const entries = await w.scns()
      assert.deepEqual(
        entries,
        entries.map((_, i) => i + 1),
      )
      const rows = await w.sql(
        `SELECT count(*) AS n FROM vec_shadow_log WHERE document_id = 'doc3'`,
      )
      assert.equal(Number(rows[0]['n']), entries.length - 19)
      await writer.close()
      await other.end()
      await watcher.end()
      await w.close()
    })
  },
  ['MariaDB', 'PostgreSQL'],
)
