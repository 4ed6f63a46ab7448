import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import * as vecsync from '../../src/entries/vecsync.ts'
import { renderedSchema } from './render-schema.ts'
import { openSqlite } from './sqlite-database.ts'

describe('schema', () => {
  test('the files in db/schema are what src/replication renders', () => {
    for (const [file, text] of renderedSchema()) {
      assert.equal(
        readFileSync(file, 'utf8'),
        text,
        `${file}: node dist/test/sync/render-schema.js`,
      )
    }
  })

  test('the builders have the names of the original', () => {
    assert.match(vecsync.shadowTableDDL('docs')[0], /CREATE TABLE IF NOT EXISTS "docs"/)
    assert.match(vecsync.logTableDDL(), /CREATE TABLE IF NOT EXISTS "vec_shadow_log"/)
    assert.match(vecsync.seqTableDDL(), /CREATE TABLE IF NOT EXISTS "vec_dataset_scn"/)
    assert.match(vecsync.sqliteShadowLogTriggers('docs').join(), /AFTER INSERT ON "docs"/)
    assert.match(vecsync.mysqlShadowLogTriggers('docs').join(), /AFTER INSERT ON `docs`/)
    assert.match(
      vecsync.postgresShadowLogTriggers('docs').join(),
      /AFTER INSERT OR UPDATE OR DELETE ON "docs"/,
    )
  })

  test('a prefix stands before every replication table', () => {
    const text = vecsync.upstreamDDL('docs', { prefix: 'acme_' }).join('\n')
    assert.doesNotMatch(text, /"vec_/)
    assert.match(text, /"acme_shadow_log"/)
  })

  test('a name that is no name is refused', () => {
    for (const name of ['', 'a\u0000b', 'a\\b', 'a\nb', 'x'.repeat(49), 'main.docs']) {
      assert.throws(() => vecsync.shadowTableDDL(name), TypeError, JSON.stringify(name))
    }
    assert.throws(() => vecsync.upstreamDDL('docs', { prefix: 'a\\' }), TypeError)
    assert.throws(() => vecsync.logTableDDL({ database: 'mysql', schema: 'x' }), TypeError)
  })

  test('D24: triggers install in an attached database', () => {
    const db = openSqlite()
    db.exec(`ATTACH ':memory:' AS up`)
    for (const statement of vecsync.upstreamDDL('docs', { schema: 'up' })) db.exec(statement)
    db.exec(`INSERT INTO up.vec_dataset (dataset_id) VALUES ('d')`)
    db.exec(`INSERT INTO up.docs (dataset_id, id) VALUES ('d', 'a')`)
    assert.deepEqual(db.prepare('SELECT scn, document_id FROM up.vec_shadow_log').all(), [
      { scn: 1, document_id: 'a' },
    ])
    assert.deepEqual(db.prepare(`SELECT name FROM main.sqlite_master`).all(), [])
    db.close()
  })

  test('D25: any table name works and none is an injection', () => {
    for (const name of ['my-docs', `it's`, `"; DROP TABLE vec_dataset; --`, 'select', 'Ünïcode ']) {
      const db = openSqlite()
      for (let round = 0; round < 2; round++) {
        for (const statement of vecsync.upstreamDDL(name)) db.exec(statement)
      }
      db.exec(`INSERT INTO vec_dataset (dataset_id) VALUES ('d')`)
      db.exec(`INSERT INTO "${name.replaceAll('"', '""')}" (dataset_id, id) VALUES ('d', 'a')`)
      assert.deepEqual(db.prepare('SELECT shadow_table FROM vec_shadow_log').all(), [
        { shadow_table: name },
      ])
      db.close()
    }
  })

  test('the view carries the last_scn of the original', () => {
    const db = openSqlite()
    for (const statement of vecsync.upstreamDDL('docs')) db.exec(statement)
    db.exec(`INSERT INTO vec_dataset (dataset_id) VALUES ('d'), ('empty')`)
    db.exec(`INSERT INTO docs (dataset_id, id) VALUES ('d', 'a'), ('d', 'b')`)
    assert.deepEqual(
      db.prepare('SELECT dataset_id, last_scn FROM vec_dataset_last_scn ORDER BY 1').all(),
      [
        { dataset_id: 'd', last_scn: 2 },
        { dataset_id: 'empty', last_scn: 0 },
      ],
    )
    db.close()
  })
})
