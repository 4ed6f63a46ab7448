import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prune } from '../../src/entries/vecsync.ts'
import { drain, idsOf, onEachUpstream, within } from './world.ts'

onEachUpstream('retention', (world, kind) => {
  test('entries that every replica has acknowledged go, and each replica keeps its checkpoint', () =>
    within(world, async w => {
      const near = w.replica()
      const far = w.replica()
      const first = w.replicator(near, { ackInterval: 0 })
      const second = w.replicator(far, { ackInterval: 0 })
      await drain(first)
      await drain(second)
      for (let i = 0; i < 10; i++) await w.put(`doc${i}`)
      await drain(first)
      assert.deepEqual(await prune(w.upstream.upstream, { minAge: 0 }), [
        { datasetId: 'd', prunedScn: 0n, deleted: 0 },
      ])
      await drain(second)
      for (let i = 10; i < 15; i++) await w.put(`doc${i}`)
      await drain(first)
      const [report] = await prune(w.upstream.upstream, { minAge: 0, chunk: 4 })
      assert.deepEqual(report, { datasetId: 'd', prunedScn: 9n, deleted: 9 })
      assert.deepEqual(await w.scns(), [10, 11, 12, 13, 14, 15])
      await drain(second)
      assert.ok((await second.verify()).equal)
      assert.ok((await first.verify()).equal)
    }))

  test('young entries stay', () =>
    within(world, async w => {
      for (let i = 0; i < 5; i++) await w.put(`doc${i}`)
      const [kept] = await prune(w.upstream.upstream, { minAge: 3600 })
      assert.deepEqual(kept, { datasetId: 'd', prunedScn: 0n, deleted: 0 })
      const [gone] = await prune(w.upstream.upstream, { minAge: 0 })
      assert.deepEqual(gone, { datasetId: 'd', prunedScn: 5n, deleted: 5 })
    }))

  test('a silent replica stops pinning, reads LOG_PRUNED, and comes back by a bootstrap', () =>
    within(world, async w => {
      const replica = w.replica()
      const replicator = w.replicator(replica, { ackInterval: 0 })
      await w.put('old')
      await drain(replicator)
      await w.sql(
        kind === 'SQLite'
          ? 'UPDATE vec_replica SET seen_at = seen_at - 3000000000000'
          : `UPDATE vec_replica SET seen_at = seen_at - INTERVAL ${kind === 'MariaDB' ? '30 DAY' : `'30 days'`}`,
      )
      for (let i = 0; i < 5; i++) await w.put(`doc${i}`)
      await w.sql(`DELETE FROM shadow_vec_docs WHERE id = 'old'`)
      await prune(w.upstream.upstream, { minAge: 0 })
      await drain(replicator)
      assert.equal(replicator.status().datasets[0].haltCode, 'LOG_PRUNED')
      assert.deepEqual(idsOf(replica), ['old'])
      await replicator.rebootstrap()
      await drain(replicator)
      assert.equal(idsOf(replica).length, 5)
      assert.ok((await replicator.verify()).equal)
    }))

  test('what an interrupted prune left below its mark is deleted by the next', () =>
    within(world, async w => {
      for (let i = 0; i < 5; i++) await w.put(`doc${i}`)
      await w.sql('UPDATE vec_dataset_scn SET pruned_scn = 3')
      const [report] = await prune(w.upstream.upstream, { minAge: 3600 })
      assert.deepEqual(report, { datasetId: 'd', prunedScn: 3n, deleted: 3 })
      const replica = w.replica()
      const replicator = w.replicator(replica)
      await drain(replicator)
      assert.ok((await replicator.verify()).equal)
    }))

  test('a bootstrap pins the log before its first page', () =>
    within(world, async w => {
      for (let i = 0; i < 6; i++) await w.put(`doc${i}`)
      const replica = w.replica()
      const replicator = w.replicator(replica, { batchSize: 2 })
      await replicator.pass()
      assert.equal(replicator.status().datasets[0].state, 'bootstrap')
      await w.put('doc0', 'changed meanwhile')
      await prune(w.upstream.upstream, { minAge: 0 })
      await drain(replicator)
      assert.equal(replicator.status().datasets[0].haltCode, undefined)
      assert.ok((await replicator.verify()).equal)
    }))

  test('an upstream that forbids acknowledgements costs one warning', () =>
    within(world, async w => {
      await w.put('a')
      await w.sql('ALTER TABLE vec_replica RENAME TO elsewhere')
      const warnings: string[] = []
      const replica = w.replica()
      const replicator = w.replicator(replica, { ackInterval: 0 })
      replicator.on('warning', event => warnings.push(event.message))
      await drain(replicator)
      await drain(replicator)
      assert.deepEqual(idsOf(replica), ['a'])
      assert.equal(warnings.length, 1)
      assert.match(warnings[0], /could not report the position of this replica to the upstream/)
    }))
})
