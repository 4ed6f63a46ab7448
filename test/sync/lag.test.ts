import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDataset, dropDataset, replicationLag } from '../../src/entries/vecsync.ts'
import { drain, onEachUpstream, within } from './world.ts'

onEachUpstream('lag, seen from another process', (world, _kind, upstream) => {
  test('it counts what is missing, tells its age, and reads both sides only', () =>
    within(world, async w => {
      const replica = w.replica()
      const source = upstream().upstream
      await w.put('a')
      const before = await replicationLag(source, replica)
      assert.deepEqual(
        before.map(({ datasetId, state, lastScn, headScn, entries }) => ({
          datasetId,
          state,
          lastScn,
          headScn,
          entries,
        })),
        [{ datasetId: 'd', state: 'new', lastScn: 0n, headScn: 1n, entries: 1n }],
      )
      const made = replica.prepare('SELECT name FROM sqlite_master').all()
      assert.deepEqual(made, [], 'nothing was made in the replica')

      const replicator = w.replicator(replica)
      await drain(replicator)
      assert.deepEqual(await replicationLag(source, replica), [
        {
          datasetId: 'd',
          state: 'live',
          lastScn: 1n,
          headScn: 1n,
          entries: 0n,
          seconds: 0,
          haltCode: undefined,
          haltMessage: undefined,
        },
      ])
      await w.put('b')
      await new Promise(resolve => {
        setTimeout(resolve, 300)
      })
      await w.put('c')
      const [lag] = await replicationLag(source, replica)
      assert.equal(lag.entries, 2n)
      // The age of the older one.
      assert.ok(lag.seconds! >= 0.29 && lag.seconds! < 30, String(lag.seconds))
    }))

  test('it is told for the datasets that were asked for, for halted and for dropped ones', () =>
    within(world, async w => {
      const source = upstream().upstream
      for (const name of ['team-a', 'team-b', 'other']) await createDataset(source, name)
      const replica = w.replica()
      const replicator = w.replicator(replica)
      await w.put('x')
      await drain(replicator)
      await dropDataset(source, 'team-b')
      await w.put('y')
      await w.sql(`DELETE FROM vec_shadow_log WHERE dataset_id = 'd'`)
      await drain(replicator)
      const names = async (datasets: string[]): Promise<string[]> =>
        (await replicationLag(source, replica, { datasets })).map(({ datasetId }) => datasetId)
      assert.deepEqual(await names(['team-*']), ['team-a', 'team-b'])
      assert.deepEqual(await names(['d', 'none']), ['d'])
      const all = await replicationLag(source, replica)
      const halted = all.find(({ datasetId }) => datasetId === 'd')!
      assert.equal(halted.state, 'halted')
      assert.ok(halted.haltCode === 'LOG_GAP' || halted.haltCode === 'HISTORY_DIVERGED')
      assert.equal(halted.entries, 1n)
      assert.equal(halted.seconds, undefined, 'the entry that is missing is gone')
      const dropped = all.find(({ datasetId }) => datasetId === 'team-b')!
      assert.deepEqual([dropped.state, dropped.entries], ['dropped', 0n])
    }))
})
