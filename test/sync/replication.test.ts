import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  createDataset,
  createReplicator,
  dropDataset,
  installUpstream,
  position,
} from '../../src/entries/vecsync.ts'
import { openSqlite } from './sqlite-database.ts'
import { upstreamKinds, type TestUpstream } from './test-upstreams.ts'

for (const kind of upstreamKinds) {
  describe(`replication from ${kind.name}`, { skip: kind.missing ?? false }, () => {
    let upstream: TestUpstream
    before(async () => {
      upstream = await kind.make()
    })
    after(() => upstream.remove())

    test('what is there before and what comes after is the same on both sides', async () => {
      await upstream.fresh()
      await installUpstream(upstream.upstream)
      await installUpstream(upstream.upstream)
      await createDataset(upstream.upstream, 'd')
      const client = await upstream.client()
      for (let i = 0; i < 25; i++) {
        await client.sql(upstream.upsert('d', `doc${i}`, `text ${i}`, '0000803f00000040'))
      }
      const replica = openSqlite()
      const replicator = createReplicator({
        source: upstream.upstream,
        replica,
        batchSize: 7,
      })
      while ((await replicator.pass()).more);
      assert.equal(replicator.status().datasets[0].state, 'live')
      await client.sql(upstream.upsert('d', 'doc3', 'changed', null))
      await client.sql(`DELETE FROM shadow_vec_docs WHERE id = 'doc4'`)
      await client.sql(`UPDATE shadow_vec_docs SET archived = 1 WHERE id LIKE 'doc1%'`)
      while ((await replicator.pass()).more);
      await replicator.waitFor(await position(upstream.upstream, 'd'))
      const report = await replicator.verify()
      assert.deepEqual(report.datasets[0].differences, [])
      assert.ok(report.equal)
      assert.equal(report.datasets[0].upstream.rows, 24)
      await dropDataset(upstream.upstream, 'd')
      while ((await replicator.pass()).more);
      assert.equal(replicator.status().datasets[0].state, 'dropped')
      assert.deepEqual(replica.prepare('SELECT count(*) AS n FROM shadow_vec_docs').get(), { n: 0 })
      await createDataset(upstream.upstream, 'd')
      await client.sql(upstream.upsert('d', 'again', 'new', null))
      while ((await replicator.pass()).more);
      assert.ok((await replicator.verify()).equal)
      assert.deepEqual(replica.prepare('SELECT id FROM shadow_vec_docs').all(), [{ id: 'again' }])
      await replicator.close()
      await client.end()
    })
  })
}
