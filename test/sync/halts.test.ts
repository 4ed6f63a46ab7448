import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDataset, dropDataset, type HaltCode } from '../../src/entries/vecsync.ts'
import { drain, idsOf, onEachUpstream, within, type World } from './world.ts'

async function filled(world: World, count = 5): Promise<void> {
  for (let i = 0; i < count; i++) await world.put(`doc${i}`)
}

const set = (what: string) => (w: World) => w.sql(`UPDATE ${what}`)

onEachUpstream('halts', (world, kind) => {
  /** Replicates, breaks the upstream, and expects the next pass to halt with a code and to leave the rows alone. */
  function breaks(
    title: string,
    code: HaltCode,
    breakIt: (world: World) => Promise<unknown>,
    mended?: (world: World) => Promise<unknown>,
  ): void {
    test(title, () =>
      within(world, async w => {
        await filled(w)
        const replica = w.replica()
        const replicator = w.replicator(replica)
        const states: string[] = []
        replicator.on('state', event => states.push(event.to))
        await drain(replicator)
        await breakIt(w)
        await replicator.pass().catch((error: unknown) => {
          assert.equal((error as { code: string }).code, code)
        })
        await replicator.pass().catch(() => undefined)
        const [dataset] = replicator.status().datasets
        assert.equal(dataset.haltCode, code)
        assert.equal(dataset.state, 'halted')
        assert.deepEqual(states, ['bootstrap', 'live', 'halted'])
        assert.equal(idsOf(replica).length, 5)
        await assert.rejects(replicator.waitFor(1n, 100), { code })
        // A second replicator on the same file finds the halt where the first left it.
        await replicator.close()
        const second = w.replicator(replica)
        assert.equal(second.status().datasets[0].haltCode, code)
        if (mended !== undefined) {
          await mended(w)
          await second.resume()
          await drain(second)
          assert.equal(second.status().datasets[0].state, 'live')
          assert.ok((await second.verify()).equal)
        }
      }),
    )
  }

  breaks(
    'UPSTREAM_CHANGED: another identity',
    'UPSTREAM_CHANGED',
    set(`vec_upstream SET upstream_id = '00000000-0000-0000-0000-000000000001'`),
  )
  breaks(
    'SCHEMA_DRIFT: another protocol',
    'SCHEMA_DRIFT',
    set('vec_upstream SET protocol = 3'),
    set('vec_upstream SET protocol = 2'),
  )
  breaks(
    'SCHEMA_DRIFT: a table is missing',
    'SCHEMA_DRIFT',
    w => w.sql('ALTER TABLE vec_dataset_scn RENAME TO elsewhere'),
    w => w.sql('ALTER TABLE elsewhere RENAME TO vec_dataset_scn'),
  )
  breaks('DATASET_GONE: the row of the dataset was deleted', 'DATASET_GONE', async w => {
    await w.sql('DELETE FROM shadow_vec_docs')
    await w.sql('DELETE FROM vec_dataset')
  })
  breaks(
    'EPOCH_CHANGED: dropped and created again behind the replica',
    'EPOCH_CHANGED',
    async w => {
      await dropDataset(w.upstream.upstream, 'd')
      await createDataset(w.upstream.upstream, 'd')
    },
  )
  breaks(
    'UPSTREAM_REWOUND: the counter was set back',
    'UPSTREAM_REWOUND',
    set('vec_dataset_scn SET last_scn = 1'),
    set('vec_dataset_scn SET last_scn = 5'),
  )
  breaks(
    'LOG_PRUNED: the log was pruned beyond the checkpoint',
    'LOG_PRUNED',
    set('vec_dataset_scn SET last_scn = 9, pruned_scn = 8'),
  )
  breaks(
    'HISTORY_DIVERGED: the checkpoint was written at another microsecond',
    'HISTORY_DIVERGED',
    async w => {
      await w.put('more')
      await w.sql(
        kind === 'SQLite'
          ? 'UPDATE vec_shadow_log SET created_at = created_at + 1 WHERE scn = 5'
          : `UPDATE vec_shadow_log SET created_at = created_at + INTERVAL ${kind === 'MariaDB' ? '1 MICROSECOND' : `'1 microsecond'`} WHERE scn = 5`,
      )
    },
    w =>
      w.sql(
        kind === 'SQLite'
          ? 'UPDATE vec_shadow_log SET created_at = created_at - 1 WHERE scn = 5'
          : `UPDATE vec_shadow_log SET created_at = created_at - INTERVAL ${kind === 'MariaDB' ? '1 MICROSECOND' : `'1 microsecond'`} WHERE scn = 5`,
      ),
  )
  breaks(
    'HISTORY_DIVERGED: a fork that went on to a higher number',
    'HISTORY_DIVERGED',
    async w => {
      await w.sql('DELETE FROM vec_shadow_log')
      await w.sql('UPDATE vec_dataset_scn SET last_scn = 0')
      for (let i = 0; i < 7; i++) await w.put(`fork${i}`)
    },
  )
  breaks('HISTORY_DIVERGED: the entry of the checkpoint is gone', 'HISTORY_DIVERGED', async w => {
    await w.put('more')
    await w.sql('DELETE FROM vec_shadow_log WHERE scn = 5')
  })
  breaks('LOG_GAP: a number is missing inside', 'LOG_GAP', async w => {
    for (const id of ['a', 'b', 'c']) await w.put(id)
    await w.sql('DELETE FROM vec_shadow_log WHERE scn = 7')
  })
  breaks(
    'LOG_GAP: numbers are missing at the end',
    'LOG_GAP',
    set('vec_dataset_scn SET last_scn = 6'),
  )

  test('a fork at the very same number is found on the next connection', () =>
    within(world, async w => {
      await filled(w)
      const replica = w.replica()
      const first = w.replicator(replica)
      await drain(first)
      await w.sql('DELETE FROM vec_shadow_log')
      await w.sql('UPDATE vec_dataset_scn SET last_scn = 0')
      for (let i = 0; i < 5; i++) await w.put(`fork${i}`)
      await first.close()
      const second = w.replicator(replica)
      await second.pass()
      assert.equal(second.status().datasets[0].haltCode, 'HISTORY_DIVERGED')
    }))

  for (const code of [
    'LOG_PRUNED',
    'EPOCH_CHANGED',
    'UPSTREAM_REWOUND',
    'HISTORY_DIVERGED',
  ] as const) {
    test(`autoRebootstrap answers ${code} by copying anew, and sweeps stale rows`, () =>
      within(world, async w => {
        await filled(w)
        const replica = w.replica()
        const replicator = w.replicator(replica, { policy: { autoRebootstrap: [code] } })
        await drain(replicator)
        if (code === 'EPOCH_CHANGED') {
          await dropDataset(w.upstream.upstream, 'd')
          await createDataset(w.upstream.upstream, 'd')
        } else {
          await w.sql('DELETE FROM shadow_vec_docs')
          await w.sql('DELETE FROM vec_shadow_log')
          const position = {
            LOG_PRUNED: '20, pruned_scn = 20',
            UPSTREAM_REWOUND: '0',
            HISTORY_DIVERGED: '0',
          }
          await w.sql(`UPDATE vec_dataset_scn SET last_scn = ${position[code]}`)
        }
        const times = code === 'HISTORY_DIVERGED' ? 11 : 2
        for (let i = 0; i < times; i++) await w.put('only')
        await drain(replicator)
        assert.equal(replicator.status().datasets[0].state, 'live')
        assert.deepEqual(idsOf(replica), ['only'])
        assert.ok((await replicator.verify()).equal)
      }))
  }

  test('one halted dataset does not hold up the others', () =>
    within(world, async w => {
      await createDataset(w.upstream.upstream, 'other')
      await filled(w)
      const replica = w.replica()
      const replicator = w.replicator(replica)
      await drain(replicator)
      await w.sql(`UPDATE vec_dataset_scn SET last_scn = 1 WHERE dataset_id = 'd'`)
      await w.sql(w.upstream.upsert('other', 'x', 'x', null))
      await drain(replicator)
      assert.deepEqual(idsOf(replica, 'other'), ['x'])
      assert.deepEqual(
        replicator.status().datasets.map(dataset => dataset.state),
        ['halted', 'live'],
      )
    }))
})
