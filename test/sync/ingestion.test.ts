import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createDataset, installUpstream } from '../../src/entries/vecsync.ts'
import { drain, onEachUpstream, within, World } from './world.ts'

/** The statements of docs/INGESTION.md: where they run, and whether they are to fail. */
function statements(database: string, migration: boolean): { sql: string; fails: boolean }[] {
  const text = readFileSync('docs/INGESTION.md', 'utf8')
  return [...text.matchAll(/^```sql ([a-z ]+)\n([^]*?)\n```$/gm)]
    .map(([, words, sql]) => ({ words: words.split(' '), sql }))
    .filter(({ words }) => words.includes('any') || words.includes(database))
    .filter(({ words }) => words.includes('migration') === migration)
    .map(({ words, sql }) => ({ sql, fails: words.includes('fails') }))
}

onEachUpstream('docs/INGESTION.md', (world, kind, upstream) => {
  const database = { MariaDB: 'mysql', PostgreSQL: 'postgres', SQLite: 'sqlite' }[kind]

  test('every statement does what the page says, and a replica follows', () =>
    within(world, async w => {
      const replica = w.replica()
      const replicator = w.replicator(replica)
      const page = statements(database, false)
      assert.ok(page.length >= 11)
      for (const { sql, fails } of page) {
        if (fails) await assert.rejects(w.sql(sql), sql)
        else await w.sql(sql)
        await drain(replicator)
      }
      assert.deepEqual(await w.log('rootA'), [
        'insert:README.md#0',
        'insert:README.md#1',
        'update:README.md#0',
        'insert:guide.md#0',
        'update:README.md#1',
        'update:README.md#1',
        'delete:README.md#1',
      ])
      const report = await replicator.verify({ datasets: ['rootA'] })
      assert.ok(report.equal)
      assert.equal(report.datasets[0].replica.rows, 2)
    }))

  test('tables of the original are migrated by the statements given', async () => {
    await upstream().fresh()
    const client = await upstream().client()
    const text = kind === 'MariaDB' ? 'VARCHAR(191)' : 'TEXT'
    const bytes = kind === 'PostgreSQL' ? 'bytea' : 'BLOB'
    await client.sql(
      `CREATE TABLE vec_dataset (dataset_id ${text} PRIMARY KEY, description TEXT, source_uri TEXT, last_scn BIGINT NOT NULL DEFAULT 0)`,
    )
    await client.sql(
      `CREATE TABLE shadow_vec_docs (id ${text} PRIMARY KEY, dataset_id ${text} NOT NULL, content TEXT, meta TEXT, embedding ${bytes}, embedding_model ${text}, scn BIGINT NOT NULL, archived SMALLINT NOT NULL DEFAULT 0)`,
    )
    await client.sql(`INSERT INTO vec_dataset (dataset_id) VALUES ('d')`)
    await client.sql(
      `INSERT INTO shadow_vec_docs (id, dataset_id, content, scn) VALUES ('a', 'd', 'old', 7), ('b', 'd', 'old', 9)`,
    )
    await assert.rejects(installUpstream(upstream().upstream), { code: 'SYNC_UPSTREAM' })
    for (const table of ['vec_dataset', 'shadow_vec_docs']) {
      await client.sql(`ALTER TABLE ${table} RENAME TO old_${table}`)
    }
    await installUpstream(upstream().upstream)
    for (const { sql } of statements(database, true)) await client.sql(sql)
    const w = new World(upstream(), client)
    await createDataset(upstream().upstream, 'd')
    const replicator = w.replicator(w.replica())
    await drain(replicator)
    const report = await replicator.verify()
    assert.ok(report.equal)
    assert.equal(report.datasets[0].replica.rows, 2)
    assert.deepEqual(await w.scns(), [1, 2])
    await w.close()
  })
})
