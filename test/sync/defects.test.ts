import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDataset, dropDataset, installUpstream } from '../../src/entries/vecsync.ts'
import { drain, idsOf, onEachUpstream, within } from './world.ts'

// The defects of the original's log (docs/sync.md lists them) and what holds instead.

const insert = (id: string, dataset = 'd'): string =>
  `INSERT INTO shadow_vec_docs (dataset_id, id, content) VALUES ('${dataset}', '${id}', '${id}')`

onEachUpstream('defects and traps', (world, kind, upstream) => {
  const isMaria = kind === 'MariaDB'
  test('D1: installing twice changes nothing and fails nowhere', () =>
    within(world, async w => {
      await w.put('a')
      await installUpstream(w.upstream.upstream)
      await installUpstream(w.upstream.upstream)
      await w.put('b')
      assert.deepEqual(await w.log(), ['insert:a', 'insert:b'])
    }))

  test('D2: two datasets may have documents of one id', () =>
    within(world, async w => {
      await createDataset(w.upstream.upstream, 'e')
      await w.put('same', 'of d')
      await w.sql(w.upstream.upsert('e', 'same', 'of e', null))
      const rows = await w.sql('SELECT content FROM shadow_vec_docs ORDER BY content')
      assert.deepEqual(
        rows.map(row => row['content']),
        ['of d', 'of e'],
      )
    }))

  test('D3: the installed triggers find every table that they need', () =>
    within(world, async w => {
      await w.put('a')
      assert.deepEqual(await w.scns(), [1])
    }))

  test('D4: numbers are dense: no statement leaves a hole', () =>
    within(world, async w => {
      await w.put('a')
      await w.put('a', 'again')
      await w.sql(`DELETE FROM shadow_vec_docs WHERE id = 'a'`)
      await w.put('b')
      assert.deepEqual(await w.scns(), [1, 2, 3, 4])
    }))

  test('D5: the first number is 1 and the counter holds the last one used', () =>
    within(world, async w => {
      await w.put('a')
      const [row] = await w.sql('SELECT last_scn FROM vec_dataset_scn')
      assert.equal(Number(row['last_scn']), 1)
      assert.deepEqual(await w.scns(), [1])
    }))

  test('D6: an update that knows nothing of numbers, and one of many rows, are logged', () =>
    within(world, async w => {
      await w.sql(
        `INSERT INTO shadow_vec_docs (dataset_id, id) VALUES ('d', 'a'), ('d', 'b'), ('d', 'c')`,
      )
      await w.sql('UPDATE shadow_vec_docs SET archived = 1')
      assert.deepEqual(await w.scns(), [1, 2, 3, 4, 5, 6])
    }))

  test('D7: a row whose own scn is ahead of the counter wedges nothing', () =>
    within(world, async w => {
      await w.put('a')
      await w.sql('UPDATE shadow_vec_docs SET scn = 99')
      await w.sql('DELETE FROM shadow_vec_docs')
      assert.deepEqual(await w.log(), ['insert:a', 'update:a', 'delete:a'])
    }))

  test('D8: the last number never goes back', () =>
    within(world, async w => {
      await w.sql(`INSERT INTO shadow_vec_docs (dataset_id, id, scn) VALUES ('d', 'a', 50)`)
      await w.sql(`INSERT INTO shadow_vec_docs (dataset_id, id, scn) VALUES ('d', 'b', 2)`)
      const [row] = await w.sql(`SELECT last_scn FROM vec_dataset_last_scn WHERE dataset_id = 'd'`)
      assert.equal(Number(row['last_scn']), 2)
    }))

  if (kind !== 'PostgreSQL') {
    test('D9, T6: REPLACE leaves the row on the replica', () =>
      within(world, async w => {
        const replica = w.replica()
        const replicator = w.replicator(replica)
        await drain(replicator)
        await w.put('r', 'old')
        await w.sql(
          `REPLACE INTO shadow_vec_docs (dataset_id, id, content) VALUES ('d', 'r', 'new')`,
        )
        await drain(replicator)
        assert.deepEqual(replica.prepare('SELECT id, content FROM shadow_vec_docs').all(), [
          { id: 'r', content: 'new' },
        ])
        assert.ok((await replicator.verify()).equal)
        if (isMaria) assert.deepEqual(await w.log(), ['insert:r', 'delete:r', 'insert:r'])
      }))
  }

  test('D10, T1: a key cannot change, so no key is left behind', () =>
    within(world, async w => {
      await createDataset(w.upstream.upstream, 'e')
      await w.put('a')
      await w.put('b')
      const changes = [
        `UPDATE shadow_vec_docs SET id = 'z' WHERE id = 'a'`,
        `UPDATE shadow_vec_docs SET dataset_id = 'e' WHERE id = 'a'`,
      ]
      if (isMaria) changes.push(`UPDATE IGNORE shadow_vec_docs SET id = 'b' WHERE id = 'a'`)
      if (kind === 'SQLite') {
        changes.push(`UPDATE OR IGNORE shadow_vec_docs SET id = 'b' WHERE id = 'a'`)
      }
      for (const change of changes) await assert.rejects(w.sql(change), /cannot change/, change)
      assert.deepEqual(await w.log(), ['insert:a', 'insert:b'])
    }))

  test('D11: a dataset with documents cannot be deleted; dropped and created again, it goes on counting', () =>
    within(world, async w => {
      await w.put('a')
      await assert.rejects(w.sql('DELETE FROM vec_dataset'))
      await dropDataset(w.upstream.upstream, 'd')
      assert.deepEqual(await w.log(), ['insert:a', 'delete:a', 'drop:'])
      const [before] = await w.sql('SELECT epoch FROM vec_dataset')
      await createDataset(w.upstream.upstream, 'd')
      const [after] = await w.sql('SELECT epoch FROM vec_dataset')
      assert.notEqual(after['epoch'], before['epoch'])
      await w.put('b')
      assert.deepEqual(await w.scns(), [1, 2, 3, 4])
    }))

  test('D12, T5: TRUNCATE is refused, or logged', () =>
    within(world, async w => {
      await w.put('a')
      await w.put('b')
      if (kind === 'SQLite') {
        await w.sql('DELETE FROM shadow_vec_docs')
        assert.equal((await w.log()).length, 4)
        return
      }
      await assert.rejects(w.sql('TRUNCATE shadow_vec_docs'))
      if (kind === 'PostgreSQL') {
        await assert.rejects(w.sql('TRUNCATE vec_dataset CASCADE'), /not replicated/)
      }
      assert.equal((await w.sql('SELECT id FROM shadow_vec_docs')).length, 2)
    }))

  test('D15, T3: numbers in a payload are numbers', () =>
    within(world, async w => {
      await w.put('a')
      const [row] = await w.sql('SELECT payload FROM vec_shadow_log')
      const { scn, archived } = JSON.parse(String(row['payload'])) as Record<string, unknown>
      assert.deepEqual({ scn, archived }, { scn: 1, archived: 0 })
    }))

  test('D16: the scn in a payload is the number of its entry, and the replica carries it', () =>
    within(world, async w => {
      await w.put('a')
      const replica = w.replica()
      const replicator = w.replicator(replica)
      await drain(replicator)
      await w.put('b')
      await w.put('a', 'again')
      await drain(replicator)
      for (const row of await w.sql('SELECT scn, payload FROM vec_shadow_log')) {
        const { scn } = JSON.parse(String(row['payload'])) as { scn: number }
        assert.equal(scn, Number(row['scn']))
      }
      assert.deepEqual(replica.prepare('SELECT id, scn FROM shadow_vec_docs ORDER BY id').all(), [
        { id: 'a', scn: 3 },
        { id: 'b', scn: 2 },
      ])
    }))

  test('D17: the view has the last number without a trigger that maintains it', () =>
    within(world, async w => {
      for (const id of ['a', 'b', 'c']) await w.put(id)
      const [row] = await w.sql('SELECT last_scn FROM vec_dataset_last_scn')
      assert.equal(Number(row['last_scn']), 3)
    }))

  test('D18: the log names the table as it was created, and streams of two tables do not mix', () =>
    within(world, async w => {
      await installUpstream(w.upstream.upstream, { shadowTable: 'my-docs' })
      const quote = isMaria ? '`' : '"'
      await w.sql(
        `INSERT INTO ${quote}my-docs${quote} (dataset_id, id) VALUES ('d', 'x'), ('d', 'y')`,
      )
      await w.put('a')
      const rows = await w.sql(
        'SELECT shadow_table, scn FROM vec_shadow_log ORDER BY shadow_table, scn',
      )
      assert.deepEqual(
        rows.map(row => [row['shadow_table'], Number(row['scn'])]),
        [
          ['my-docs', 1],
          ['my-docs', 2],
          ['shadow_vec_docs', 1],
        ],
      )
      const replica = w.replica()
      await drain(w.replicator(replica, { shadowTable: 'my-docs', replicaTable: '_vec_docs' }))
      assert.deepEqual(replica.prepare('SELECT id FROM _vec_docs').all(), [
        { id: 'x' },
        { id: 'y' },
      ])
    }))

  test('D19: a delete costs the log two bytes', () =>
    within(world, async w => {
      await w.put('a', 'x'.repeat(1000), '00'.repeat(1000))
      await w.sql('DELETE FROM shadow_vec_docs')
      const rows = await w.sql(`SELECT payload FROM vec_shadow_log WHERE op = 'delete'`)
      assert.equal(String(rows[0]['payload']), '{}')
    }))

  test('D20, T2: keys are compared byte by byte on both sides', () =>
    within(world, async w => {
      await createDataset(w.upstream.upstream, 'D')
      const ids = ['a', 'A', 'a ', ' a', 'é', 'e\u0301', '😀', 'ß', 'ss', 'x'.repeat(191)]
      if (kind !== 'PostgreSQL') ids.push('a\u0000b')
      const written =
        kind === 'SQLite'
          ? (id: string) => id.replaceAll('\u0000', `' || char(0) || '`)
          : (id: string) => id.replaceAll('\u0000', '\\0')
      for (const id of ids) await w.sql(insert(written(id)))
      await w.sql(insert('a', 'D'))
      const replica = w.replica()
      const replicator = w.replicator(replica, { batchSize: 3 })
      await drain(replicator)
      assert.deepEqual(idsOf(replica).toSorted(), ids.toSorted())
      assert.deepEqual(idsOf(replica, 'D'), ['a'])
      for (const id of ids)
        await w.sql(
          `UPDATE shadow_vec_docs SET content = 'v2' WHERE dataset_id = 'd' AND id = '${written(id)}'`,
        )
      await w.sql(`DELETE FROM shadow_vec_docs WHERE dataset_id = 'd' AND id = 'a '`)
      await drain(replicator)
      assert.deepEqual(idsOf(replica).toSorted(), ids.filter(id => id !== 'a ').toSorted())
      assert.ok((await replicator.verify()).equal)
    }))

  test('T7: ids that some collation takes for one are copied, and mended, each by itself', () =>
    within(world, async w => {
      for (const id of ['A', 'a', 'a ']) await w.sql(insert(id))
      const replica = w.replica()
      const replicator = w.replicator(replica)
      await drain(replicator)
      assert.deepEqual(idsOf(replica).toSorted(), ['A', 'a', 'a '])
      replica.exec(`UPDATE shadow_vec_docs SET content = 'other'`)
      replica.exec(`DELETE FROM shadow_vec_docs WHERE id = 'a '`)
      assert.equal((await replicator.repair()).repaired, 3)
      assert.ok((await replicator.verify()).equal)
      assert.deepEqual(
        replica.prepare('SELECT id, content FROM shadow_vec_docs ORDER BY id').all(),
        ['A', 'a', 'a '].map(id => ({ id, content: id })),
      )
    }))

  test('D22: the DDL of each database is its own: long embeddings fit', () =>
    within(world, async w => {
      await w.put('a', null, '0000803f'.repeat(20_000))
      const replica = w.replica()
      await drain(w.replicator(replica))
      assert.deepEqual(
        replica.prepare('SELECT length(embedding) AS n FROM shadow_vec_docs').all(),
        [{ n: 80_000 }],
      )
    }))

  test('D26: a NULL embedding stays NULL and an empty one empty', () =>
    within(world, async w => {
      const replica = w.replica()
      const replicator = w.replicator(replica)
      await drain(replicator)
      await w.put('null', null, null)
      await w.put('empty', '', '')
      await drain(replicator)
      assert.deepEqual(
        replica
          .prepare(
            'SELECT id, content, hex(embedding) AS hex, embedding IS NULL AS n FROM shadow_vec_docs ORDER BY id',
          )
          .all(),
        [
          { id: 'empty', content: '', hex: '', n: 0 },
          { id: 'null', content: null, hex: '', n: 1 },
        ],
      )
      assert.ok((await replicator.verify()).equal)
    }))

  test('D28: a document without a dataset is refused and leaves nothing in the log', () =>
    within(world, async w => {
      await assert.rejects(w.sql(insert('a', 'nobody')))
      assert.deepEqual(await w.log('nobody'), [])
      assert.equal((await w.sql('SELECT * FROM vec_dataset_scn')).length, 0)
      await createDataset(w.upstream.upstream, 'nobody')
      await w.sql(insert('a', 'nobody'))
      assert.deepEqual(await w.log('nobody'), ['insert:a'])
    }))

  test('D29: entries have a time, so lag is known in seconds', () =>
    within(world, async w => {
      const replica = w.replica()
      const replicator = w.replicator(replica, { batchSize: 1 })
      await drain(replicator)
      await w.put('a')
      await w.put('b')
      await new Promise(resolve => {
        setTimeout(resolve, 60)
      })
      await replicator.pass()
      const [dataset] = replicator.status().datasets
      assert.equal(dataset.lagEntries, 1n)
      assert.ok(dataset.lagSeconds! >= 0.05 && dataset.lagSeconds! < 30, String(dataset.lagSeconds))
      await drain(replicator)
      await replicator.pass()
      assert.equal(replicator.status().datasets[0].lagSeconds, 0)
    }))

  test('a rolled back transaction leaves neither a number nor a hole', () =>
    within(world, async w => {
      await w.put('a')
      await w.sql('BEGIN')
      await w.put('b')
      await w.sql('ROLLBACK')
      await w.put('c')
      assert.deepEqual(await w.log(), ['insert:a', 'insert:c'])
      assert.deepEqual(await w.scns(), [1, 2])
    }))

  if (kind !== 'SQLite') {
    test('D1: installing again under a writer loses none of its changes', () =>
      within(world, async w => {
        const state = { stop: false }
        let written = 0
        const writer = (async () => {
          const client = await w.upstream.client()
          while (!state.stop) {
            await client.sql(insert(`w${written}`))
            written++
          }
          await client.end()
        })()
        for (let i = 0; i < 5; i++) await installUpstream(w.upstream.upstream)
        state.stop = true
        await writer
        assert.ok(written > 0)
        assert.equal((await w.log()).length, written)
      }))
  }

  test('tables of another make under our names are refused with all that differs', async () => {
    await upstream().fresh()
    const client = await upstream().client()
    const key = isMaria ? 'VARCHAR(191)' : 'TEXT'
    await client.sql(`CREATE TABLE vec_dataset (dataset_id ${key} PRIMARY KEY, last_scn BIGINT)`)
    await client.sql(
      `CREATE TABLE shadow_vec_docs (id ${key} PRIMARY KEY, dataset_id ${key}, content TEXT)`,
    )
    const report = await installUpstream(upstream().upstream, { dryRun: true })
    const text = report.problems.map(problem => problem.what).join('\n')
    assert.match(text, /vec_dataset lacks description, source_uri, epoch, deleted_at/)
    assert.match(text, /shadow_vec_docs lacks meta, embedding/)
    assert.match(text, /primary key \(id\), not \(dataset_id, id\)/)
    await assert.rejects(installUpstream(upstream().upstream), { code: 'SYNC_UPSTREAM' })
    await client.end()
  })
})
