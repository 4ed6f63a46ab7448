import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { encodeEmbedding, open } from '../../src/entries/main.ts'

const home = process.cwd()
let folder: string

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'quick-start-'))
})
beforeEach(() => {
  process.chdir(folder)
})
after(() => {
  process.chdir(home)
  rmSync(folder, { recursive: true, force: true })
})

for (const mode of ['DELETE', 'TRUNCATE', 'PERSIST', 'MEMORY', 'OFF', 'WAL']) {
  test(`the original's quick start runs in journal mode ${mode}`, async () => {
    rmSync('vec_demo.sqlite', { force: true })
    rmSync('vec_demo.sqlite-journal', { force: true })
    using db = await open('./vec_demo.sqlite', { exclusive: mode === 'WAL' })
    assert.equal(db.pragma(`journal_mode = ${mode}`, { simple: true }), mode.toLowerCase())

    db.exec(`CREATE VIRTUAL TABLE vec_docs USING vec(doc_id, dbpath='./vec_demo.sqlite')`)

    // The shadow table explicitly, as the original's text does: it is there already.
    db.exec(`CREATE TABLE IF NOT EXISTS _vec_vec_docs (
        dataset_id TEXT NOT NULL,
        id         TEXT NOT NULL,
        content    TEXT,
        meta       TEXT,
        embedding  BLOB,
        PRIMARY KEY(dataset_id, id)
    )`)

    const e1 = encodeEmbedding([1, 0])
    const e2 = encodeEmbedding([0, 1])
    db.prepare(`INSERT INTO _vec_vec_docs(dataset_id, id, embedding) VALUES
        ('demo','a',?),
        ('demo','b',?)`).run(e1, e2)

    const q = encodeEmbedding([1, 0])
    const rows = db
      .prepare(`SELECT doc_id, match_score FROM vec_docs
        WHERE dataset_id = 'demo' AND doc_id MATCH ?`)
      .all(q)
    assert.deepEqual(rows, [
      { doc_id: 'a', match_score: 1 },
      { doc_id: 'b', match_score: 0 },
    ])
  })

  test(`the quick start runs with the shadow table made first, in journal mode ${mode}`, async () => {
    rmSync('first.sqlite', { force: true })
    using db = await open('./first.sqlite', { exclusive: mode === 'WAL' })
    db.pragma(`journal_mode = ${mode}`)
    db.exec(`CREATE TABLE _vec_vec_docs (dataset_id TEXT NOT NULL, id TEXT NOT NULL, content TEXT, meta TEXT,
      embedding BLOB, PRIMARY KEY(dataset_id, id))`)
    db.prepare("INSERT INTO _vec_vec_docs(dataset_id, id, embedding) VALUES ('demo', 'a', ?)").run(
      encodeEmbedding([1, 0]),
    )
    db.exec('CREATE VIRTUAL TABLE vec_docs USING vec(doc_id)')
    const found = db
      .prepare("SELECT doc_id FROM vec_docs WHERE dataset_id = 'demo' AND doc_id MATCH '[2, 0]'")
      .pluck()
    assert.deepEqual(found.all(), ['a'])
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok')
  })
}
