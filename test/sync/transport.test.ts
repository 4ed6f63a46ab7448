import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before as beforeAll, describe, test } from 'node:test'
import { createConnection } from 'mysql2/promise'
import pg from 'pg'
import {
  createDataset,
  createReplicator,
  createWriter,
  installUpstream,
  mysqlUpstream,
  postgresUpstream,
  sqliteUpstream,
} from '../../src/entries/vecsync.ts'
import { redact } from '../../src/replication/failure.ts'
import { mariadbMissing, startMariadb } from '../servers/mariadb.ts'
import { startProxy } from '../servers/proxy.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { until } from '../servers/until.ts'
import { openSqlite } from './sqlite-database.ts'
import { DEADLINE, wires, type Wire } from './wires.ts'
import { drain, idsOf, onEachUpstream, within } from './world.ts'

for (const { name, missing, make } of wires) {
  describe(`a bad wire to ${name}`, { skip: missing ?? false }, () => {
    let wire: Wire
    beforeAll(async () => {
      wire = await make()
      await installUpstream(wire.direct, { capture: 'app' })
      await createDataset(wire.direct, 'd')
      const writer = createWriter({ upstream: wire.direct })
      for (let page = 0; page < 4; page++) {
        await writer.tx('d', batch => {
          for (let i = 0; i < 50; i++) {
            batch.upsert({ id: `doc${page}-${i}`, content: 'x'.repeat(500) })
          }
        })
      }
      await writer.close()
    })
    after(async () => {
      await wire.proxy.close()
      await wire.server.remove()
    })

    for (const phase of ['bootstrap', 'tail'] as const) {
      for (const action of ['cut', 'freeze'] as const) {
        test(`${action} mid-result of a ${phase}: an error within the deadline, then all of it`, async () => {
          const replica = openSqlite()
          const replicator = createReplicator({ source: wire.proxied, replica, batchSize: 100 })
          if (phase === 'tail') {
            await drain(replicator)
            replica.exec('DELETE FROM shadow_vec_docs')
            replica.exec('UPDATE vec_sync_state SET last_scn = 0, fingerprint = NULL')
          }
          let failures = 0
          for (const bytes of [0, 50, 700, 3000, 20_000, 60_000]) {
            wire.proxy.arm(action, bytes)
            const start = performance.now()
            try {
              await drain(replicator)
            } catch (error) {
              failures++
              assert.match((error as { code: string }).code, /^SYNC_(TRANSPORT|TIMEOUT)$/)
            }
            const took = performance.now() - start
            assert.ok(took < 4 * DEADLINE + 2000, `${bytes} bytes: ${took} ms`)
            wire.proxy.disarm()
          }
          assert.ok(failures >= 3, `${failures} failures`)
          await drain(replicator)
          assert.equal(idsOf(replica).length, 200)
          assert.ok((await replicator.verify()).equal)
          await replicator.close()
          replica.close()
        })
      }
    }

    test('a COMMIT whose answer is lost is repeated without a second effect', async () => {
      const writer = createWriter({ upstream: wire.proxied, attempts: 8 })
      await writer.tx('d', batch => batch.upsert({ id: 'warm' }))
      const before = (await writer.tx('d', () => undefined)).scn
      let replayed = 0
      let expected = before
      for (let bytes = 0; bytes < 1500; bytes += 11) {
        // Some of these cut the answer to COMMIT, others an earlier one.
        wire.proxy.arm('cut', bytes)
        const result = await writer.tx('d', batch => batch.upsert({ id: `once${bytes}` }), {
          requestId: `request-${name}-${bytes}`,
        })
        wire.proxy.disarm()
        expected++
        assert.equal(result.scn, expected)
        if (result.replayed) replayed++
      }
      assert.ok(replayed > 0, 'no COMMIT was cut')
      await writer.close()
    })

    test('follow survives a server that is stopped and started', async () => {
      const replica = openSqlite()
      const replicator = createReplicator({ source: wire.direct, replica, interval: 20 })
      const stop = new AbortController()
      const warnings: string[] = []
      replicator.on('warning', event => warnings.push(event.message))
      const following = replicator.follow(stop.signal)
      const writer = createWriter({ upstream: wire.direct })
      try {
        const first = await writer.tx('d', batch => batch.upsert({ id: 'before' }))
        await replicator.waitFor(first.scn)
        await wire.server.kill()
        const retried = (): boolean => warnings.some(warning => warning.includes('trying again'))
        await until(retried, 'the server is gone, and nothing warned')
        await wire.server.start()
        const second = await writer.tx('d', batch => batch.upsert({ id: 'after' }))
        await replicator.waitFor(second.scn, 40_000)
      } finally {
        stop.abort()
        await following
        await writer.close()
        replica.close()
      }
    })

    test('nobody listens on the port: an error, not a hang', async () => {
      const proxy = await startProxy(1)
      await proxy.close()
      const upstream =
        name === 'MariaDB'
          ? mysqlUpstream(() => createConnection({ host: '127.0.0.1', port: proxy.port }))
          : postgresUpstream(() => new pg.Client({ host: '127.0.0.1', port: proxy.port }))
      await assert.rejects(upstream.connect(), { code: 'SYNC_TRANSPORT' })
    })
  })
}

describe('settings of a mysql2 connection', { skip: mariadbMissing ?? false }, () => {
  test('none of them changes what arrives, and one that loses characters is refused', async () => {
    const server = await startMariadb()
    try {
      const plain = mysqlUpstream(() => server.connect())
      await installUpstream(plain)
      await createDataset(plain, 'd')
      const odd = mysqlUpstream(() =>
        server.connect({
          rowsAsArray: true,
          namedPlaceholders: true,
          decimalNumbers: true,
          dateStrings: false,
          typeCast: false,
          timezone: '+05:30',
        }),
      )
      const client = await server.connect()
      await client.query(`UPDATE vec_dataset_scn SET last_scn = 9007199254740993`)
      await client.query(`INSERT INTO shadow_vec_docs (dataset_id, id) VALUES ('d', 'é😀')`)
      await client.query(`UPDATE vec_dataset_scn SET last_scn = 9007199254740993`)
      const replica = openSqlite()
      const replicator = createReplicator({ source: odd, replica, batchSize: 1 })
      await drain(replicator)
      await client.query(`INSERT INTO shadow_vec_docs (dataset_id, id) VALUES ('d', 'z')`)
      await drain(replicator)
      assert.equal(replicator.status().datasets[0].lastScn, 9_007_199_254_740_994n)
      assert.ok((await replicator.verify()).equal)
      assert.deepEqual(idsOf(replica), ['z', 'é😀'])
      await replicator.close()
      replica.close()
      await client.end()
      const latin = mysqlUpstream(() => server.connect({ charset: 'latin1_swedish_ci' }))
      await assert.rejects(latin.connect(), {
        code: 'SYNC_UPSTREAM',
        hint: `create it with charset 'utf8mb4'`,
      })
    } finally {
      await server.remove()
    }
  })
})

describe('secrets', () => {
  test(
    'wrong credentials: an error that names no password',
    { skip: mariadbMissing ?? false },
    async () => {
      const server = await startMariadb()
      try {
        const upstream = mysqlUpstream(() =>
          createConnection({ uri: `mysql://nobody:hunter2@127.0.0.1:${server.port}/test` }),
        )
        const replica = openSqlite()
        const replicator = createReplicator({ source: upstream, replica })
        const error = await replicator.follow(AbortSignal.timeout(5000)).then(
          () => undefined,
          (reason: unknown) => reason as Error & { code: string },
        )
        assert.equal(error?.code, 'SYNC_ACCESS')
        assert.doesNotMatch(
          `${error?.message} ${String(error?.stack)} ${JSON.stringify(error?.cause)}`,
          /hunter2/,
        )
        replica.close()
      } finally {
        await server.remove()
      }
    },
  )

  test('a URL that cannot be read is reported without its password', async () => {
    const upstream = mysqlUpstream(() => {
      throw Object.assign(new TypeError('Invalid URL: mysql://me:hunter2@host:x/db'), {
        input: 'mysql://me:hunter2@host:x/db',
      })
    })
    const error = await upstream.connect().then(
      () => undefined,
      (reason: unknown) => reason as Error,
    )
    const { inspect } = await import('node:util')
    assert.match(error!.message, /mysql:\/\/me:\*\*\*@host/)
    assert.doesNotMatch(inspect(error, { depth: 9 }), /hunter2/)
  })

  test('passwords in every common form are taken out', () => {
    for (const text of [
      'postgres://u:hunter2@h/db',
      'postgresql://:hunter2@h',
      'password=hunter2 host=x',
      `{"password": "hunter2"}`,
      `pwd='hunter2'`,
      'mysql://u:hunter2:with:colons@h/db',
      'mysql://u:hunter2/with/slash@h/db',
    ]) {
      assert.doesNotMatch(redact(text), /hunter2/, text)
    }
    assert.equal(redact('plain: text@here'), 'plain: text@here')
  })
})

describe('a replica that cannot serve', () => {
  const source = sqliteUpstream(() => openSqlite())

  test('opened read-only', async () => {
    const path = join(temporaryFolder('read-only'), 'replica.db')
    openSqlite(path).close()
    const replica = openSqlite(path, { readonly: true })
    await assert.rejects(createReplicator({ source, replica }).pass(), {
      code: 'SYNC_REPLICA',
      message: /read-only/,
    })
    replica.close()
  })

  test('a shadow table with other columns: every difference is named', async () => {
    const replica = openSqlite()
    replica.exec(
      'CREATE TABLE shadow_vec_docs (id TEXT PRIMARY KEY, dataset_id TEXT, content TEXT NOT NULL, meta TEXT, lang TEXT NOT NULL)',
    )
    await assert.rejects(createReplicator({ source, replica }).pass(), {
      code: 'SYNC_REPLICA',
      message:
        'cannot use table shadow_vec_docs: its primary key is (id), not (dataset_id, id); column content is NOT NULL; column embedding is missing; column lang is NOT NULL without a default',
    })
    replica.close()
  })

  test('a shadow table of the five columns of a vec table is completed', async () => {
    const replica = openSqlite()
    replica.exec(
      'CREATE TABLE _vec_docs (dataset_id TEXT NOT NULL, id TEXT NOT NULL, content TEXT, meta TEXT, embedding BLOB, PRIMARY KEY (dataset_id, id))',
    )
    replica.exec(
      'CREATE TABLE vec_sync_state (dataset_id TEXT NOT NULL, shadow_table TEXT NOT NULL, last_scn INTEGER NOT NULL, PRIMARY KEY (dataset_id, shadow_table))',
    )
    replica.exec(`INSERT INTO vec_sync_state VALUES ('d', 'shadow_vec_docs', 17)`)
    const replicator = createReplicator({ source, replica, replicaTable: '_vec_docs' })
    assert.equal(replicator.status().datasets[0].state, 'new')
    const columns = replica.prepare(`SELECT name FROM pragma_table_info('_vec_docs')`).all()
    assert.deepEqual((columns as { name: string }[]).map(({ name }) => name).slice(5), [
      'embedding_model',
      'scn',
      'archived',
    ])
    replica.close()
  })

  test('bad options are refused', () => {
    const replica = openSqlite()
    for (const options of [{ batchSize: 0 }, { batchSize: 1.5 }, { byteBudget: 0 }]) {
      assert.throws(() => createReplicator({ source, replica, ...options }), RangeError)
    }
    assert.throws(() => createReplicator({ source, replica, shadowTable: '' }), TypeError)
    const autoRebootstrap = ['POISON_ENTRY'] as unknown as ['LOG_GAP']
    assert.throws(
      () => createReplicator({ source, replica, policy: { autoRebootstrap } }),
      RangeError,
    )
    replica.close()
  })
})

onEachUpstream(
  'upstream and replica',
  world => {
    test('the same file is refused', () =>
      within(world, async w => {
        const [row] = await w.sql(`SELECT file FROM pragma_database_list WHERE name = 'main'`)
        const replica = w.replica(String(row['file']))
        await assert.rejects(w.replicator(replica, { replicaTable: 'other' }).pass(), {
          code: 'SYNC_REPLICA',
          message: /\bsame file\b/,
        })
      }))
  },
  ['SQLite'],
)
