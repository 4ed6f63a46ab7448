import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  createDataset,
  createReplicator,
  installUpstream,
  mysqlUpstream,
  type HaltCode,
} from '../../src/entries/vecsync.ts'
import { seededTest } from '../seed.ts'
import { galeraMissing, startGalera, type GaleraCluster } from '../servers/galera.ts'
import { until } from '../servers/until.ts'
import { writeAtRandom, type WriterTally } from '../soak/sync-writer.ts'
import { openSqlite } from './sqlite-database.ts'
import { mariadbWriting } from './test-upstreams.ts'

describe('a Galera cluster of three nodes', { skip: galeraMissing ?? false }, () => {
  let cluster: GaleraCluster
  before(async () => {
    cluster = await startGalera()
  })
  after(() => cluster?.remove())

  seededTest('CHAOS_SEED')(
    'writers on all nodes, a node killed and rejoined, the replicator failing over: nothing is lost',
    async (t, seed) => {
      const statements = Math.ceil(Number(process.env['CHAOS_OPS'] ?? 2400) / 6)
      const { nodes } = cluster
      let at = 0
      const upstream = mysqlUpstream(() => nodes[at].connect(), {
        description: 'Galera',
        deadline: 15_000,
      })
      await installUpstream(upstream)
      for (const dataset of ['alpha', 'beta']) await createDataset(upstream, dataset)
      const replica = openSqlite()
      const replicator = createReplicator({
        // Each new connection goes to the next node.
        source: {
          ...upstream,
          connect: () => {
            at = (at + 1) % nodes.length
            return upstream.connect()
          },
        },
        replica,
        batchSize: 50,
        interval: 10,
      })
      const halts: (HaltCode | undefined)[] = []
      replicator.on('state', event => {
        if (event.to === 'halted') halts.push(event.code)
      })
      const stop = new AbortController()
      const following = replicator.follow(stop.signal)

      const tally: WriterTally = { statements: 0, rollbacks: 0, conflicts: 0, reconnects: 0 }
      const writers = Promise.all(
        Array.from({ length: 6 }, (_, n) => {
          let node = n
          return writeAtRandom(
            {
              upstream: mariadbWriting(() => nodes[node++ % nodes.length].connect()),
              seed: seed * 31 + n,
              statements,
              datasets: ['alpha', 'beta'],
              documents: 300,
              replace: true,
              ignore: true,
            },
            tally,
          )
        }),
      )
      await until(() => tally.statements > statements, 'the writers write nothing')
      // The very node that the replicator reads from.
      const victim = at
      await nodes[victim].kill()
      await until(() => at !== victim, 'the replicator stays with the node that was killed')
      await nodes[victim].start()
      await writers
      stop.abort()
      await following

      const positions = new Map<string, string>()
      for (const [i, node] of nodes.entries()) {
        const connection = await node.connect()
        await connection.query('SET SESSION wsrep_sync_wait = 7')
        const [rows] = await connection.query(
          'SELECT dataset_id, last_scn, (SELECT COUNT(*) FROM vec_shadow_log l WHERE l.dataset_id = s.dataset_id) AS entries FROM vec_dataset_scn s ORDER BY 1',
        )
        positions.set(`n${i}`, JSON.stringify(rows))
        for (const row of rows as { last_scn: number; entries: number }[]) {
          assert.equal(row.entries, row.last_scn, 'the log is dense on every node')
        }
        await connection.end()
      }
      assert.equal(new Set(positions.values()).size, 1, JSON.stringify([...positions]))

      assert.deepEqual(halts, [])
      for (const [i] of nodes.entries()) {
        at = i + nodes.length - 1
        while ((await replicator.pass()).more);
        const report = await replicator.verify()
        assert.ok(
          report.equal,
          `against node ${i}: ${JSON.stringify(report, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v))}`,
        )
        await replicator.close()
      }
      t.diagnostic(
        `${tally.statements} statements, ${tally.conflicts} conflicts, ${tally.reconnects} reconnects, ${positions.get('n0')}`,
      )
      assert.ok(tally.conflicts + tally.reconnects > 0)
      replica.close()
    },
  )

  test('a node that lags behind is waited for: without wsrep_sync_wait it would look like a rewind', async () => {
    const { nodes } = cluster
    let at = 0
    const upstream = mysqlUpstream(() => nodes[at].connect(), { deadline: 1500 })
    await installUpstream(upstream, { shadowTable: 'lagging' })
    await createDataset(upstream, 'slow', { shadowTable: 'lagging' })
    const replica = openSqlite()
    const replicator = createReplicator({
      source: upstream,
      replica,
      shadowTable: 'lagging',
      datasets: ['slow'],
    })
    const writer = await nodes[0].connect()
    await writer.query(`INSERT INTO lagging (dataset_id, id) VALUES ('slow', 'a')`)
    while ((await replicator.pass()).more);

    // Node 1 stops applying; the others go on.
    const holder = await nodes[1].connect()
    await holder.query('SET SESSION wsrep_sync_wait = 7')
    await holder.query('SELECT 1 FROM lagging')
    await holder.query('FLUSH TABLES WITH READ LOCK')
    for (const id of ['b', 'c']) {
      await writer.query(`INSERT INTO lagging (dataset_id, id) VALUES ('slow', '${id}')`)
    }
    while ((await replicator.pass()).more);
    assert.equal(replicator.status().datasets[0].lastScn, 3n)
    await replicator.close()

    at = 1
    const bare = await nodes[1].connect()
    await bare.query('SET SESSION wsrep_sync_wait = 0')
    const [rows] = await bare.query(
      `SELECT last_scn FROM vec_dataset_scn WHERE dataset_id = 'slow'`,
    )
    assert.deepEqual(rows, [{ last_scn: 1 }], 'a read that does not wait sees the past')
    await assert.rejects(replicator.pass(), { code: 'SYNC_TIMEOUT' })
    assert.equal(replicator.status().datasets[0].haltCode, undefined)
    await holder.query('UNLOCK TABLES')
    await writer.query(`INSERT INTO lagging (dataset_id, id) VALUES ('slow', 'd')`)
    while ((await replicator.pass()).more);
    assert.equal(replicator.status().datasets[0].lastScn, 4n)
    assert.ok((await replicator.verify()).equal)
    await replicator.close()
    for (const connection of [writer, holder, bare]) await connection.end()
    replica.close()
  })
})
