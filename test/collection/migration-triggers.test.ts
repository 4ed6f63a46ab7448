import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import { Collection, type EmbedFunc } from '../../src/entries/vecutil.ts'
import { fill, NARROW, pick, requireWhole, WIDE, world } from './migration-world.ts'

/** Half of the documents have a vector of the new model: n0 to n9. */
async function halfDone(docs: Collection): Promise<void> {
  await fill(docs, 20)
  const controller = new AbortController()
  const onProgress = (): void => controller.abort()
  await assert.rejects(
    docs.migrate({ ...pick(WIDE), batch: 10, signal: controller.signal, onProgress }),
    { name: 'AbortError' },
  )
}

test('a vector beside goes with its document, and with each change of its key or content', async t => {
  const changes = [
    `DELETE FROM _vec_docs WHERE id = 'n1'`,
    `UPDATE _vec_docs SET content = 'new' WHERE id = 'n1'`,
    `UPDATE _vec_docs SET id = 'other' WHERE id = 'n1'`,
    `UPDATE _vec_docs SET dataset_id = 'e' WHERE id = 'n1'`,
    // It deletes n1, and no trigger of a DELETE tells.
    `UPDATE OR REPLACE _vec_docs SET id = 'n1' WHERE id = 'n19'`,
    `INSERT OR REPLACE INTO _vec_docs(dataset_id, id) VALUES ('d', 'n1')`,
  ]
  for (const sql of changes) {
    const { db, docs } = await world(t)
    await halfDone(docs)
    const beside = db
      .prepare("SELECT count(*) FROM vec_migration_vectors WHERE dataset_id = 'd' AND id = 'n1'")
      .pluck()
    assert.equal(beside.get(), 1)
    db.exec("UPDATE _vec_docs SET meta = '{}'")
    assert.equal(beside.get(), 1, 'other columns do not matter')
    db.exec(sql)
    assert.equal(beside.get(), 0, sql)
  }
})

test('a content that differs in case alone is another one, whatever the collation', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'migration-'))
  const db = await open(join(folder, 'docs.sqlite'))
  t.after(() => {
    db.close()
    rmSync(folder, { recursive: true, force: true })
  })
  db.exec(`CREATE TABLE _vec_docs(dataset_id TEXT NOT NULL, id TEXT NOT NULL, content TEXT COLLATE NOCASE, meta TEXT,
    embedding BLOB, embedding_model TEXT, scn INTEGER, archived INTEGER, PRIMARY KEY (dataset_id, id));
    CREATE VIRTUAL TABLE IF NOT EXISTS docs USING vec(doc_id, metric=euclidean)`)
  const docs = new Collection(db, NARROW)
  await halfDone(docs)
  db.exec("UPDATE _vec_docs SET content = upper(content) WHERE id = 'n1'")
  assert.equal(docs.migration()?.done, 9)
})

test('a migration whose triggers go while it embeds fails, and the next one begins again', async t => {
  const { db, docs } = await world(t)
  await fill(docs, 20)
  const embed: EmbedFunc = async (texts, options) => {
    db.exec('DROP TRIGGER IF EXISTS "vec_migration__vec_docs_updated"')
    return WIDE.embed(texts, options)
  }
  await assert.rejects(docs.migrate({ embed, model: 'wide', batch: 10 }), {
    code: 'VEC_MODEL',
    message: /triggers on _vec_docs are gone/,
  })
  await requireWhole(db, 'narrow')
  assert.equal((await docs.migrate(pick(WIDE))).embedded, 20)
})
