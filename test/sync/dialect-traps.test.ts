import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createWriter, installUpstream } from '../../src/entries/vecsync.ts'
import { drain, onEachUpstream, within, World } from './world.ts'

// Defects and traps that one database alone has.

onEachUpstream('traps of a dialect', (world, kind, upstream) => {
  if (kind === 'MariaDB') {
    test('D13, D14: a row near the packet size is read from its table, not from the log', () =>
      within(world, async w => {
        await w.sql('SET GLOBAL max_allowed_packet = 1048576')
        try {
          await w.client.end()
          const small = new World(w.upstream, await w.upstream.client())
          const replica = w.replica()
          const replicator = w.replicator(replica)
          await drain(replicator)
          const half = '0000803f'.repeat(75_000)
          await small.sql(w.upstream.upsert('d', 'a', null, half))
          await small.sql(w.upstream.upsert('d', 'b', '\u0001'.repeat(400_000), null))
          const payloads = await small.sql('SELECT payload FROM vec_shadow_log')
          assert.deepEqual(
            payloads.map(row => String(row['payload'])),
            ['{"ref":1}', '{"ref":1}'],
          )
          await drain(replicator)
          assert.ok((await replicator.verify()).equal)
          assert.deepEqual(
            replica.prepare('SELECT length(embedding) AS n FROM shadow_vec_docs ORDER BY id').all(),
            [{ n: 300_000 }, { n: null }],
          )
          await small.client.end()
        } finally {
          const admin = await w.upstream.client()
          await admin.sql('SET GLOBAL max_allowed_packet = 16777216')
          await admin.end()
          w.client.end = () => Promise.resolve()
        }
      }))

    test('1020: the writer chooses READ COMMITTED, whatever the default, and needs no second try', async t => {
      const probe = await upstream().client()
      const [known] = await probe.sql(`SHOW VARIABLES LIKE 'innodb_snapshot_isolation'`)
      await probe.end()
      if (known === undefined) {
        t.skip('this MariaDB has no innodb_snapshot_isolation')
        return
      }
      await within(world, async w => {
        await installUpstream(w.upstream.upstream, { shadowTable: 'app_docs', capture: 'app' })
        await w.sql('SET GLOBAL innodb_snapshot_isolation = ON')
        await w.sql('SET GLOBAL tx_isolation = `REPEATABLE-READ`')
        try {
          // What others meet: their snapshot is older than the row that they change.
          const [old, young] = [await w.upstream.client(), await w.upstream.client()]
          await w.put('a', 'first')
          await old.sql('START TRANSACTION WITH CONSISTENT SNAPSHOT')
          await young.sql(`UPDATE shadow_vec_docs SET content = 'second'`)
          await assert.rejects(old.sql(`UPDATE shadow_vec_docs SET content = 'third'`), {
            errno: 1020,
          })
          await old.end()
          await young.end()
          await Promise.all(
            Array.from({ length: 8 }, async (_, n) => {
              const writer = createWriter({
                upstream: w.upstream.upstream,
                shadowTable: 'app_docs',
                attempts: 1,
              })
              for (let i = 0; i < 10; i++) {
                await writer.tx('d', batch => batch.upsert({ id: `doc${i}`, content: `${n}` }))
              }
              await writer.close()
            }),
          )
        } finally {
          await w.sql('SET GLOBAL innodb_snapshot_isolation = OFF')
        }
        const rows = await w.sql(
          `SELECT scn FROM vec_shadow_log WHERE shadow_table = 'app_docs' ORDER BY scn`,
        )
        assert.deepEqual(
          rows.map(({ scn }) => Number(scn)),
          Array.from({ length: 80 }, (_, i) => i + 1),
        )
        // The statement that failed left nothing in the log.
        const others = await w.sql(
          `SELECT op FROM vec_shadow_log WHERE shadow_table = 'shadow_vec_docs' ORDER BY scn`,
        )
        assert.deepEqual(
          others.map(({ op }) => op),
          ['insert', 'update'],
        )
      })
    })

    test('T6: INSERT IGNORE that skips logs nothing; ON DUPLICATE KEY UPDATE logs one update', () =>
      within(world, async w => {
        await w.put('a')
        await w.sql(`INSERT IGNORE INTO shadow_vec_docs (dataset_id, id) VALUES ('d', 'a')`)
        await w.put('a', 'other')
        assert.deepEqual(await w.log(), ['insert:a', 'update:a'])
        assert.deepEqual(await w.scns(), [1, 2])
      }))
  }

  if (kind === 'PostgreSQL') {
    test('session_replication_role = replica does not silence the triggers', () =>
      within(world, async w => {
        await w.sql(`SET session_replication_role = replica`)
        await w.put('a')
        await assert.rejects(w.sql('TRUNCATE shadow_vec_docs'), /not replicated/)
        assert.deepEqual(await w.log(), ['insert:a'])
      }))

    test('another search_path of a writer does not lead the triggers elsewhere', () =>
      within(world, async w => {
        await w.sql('CREATE SCHEMA elsewhere')
        await w.sql('SET search_path = elsewhere')
        await w.sql(`INSERT INTO public.shadow_vec_docs (dataset_id, id) VALUES ('d', 'a')`)
        await w.sql('SET search_path = public')
        assert.deepEqual(await w.log(), ['insert:a'])
      }))

    test('40001: the writer chooses READ COMMITTED, whatever the default, and needs no second try', () =>
      within(world, async w => {
        await installUpstream(w.upstream.upstream, { shadowTable: 'app_docs', capture: 'app' })
        await w.sql(`ALTER DATABASE postgres SET default_transaction_isolation = 'repeatable read'`)
        const results = await Promise.all(
          Array.from({ length: 8 }, async (_, n) => {
            const writer = createWriter({
              upstream: w.upstream.upstream,
              shadowTable: 'app_docs',
              attempts: 1,
            })
            for (let i = 0; i < 10; i++) {
              await writer.tx('d', batch => batch.upsert({ id: `doc${i}`, content: `${n}` }))
            }
            await writer.close()
            return true
          }),
        )
        await w.sql('ALTER DATABASE postgres RESET default_transaction_isolation')
        assert.equal(results.length, 8)
        assert.deepEqual(
          await w.scns(),
          Array.from({ length: 80 }, (_, i) => i + 1),
        )
      }))
  }

  if (kind === 'SQLite') {
    test('D23: INSERT OR REPLACE converges with recursive_triggers off and on', () =>
      within(world, async w => {
        const replica = w.replica()
        const replicator = w.replicator(replica)
        await drain(replicator)
        for (const mode of ['OFF', 'ON']) {
          await w.sql(`PRAGMA recursive_triggers = ${mode}`)
          await w.put(mode, 'old')
          await w.sql(
            `INSERT OR REPLACE INTO shadow_vec_docs (dataset_id, id, content) VALUES ('d', '${mode}', 'new')`,
          )
        }
        await drain(replicator)
        assert.ok((await replicator.verify()).equal)
        assert.deepEqual(await w.log(), [
          'insert:OFF',
          'insert:OFF',
          'insert:ON',
          'delete:ON',
          'insert:ON',
        ])
      }))

    test('D27: a BLOB bound to content is logged as the text it is', () =>
      within(world, async w => {
        const replica = w.replica()
        const replicator = w.replicator(replica)
        await drain(replicator)
        await w.sql(
          `INSERT INTO shadow_vec_docs (dataset_id, id, content, meta) VALUES ('d', 'a', x'6869', x'7b7d')`,
        )
        await drain(replicator)
        assert.deepEqual(replica.prepare('SELECT content, meta FROM shadow_vec_docs').all(), [
          { content: 'hi', meta: '{}' },
        ])
        assert.ok((await replicator.verify()).equal)
      }))

    test('T4: an outer OR IGNORE or OR REPLACE cannot make the log lie', () =>
      within(world, async w => {
        for (const id of ['a', 'b', 'c']) await w.put(id)
        // A counter that was set back by hand: the next number is taken already.
        await w.sql('UPDATE vec_dataset_scn SET last_scn = 2')
        for (const verb of ['INSERT', 'INSERT OR IGNORE', 'INSERT OR REPLACE', 'REPLACE']) {
          await assert.rejects(
            w.sql(`${verb} INTO shadow_vec_docs (dataset_id, id) VALUES ('d', 'lost')`),
            /vecsync/,
            verb,
          )
        }
        assert.deepEqual(await w.log(), ['insert:a', 'insert:b', 'insert:c'])
        assert.equal((await w.sql(`SELECT id FROM shadow_vec_docs WHERE id = 'lost'`)).length, 0)
      }))
  }
})
