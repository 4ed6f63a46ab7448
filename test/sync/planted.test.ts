import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import { createDataset, createReplicator, dropDataset } from '../../src/entries/vecsync.ts'
import { fill, insert, planted, set, stored, VECTOR } from './planted.ts'
import { drain, onEachUpstream, within } from './world.ts'

// Everything in which a row may differ from its upstream's: planted, found by verify, mended by repair.

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

onEachUpstream('a difference that was planted on the replica', (world, kind) => {
  for (const [title, sql, ...found] of planted) {
    test(title, () =>
      within(world, async w => {
        await fill(w, kind !== 'PostgreSQL')
        const replica = w.replica()
        const replicator = w.replicator(replica)
        await drain(replicator)
        assert.ok((await replicator.verify()).equal)
        const before = stored(replica)
        replica.exec(sql)
        const report = await replicator.verify()
        assert.equal(report.equal, false)
        const [{ differences }] = report.datasets
        assert.deepEqual(
          differences.map(row => `${row.kind} ${row.id}`).toSorted(byText),
          found.map(([how, id]) => `${how} ${id}`).toSorted(byText),
        )
        for (const [how, id, reason] of found) {
          if (reason === undefined) continue
          const named = differences.find(row => row.kind === how && row.id === id)
          assert.match(named?.reason ?? '', reason)
        }
        const repair = await replicator.repair()
        assert.ok(repair.after.equal, JSON.stringify(repair.after.datasets[0].differences))
        assert.equal(repair.repaired, found.length)
        assert.deepEqual(stored(replica), before)
        // Later changes reach the row that was mended.
        await w.put('a', 'later', VECTOR)
        await drain(replicator)
        assert.ok((await replicator.verify()).equal)
      }),
    )
  }

  test('rows under another dataset: one that is known, one that nobody knows', () =>
    within(world, async w => {
      await createDataset(w.upstream.upstream, 'e')
      await fill(w, false)
      const replica = w.replica()
      const replicator = w.replicator(replica)
      await drain(replicator)
      replica.exec(`UPDATE shadow_vec_docs SET dataset_id = 'e' WHERE id = 'a'`)
      replica.exec(`UPDATE shadow_vec_docs SET dataset_id = 'ghost' WHERE id = 'b'`)
      const { datasets } = await replicator.verify()
      assert.deepEqual(
        datasets.map(({ datasetId, equal, differences }) => [datasetId, equal, differences.length]),
        [
          ['d', false, 2],
          ['e', false, 1],
          ['ghost', false, 0],
        ],
      )
      assert.equal(
        datasets[2].skipped,
        'the dataset is not in the upstream, but 1 of its rows are here',
      )
      // It may be the application's own: it goes when it is named.
      const { after, repaired } = await replicator.repair()
      assert.deepEqual(
        [repaired, after.datasets.map(({ equal }) => equal)],
        [3, [true, true, false]],
      )
      const named = await replicator.repair({ datasets: ['ghost'] })
      assert.deepEqual([named.repaired, named.after.equal], [1, true])
      assert.ok((await replicator.verify()).equal)
      await assert.rejects(replicator.verify({ datasets: ['nowhere'] }), {
        code: 'SYNC_REPLICA',
        message: /"nowhere"/,
      })
    }))

  test('rows of a dataset that was dropped', () =>
    within(world, async w => {
      await fill(w, false)
      const replica = w.replica()
      const replicator = w.replicator(replica)
      await drain(replicator)
      await dropDataset(w.upstream.upstream, 'd')
      await drain(replicator)
      assert.ok((await replicator.verify()).equal)
      replica.exec(insert(`'a'`))
      replica.exec(insert(`'b'`, `x'64'`))
      const report = await replicator.verify()
      assert.equal(report.equal, false)
      assert.equal(report.datasets[0].skipped, 'dropped, but 2 of its rows are still here')
      const { repaired, after } = await replicator.repair()
      assert.deepEqual([repaired, after.equal], [2, true])
      await createDataset(w.upstream.upstream, 'd')
      const again = await replicator.verify()
      assert.equal(again.datasets[0].skipped, 'dropped here, re-created upstream')
      assert.equal(again.equal, false)
    }))

  test('a dataset that was not copied yet', () =>
    within(world, async w => {
      const replicator = w.replicator(w.replica())
      await drain(replicator)
      await createDataset(w.upstream.upstream, 'late')
      const report = await replicator.verify()
      assert.equal(report.equal, false)
      assert.deepEqual(
        report.datasets.map(({ datasetId, skipped }) => [datasetId, skipped]),
        [
          ['d', undefined],
          ['late', 'not copied yet'],
        ],
      )
    }))

  test('a table whose columns have no type: numbers for text, and numbers of another kind', () =>
    within(world, async w => {
      await fill(w, false)
      const replica = w.replica()
      replica.exec(
        'CREATE TABLE shadow_vec_docs (dataset_id, id, content, meta, embedding, embedding_model, scn, archived, PRIMARY KEY (dataset_id, id))',
      )
      const replicator = w.replicator(replica)
      await drain(replicator)
      assert.ok((await replicator.verify()).equal)
      const before = stored(replica)
      for (const [sql, id, reason] of [
        [set('content = 5', 'five'), 'five', 'content is stored as INTEGER'],
        [set('archived = 0.0'), 'a', 'archived is stored as REAL'],
        [set('archived = -0.0'), 'a', 'archived is stored as REAL'],
        [set(`archived = '0'`), 'a', 'archived is stored as TEXT'],
        [set('archived = NULL'), 'a', 'archived is stored as NULL'],
        [set('scn = NULL'), 'a', 'scn is stored as NULL'],
        [set('scn = 1.0'), 'a', 'scn is stored as REAL'],
        [insert('7'), '7', 'id is stored as INTEGER'],
        [insert('NULL'), '', 'id is stored as NULL'],
        [insert(`'a'`, 'NULL'), undefined, undefined],
      ] as const) {
        replica.exec(sql)
        const report = await replicator.verify()
        assert.equal(report.equal, false, sql)
        if (id === undefined) {
          assert.equal(report.datasets[1].datasetId, '')
          await replicator.repair({ datasets: [''] })
        } else {
          const [found] = report.datasets[0].differences
          assert.deepEqual([found.id, found.reason], [id, reason])
          assert.ok((await replicator.repair()).after.equal, sql)
        }
        assert.deepEqual(stored(replica), before, sql)
      }
    }))

  test('what a search misses is found again once it is mended', () =>
    within(world, async w => {
      await fill(w, false)
      const db = await open(':memory:')
      db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
      const replicator = createReplicator({
        source: w.upstream.upstream,
        replica: db,
        replicaTable: '_vec_docs',
      })
      await drain(replicator)
      const find = (): unknown[] =>
        db
          .prepare(
            `SELECT doc_id FROM docs WHERE dataset_id = 'd' AND doc_id MATCH '[1,2]' AND k = 9`,
          )
          .pluck()
          .all()
      assert.ok(find().includes('a'))
      const before = find()
      db.exec(`UPDATE _vec_docs SET embedding = NULL WHERE id = 'a'`)
      db.exec(`UPDATE _vec_docs SET dataset_id = x'64' WHERE id = 'five'`)
      assert.ok(!find().includes('a') && !find().includes('five'))
      assert.equal((await replicator.repair()).repaired, 3)
      assert.deepEqual(find(), before)
      assert.equal(find().length, new Set(find()).size)
      await replicator.close()
      db.close()
    }))
})
