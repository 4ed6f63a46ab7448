import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { VecError } from '../../src/entries/main.ts'
import { createDataset } from '../../src/entries/vecsync.ts'
import { datasetFilter } from '../../src/replication/patterns.ts'
import type { UpstreamSession } from '../../src/replication/upstream-session.ts'
import type { Upstream } from '../../src/replication/upstream.ts'
import { refusedLater } from '../refusal.ts'
import { drain, idsOf, onEachUpstream, within, type World } from './world.ts'

describe('patterns of datasets', () => {
  test('a star stands for any characters, everything else for itself', () => {
    const wanted = datasetFilter(['team-*', 'plain', 'a.c*z', '*\u0000*'])
    const yes = ['team-', 'team-a', 'team-a\nb', 'plain', 'a.cz', 'a.c--z', 'x\u0000y']
    const no = ['team', 'Team-a', 'xteam-a', 'plain ', 'abcz', 'plai']
    assert.deepEqual([...yes, ...no].filter(wanted), yes)
    assert.ok(datasetFilter(['*'])('anything'))
    assert.ok(!datasetFilter([])('anything'))
  })
})

/** Counts what is asked of an upstream. */
function counting(upstream: Upstream): { upstream: Upstream; count: () => number } {
  let statements = 0
  return {
    count: () => statements,
    upstream: {
      ...upstream,
      async connect(): Promise<UpstreamSession> {
        const session = await upstream.connect()
        return {
          rows: (...args) => {
            statements++
            return session.rows(...args)
          },
          run: (...args) => {
            statements++
            return session.run(...args)
          },
          close: () => session.close(),
          destroy: () => session.destroy(),
        }
      },
    },
  }
}

const put = (w: World, dataset: string, id: string): Promise<unknown> =>
  w.sql(w.upstream.upsert(dataset, id, id, null))

onEachUpstream('many datasets', world => {
  test('patterns choose, and datasets that appear later are taken along', () =>
    within(world, async w => {
      for (const dataset of ['team-a', 'team-b', 'other']) {
        await createDataset(w.upstream.upstream, dataset)
        await put(w, dataset, 'x')
      }
      const replica = w.replica()
      const replicator = w.replicator(replica, { datasets: ['team-*'] })
      await drain(replicator)
      assert.deepEqual(
        replicator.status().datasets.map(({ datasetId }) => datasetId),
        ['team-a', 'team-b'],
      )
      await createDataset(w.upstream.upstream, 'team-c')
      await put(w, 'team-c', 'late')
      await drain(replicator)
      assert.deepEqual(idsOf(replica, 'team-c'), ['late'])
      assert.deepEqual(idsOf(replica, 'other'), [])
      assert.ok((await replicator.verify()).equal)
    }))

  test('a named dataset that does not exist yet costs a warning and is taken when it comes', () =>
    within(world, async w => {
      const replica = w.replica()
      const replicator = w.replicator(replica, { datasets: ['later'] })
      const warnings: string[] = []
      replicator.on('warning', event => warnings.push(event.message))
      await drain(replicator)
      await drain(replicator)
      assert.deepEqual(warnings, ['dataset "later" is not in the upstream'])
      await createDataset(w.upstream.upstream, 'later')
      await put(w, 'later', 'x')
      await drain(replicator)
      assert.deepEqual(idsOf(replica, 'later'), ['x'])
    }))

  test('an idle interval costs one query, however many datasets there are', () =>
    within(world, async w => {
      for (let i = 0; i < 40; i++) await createDataset(w.upstream.upstream, `many-${i}`)
      const { upstream, count } = counting(w.upstream.upstream)
      const replicator = w.replicator(w.replica(), { source: upstream, ackInterval: 3_600_000 })
      await drain(replicator)
      await drain(replicator)
      const before = count()
      for (let i = 0; i < 10; i++) await replicator.pass()
      assert.equal(count() - before, 10)
    }))

  test('a dataset whose statements fail holds up no other one', () =>
    within(world, async w => {
      for (const dataset of ['a-slow', 'z-fine']) await createDataset(w.upstream.upstream, dataset)
      const { upstream } = w.upstream
      let failing = false
      const source: Upstream = {
        ...upstream,
        async connect() {
          const session = await upstream.connect()
          return {
            run: (...args) => session.run(...args),
            rows(sql, parameters, deadline) {
              if (failing && parameters?.[0] === 'a-slow') {
                throw new VecError('SYNC_UPSTREAM', 'a packet that is too big')
              }
              return session.rows(sql, parameters, deadline)
            },
            close: () => session.close(),
            destroy: () => session.destroy(),
          }
        },
      }
      const replica = w.replica()
      const replicator = w.replicator(replica, { source })
      await drain(replicator)
      failing = true
      await put(w, 'a-slow', 'x')
      await put(w, 'z-fine', 'y')
      await assert.rejects(replicator.pass(), /too big/)
      assert.deepEqual(idsOf(replica, 'z-fine'), ['y'])
      assert.deepEqual(idsOf(replica, 'a-slow'), [])
      failing = false
      await drain(replicator)
      assert.ok((await replicator.verify()).equal)
      await refusedLater(replicator.verify({ datasets: ['nobody'] }), 'SYNC_REPLICA', '"nobody"')
    }))

  test('a dataset that gets one change costs only its own batch', () =>
    within(world, async w => {
      for (let i = 0; i < 10; i++) await createDataset(w.upstream.upstream, `many-${i}`)
      const { upstream, count } = counting(w.upstream.upstream)
      const replicator = w.replicator(w.replica(), { source: upstream, ackInterval: 3_600_000 })
      await drain(replicator)
      await drain(replicator)
      await put(w, 'many-3', 'x')
      const before = count()
      await drain(replicator)
      assert.ok(count() - before <= 7, `${count() - before} statements`)
    }))

  test('the byte budget bounds a step, and one entry above it still goes through', () =>
    within(world, async w => {
      const replica = w.replica()
      const replicator = w.replicator(replica, { byteBudget: 3000 })
      const steps: number[] = []
      await drain(replicator)
      replicator.on('progress', event => steps.push(event.applied))
      for (let i = 0; i < 6; i++) await put(w, 'd', `doc${i}`)
      await w.put('big', 'x'.repeat(10_000))
      for (let i = 6; i < 12; i++) await put(w, 'd', `doc${i}`)
      await drain(replicator)
      assert.deepEqual(steps, [6, 1, 6])
      assert.ok((await replicator.verify()).equal)
      const copy = w.replica()
      const pages: number[] = []
      const second = w.replicator(copy, { byteBudget: 3000 })
      second.on('progress', event => pages.push(event.applied))
      await drain(second)
      assert.deepEqual(pages, [1, 12])
      assert.ok((await second.verify()).equal)
    }))

  test('an abort ends after the step under way, and follow resolves', () =>
    within(world, async w => {
      for (let i = 0; i < 30; i++) await w.put(`doc${i}`)
      const replica = w.replica()
      const replicator = w.replicator(replica, { batchSize: 5, interval: 5 })
      const stop = new AbortController()
      replicator.on('progress', () => stop.abort())
      await replicator.follow(stop.signal)
      assert.equal(idsOf(replica).length, 5)
      const again = w.replicator(replica)
      await drain(again)
      assert.ok((await again.verify()).equal)
    }))

  test('follow ends with the code when every named dataset is halted', () =>
    within(world, async w => {
      await w.put('a')
      const replicator = w.replicator(w.replica(), { datasets: ['d'], interval: 5 })
      await drain(replicator)
      await w.sql('UPDATE vec_dataset_scn SET last_scn = 0')
      await assert.rejects(replicator.follow(AbortSignal.timeout(5000)), {
        code: 'UPSTREAM_REWOUND',
      })
    }))

  test('events: states in order, progress with lag', () =>
    within(world, async w => {
      const replicator = w.replicator(w.replica(), { batchSize: 2 })
      const seen: string[] = []
      const off = replicator.on('state', event => seen.push(`${event.from}>${event.to}`))
      for (let i = 0; i < 3; i++) await w.put(`doc${i}`)
      await replicator.pass()
      await w.put('meanwhile')
      await drain(replicator)
      assert.deepEqual(seen, ['new>bootstrap', 'bootstrap>catchup', 'catchup>live'])
      off()
      await replicator.rebootstrap()
      assert.equal(seen.length, 3)
    }))
})
