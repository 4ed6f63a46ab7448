import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDataset } from '../../src/entries/vecsync.ts'
import { drain, onEachUpstream, within } from './world.ts'

onEachUpstream('verification', world => {
  test('a one-byte difference is found and mended without a bootstrap', () =>
    within(world, async w => {
      for (let i = 0; i < 300; i++) await w.put(`doc${i}`, `text ${i}`, '0000803f00000040')
      const replica = w.replica()
      const replicator = w.replicator(replica)
      await drain(replicator)
      assert.ok((await replicator.verify()).equal)
      replica.exec(`UPDATE shadow_vec_docs SET embedding = x'0000803f00000041' WHERE id = 'doc7'`)
      replica.exec(`UPDATE shadow_vec_docs SET content = 'Text 8', scn = 1000000 WHERE id = 'doc8'`)
      replica.exec(`DELETE FROM shadow_vec_docs WHERE id = 'doc9'`)
      replica.exec(`INSERT INTO shadow_vec_docs (dataset_id, id) VALUES ('d', 'ghost')`)
      replica.exec(`UPDATE shadow_vec_docs SET embedding_model = '' WHERE id = 'doc10'`)
      replica.exec(`UPDATE shadow_vec_docs SET archived = 1 WHERE id = 'doc11'`)
      const [found] = (await replicator.verify()).datasets
      assert.ok(!found.equal)
      assert.deepEqual(
        found.differences.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
        [
          { id: 'doc10', kind: 'different' },
          { id: 'doc11', kind: 'different' },
          { id: 'doc7', kind: 'different' },
          { id: 'doc8', kind: 'different', reason: 'scn is 1000000, beyond the last change' },
          { id: 'doc9', kind: 'missing' },
          { id: 'ghost', kind: 'extra' },
        ],
      )
      const states: string[] = []
      replicator.on('state', event => states.push(event.to))
      const untouched = replica.prepare(`SELECT scn FROM shadow_vec_docs WHERE id = 'doc12'`).get()
      const repair = await replicator.repair()
      assert.equal(repair.repaired, 6)
      assert.ok(repair.after.equal)
      assert.equal(
        repair.after.datasets[0].replica.checksum,
        repair.after.datasets[0].upstream.checksum,
      )
      assert.deepEqual(states, [])
      assert.deepEqual(
        replica.prepare(`SELECT scn FROM shadow_vec_docs WHERE id = 'doc12'`).get(),
        untouched,
      )
      await w.sql(`UPDATE shadow_vec_docs SET content = 'after' WHERE id = 'doc8'`)
      await drain(replicator)
      assert.ok((await replicator.verify()).equal)
    }))

  test('verify brings the replica to the upstream moment itself', () =>
    within(world, async w => {
      const replica = w.replica()
      const replicator = w.replicator(replica, { batchSize: 3 })
      await drain(replicator)
      for (let i = 0; i < 10; i++) await w.put(`doc${i}`)
      const [dataset] = (await replicator.verify()).datasets
      assert.ok(dataset.equal)
      assert.equal(dataset.scn, 10n)
      assert.equal(dataset.replica.rows, 10)
    }))

  test('an empty dataset, and one without a counter, are equal to nothing', () =>
    within(world, async w => {
      await createDataset(w.upstream.upstream, 'e')
      const replicator = w.replicator(w.replica())
      await drain(replicator)
      assert.deepEqual(
        replicator
          .status()
          .datasets.map(({ datasetId, state, lastScn }) => ({ datasetId, state, lastScn })),
        [
          { datasetId: 'd', state: 'live', lastScn: 0n },
          { datasetId: 'e', state: 'live', lastScn: 0n },
        ],
      )
      assert.ok((await replicator.verify()).equal)
      await replicator.waitFor({ datasetId: 'e', scn: 0n })
    }))

  test('a second process verifies while another one holds the lease', () =>
    within(world, async w => {
      await w.put('a')
      const replica = w.replica()
      const runs = w.replicator(replica)
      await drain(runs)
      const looks = w.replicator(replica)
      assert.ok((await looks.verify()).equal)
      replica.exec(`UPDATE shadow_vec_docs SET content = 'b'`)
      assert.ok(!(await looks.verify()).equal)
      await w.put('b')
      await assert.rejects(looks.verify({ patience: 200 }), { code: 'SYNC_LEASE' })
    }))

  test('old entries applied again change nothing', () =>
    within(world, async w => {
      const replica = w.replica()
      const replicator = w.replicator(replica)
      await drain(replicator)
      for (let i = 0; i < 5; i++) {
        await w.put('a', `v${i}`)
        await w.put(`b${i}`)
      }
      await w.sql(`DELETE FROM shadow_vec_docs WHERE id = 'b3'`)
      await drain(replicator)
      const before = replica.prepare('SELECT * FROM shadow_vec_docs ORDER BY id').all()
      replica.exec('UPDATE vec_sync_state SET last_scn = 2, fingerprint = NULL')
      assert.equal(await drain(replicator), 9)
      assert.deepEqual(replica.prepare('SELECT * FROM shadow_vec_docs ORDER BY id').all(), before)
      assert.ok((await replicator.verify()).equal)
    }))

  test('numbers beyond 2^53 stay exact from the counter to the replica', () =>
    within(world, async w => {
      await w.put('a')
      const huge = 9_007_199_254_740_993n
      await w.sql(`UPDATE vec_dataset_scn SET last_scn = ${huge}`)
      const replica = w.replica()
      const replicator = w.replicator(replica)
      await drain(replicator)
      assert.equal(replicator.status().datasets[0].lastScn, huge)
      await w.put('b')
      await w.put('a', 'again')
      await drain(replicator)
      await replicator.waitFor(huge + 2n)
      assert.equal(replicator.status().datasets[0].lastScn, huge + 2n)
      assert.deepEqual(
        replica
          .prepare('SELECT id, CAST(scn AS TEXT) AS scn FROM shadow_vec_docs ORDER BY id')
          .all(),
        [
          { id: 'a', scn: String(huge + 2n) },
          { id: 'b', scn: String(huge + 1n) },
        ],
      )
      assert.ok((await replicator.verify()).equal)
    }))

  test('waitFor ends when the change is there, and says where it is when it is not', () =>
    within(world, async w => {
      const replica = w.replica()
      const replicator = w.replicator(replica)
      await drain(replicator)
      await assert.rejects(replicator.waitFor(1n, 60), {
        code: 'SYNC_TIMEOUT',
        message: /"d".*\blive\b.*\b0\b.*\b1\b.*\b60 ms\b/,
      })
      await w.put('a')
      const waiting = replicator.waitFor(1n, 5000)
      await replicator.pass()
      await waiting
    }))
})
