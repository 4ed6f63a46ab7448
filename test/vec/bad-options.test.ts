import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, test } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'
import { refused } from '../refusal.ts'

const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`

let db: Connection

beforeEach(async () => {
  db = await open(':memory:')
})

function create(args: string): void {
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(${args})`)
}

test('an unknown option is refused with its name, the nearest right one and all others', () => {
  refused(() => create('doc_id, indx=brute'), 'VEC_OPTION', "'indx'", "'index'", 'cover_parallel')
  refused(() => create('doc_id, cover-base=1.3'), 'VEC_OPTION', "'cover_base'")
})

test('an argument that is no option is refused', () => {
  refused(() => create('doc_id, other'), 'VEC_OPTION', "'other'", 'name=value')
})

for (const [option, ...tells] of [
  ['index=hnsw', "'hnsw'", 'auto, brute, cover'],
  ['metric=manhatten', "'manhatten'", "'manhattan'", 'cosine'],
  ['cover_distance=dot', "'dot'", 'euclidean'],
  ['cover_base=1', "'1'", 'cover_base', '1.3'],
  ['cover_base=abc', 'cover_base', "'abc'"],
  ['cover_base=Infinity', 'cover_base', 'Infinity'],
  ['cover_bound=tight', "'tight'", 'per_node', 'level'],
  ['cover_parallel=-3', 'cover_parallel', "'-3'", 'auto'],
  ['cover_parallel=1.5', 'cover_parallel', "'1.5'"],
  ['include_archived=maybe', "'maybe'", 'include_archived'],
  ['metric=dot, cover_distance=cosine', 'dot', 'cosine', 'cover_distance'],
  ['dbpath=', 'dbpath'],
  ["dbpath=''", 'dbpath'],
] as const) {
  test(`the option ${option} is refused`, () => {
    refused(() => create(`doc_id, ${option}`), 'VEC_OPTION', ...tells)
    assert.deepEqual(
      db.prepare("SELECT name FROM sqlite_master WHERE name LIKE '%docs%'").all(),
      [],
    )
  })
}

test('good values are taken in any case and in quotes', () => {
  create(
    `doc_id, INDEX = 'Cover', Cover_Distance="L2", cover_base=1.4, cover_bound=LEVEL, cover_parallel=2`,
  )
})

test('a dbpath that does not exist is refused with the path', () => {
  refused(() => create('doc_id, dbpath=/nowhere/at/all.db'), 'VEC_OPTION', "'/nowhere/at/all.db'")
})

test('a quoted dbpath names another file, and searches it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dbpath-'))
  try {
    const path = join(folder, "it's documents.db")
    const other = await open(path)
    other.exec('CREATE TABLE made(x)')
    other.close()
    db = await open(':memory:', { allowDbpath: folder })
    create(`doc_id, dbpath='${path.replaceAll("'", "''")}'`)
    const reader = await open(path)
    reader.exec(
      "INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('d', 'x', vec_f32('[1, 0]'))",
    )
    reader.close()
    const found = db
      .prepare("SELECT doc_id FROM docs WHERE dataset_id = 'd' AND doc_id MATCH '[1, 0]'")
      .pluck()
      .all()
    assert.deepEqual(found, ['x'])
  } finally {
    db.close()
    rmSync(folder, { recursive: true })
  }
})

test('a shadow table without the needed columns is refused with those it has', () => {
  db.exec('CREATE TABLE _vec_docs(id TEXT PRIMARY KEY, embedding BLOB)')
  refused(
    () => create('doc_id'),
    'VEC_SHADOW',
    'no such column: dataset_id',
    'it has id, embedding',
    'ALTER TABLE',
  )
})

test('a shadow table without a unique key is refused with the index to make', () => {
  db.exec('CREATE TABLE _vec_docs(dataset_id TEXT, id TEXT, embedding BLOB)')
  refused(
    () => create('doc_id'),
    'VEC_SHADOW',
    'PRIMARY KEY (dataset_id, id)',
    'CREATE UNIQUE INDEX',
  )
  db.exec('CREATE UNIQUE INDEX u ON _vec_docs(dataset_id, id)')
  create('doc_id')
})

test('a view in the way of the shadow table is refused', () => {
  db.exec("CREATE VIEW _vec_docs AS SELECT 'd' AS dataset_id, 'x' AS id, NULL AS embedding")
  refused(() => create('doc_id'), 'VEC_SHADOW', 'view', 'table')
})

test('a shadow table that was dropped is named, and works again when it is back', () => {
  create('doc_id')
  db.exec('DROP TABLE _vec_docs')
  const search = (): unknown =>
    db
      .prepare("SELECT doc_id FROM docs WHERE dataset_id = 'd' AND doc_id MATCH '[1, 0]'")
      .pluck()
      .all()
  refused(search, 'VEC_SHADOW', 'no such table: main._vec_docs', 'create')
  db.exec(
    'CREATE TABLE _vec_docs(dataset_id TEXT, id TEXT, embedding BLOB, PRIMARY KEY (id, dataset_id))',
  )
  db.exec("INSERT INTO _vec_docs VALUES ('d', 'x', vec_f32('[1, 0]'))")
  assert.deepEqual(search(), ['x'])
})

for (const [written, column] of [
  ['"my id"', 'my id'],
  ['"say ""hi"""', 'say "hi"'],
  ['"select"', 'select'],
  ['select', 'select'],
  ['`back tick`', 'back tick'],
  ['[in brackets]', 'in brackets'],
  ['"a=b"', 'a=b'],
  ['größe', 'größe'],
  ['doc_id TEXT NOT NULL', 'doc_id'],
]) {
  test(`the id column can be called ${written}`, () => {
    create(written)
    db.exec("INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('d', 'x', vec_f32('[1, 0]'))")
    const rows = db
      .prepare(`SELECT * FROM docs WHERE dataset_id = 'd' AND ${quoteName(column)} MATCH '[1, 0]'`)
      .all()
    assert.deepEqual(rows, [{ dataset_id: 'd', [column]: 'x' }])
  })
}

for (const column of ['dataset_id', 'match_score', 'distance', 'K', 'content', 'meta', 'docs']) {
  test(`the id column cannot be called ${column}`, () => {
    refused(() => create(column), 'VEC_OPTION', column, 'doc_id')
  })
}

for (const name of ['two words', 'a"quote', "it's", 'dot.ted', 'da-sh', 'select', 'größe']) {
  test(`a vec table can be called ${name}`, () => {
    db.exec(`CREATE VIRTUAL TABLE ${quoteName(name)} USING vec(doc_id)`)
    db.exec(
      `INSERT INTO ${quoteName(`_vec_${name}`)}(dataset_id, id, embedding) VALUES ('d', 'x', vec_f32('[1, 0]'))`,
    )
    const search = db
      .prepare(
        `SELECT doc_id FROM ${quoteName(name)} WHERE dataset_id = 'd' AND doc_id MATCH '[1, 0]'`,
      )
      .pluck()
    assert.deepEqual(search.all(), ['x'])
    db.exec(`UPDATE ${quoteName(`_vec_${name}`)} SET id = 'y'`)
    assert.deepEqual(search.all(), ['y'])
    search.finalize()
    db.exec(`DROP TABLE ${quoteName(name)}`)
  })
}
