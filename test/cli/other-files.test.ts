import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import { noSqliteVec, openSqliteVec, type NativeDatabase } from '../native-sqlite.ts'
import { svec, svecJson, temporaryFolder } from './svec.ts'

const folder = temporaryFolder()
const path = (name: string): string => join(folder, name)
const withoutPeer = noSqliteVec()

async function documents(file: string): Promise<unknown[]> {
  const db = await open(file, { readonly: true })
  try {
    return db
      .prepare(
        `SELECT dataset_id, id, content, json(meta), vec_json(embedding) FROM _vec_docs
         ORDER BY dataset_id, id`,
      )
      .raw()
      .all()
  } finally {
    db.close()
  }
}

/** What vec0 itself says of its rows, in the form of `documents`. */
function vec0Documents(db: NativeDatabase): unknown[] {
  const rows = db
    .prepare(
      `SELECT user_id, id, Embedding, genre, year, score, ok, contents, n FROM items ORDER BY user_id, id`,
    )
    .rows()
  return rows.map(([user, id, embedding, genre, year, score, ok, contents, n]) => [
    String(user),
    id,
    contents,
    JSON.stringify({ genre, year: Number(year), score, ok: ok === 1n, n: Number(n) }),
    `[${[...new Float32Array(new Uint8Array(embedding as Uint8Array).buffer)].join(',')}]`,
  ])
}

test(
  'a vec0 table: chunks with holes, partitions, metadata, auxiliary columns',
  { skip: withoutPeer },
  async () => {
    const source = path('app.db')
    const db = openSqliteVec(source)
    db.exec(`CREATE VIRTUAL TABLE items USING vec0(
    user_id integer partition key, id text primary key, Embedding float[3] distance_metric=cosine,
    small int8[4], bits bit[8], genre text, year integer, score float, ok boolean,
    +contents text, +n integer, chunk_size=8)`)
    // bun:sqlite binds a number without a fraction as an integer, which vec0 refuses for a float.
    const insert = db.prepare(
      `INSERT INTO items(user_id, id, Embedding, small, bits, genre, year, score, ok, contents, n)
     VALUES (?, ?, ?, vec_int8(?), vec_bit(?), ?, ?, CAST(? AS REAL), ?, ?, ?)`,
    )
    const genres = [
      '',
      'short',
      'twelve bytes',
      'thirteen byte',
      'a genre of more than twelve bytes: é',
    ]
    for (let i = 0; i < 60; i++) {
      const small = Buffer.from(new Int8Array([i, -i, 127, -128]).buffer)
      insert.run(
        BigInt(i % 3),
        `k${i}`,
        new Float32Array([i, 1, -0.5]),
        small,
        Buffer.from([i]),
        genres[i % 5],
        BigInt(1900 + i),
        i / 4,
        BigInt(i % 2),
        `text ${i}`,
        BigInt(i * 10),
      )
    }
    db.exec(`DELETE FROM items WHERE id IN ('k3', 'k17', 'k59')`)
    const expected = vec0Documents(db)
    db.close()

    const file = path('from-vec0.sqlite')
    await svecJson(['init', file])
    const args = ['import', file, source, '--dataset-field', 'user_id']
    const report = (await svecJson(args)) as { imported: number }
    assert.equal(report.imported, 57)
    assert.deepEqual(await documents(file), expected)

    const small = await svecJson([...args, '-d', 'small', '--vector-column', 'small'])
    assert.deepEqual((small as { dimensions: object }).dimensions, { small: 4 })
    const [first] = (await documents(file)).filter(
      row => (row as unknown[])[0] === 'small' && (row as unknown[])[1] === 'k5',
    ) as unknown[][]
    assert.equal(first[4], '[5,-5,127,-128]')
    const bits = await svec([...args, '-d', 'bits', '--vector-column', 'bits'])
    assert.equal(bits.code, 3)
    assert.match(bits.stderr, /bits of items is bit\[8\]: expected float32 or int8/)
    const none = await svec([...args, '--vector-column', 'smal'])
    assert.match(none.stderr, /no vector column 'smal' .*did you mean small\?/)
  },
)

test(
  'a vec0 table without a text key, in the very file that is imported into',
  { skip: withoutPeer },
  async () => {
    const file = path('same.db')
    const db = openSqliteVec(file)
    db.exec('CREATE VIRTUAL TABLE plain USING vec0(embedding float[2])')
    const insert = db.prepare('INSERT INTO plain(rowid, embedding) VALUES (?, ?)')
    const big = 2 ** 40
    db.exec('BEGIN')
    for (let i = 0; i < 2500; i++) insert.run(BigInt(big + i), new Float32Array([i, 1]))
    db.exec('COMMIT')
    db.close()
    await svecJson(['init', file, '--metric', 'euclidean'])
    const { code, stderr } = await svec(['import', file, file, '--batch', '300'])
    assert.equal(code, 0, stderr)
    assert.equal(stderr, '', 'the metrics are the same: there is nothing to note')
    const hits = await svecJson(['query', file, '[1000, 1]', '-k', '1'])
    assert.equal((hits as { id: string }[])[0].id, String(big + 1000))
    assert.equal((await svec(['check', file])).code, 0)
  },
)

test('a file of the original: its documents are copied as they are, and its own tables answer', async () => {
  const original = path('two.db')
  copyFileSync('test/golden/db/two.db', original)
  const file = path('copy.sqlite')
  await svecJson(['init', file, '-t', 'notes'])
  const ambiguous = await svec(['import', file, original])
  assert.equal(ambiguous.code, 2)
  assert.match(ambiguous.stderr, /2 tables to import from: vec_notes, vec_pages/)
  await svecJson(['import', file, original, '--from-table', 'vec_notes'])
  const from = await open(original, { readonly: true })
  const to = await open(file, { readonly: true })
  const columns = "dataset_id, id, content, meta, nullif(hex(embedding), '')"
  const expected = from.prepare(`SELECT ${columns} FROM _vec_vec_notes ORDER BY 1, 2`).raw().all()
  assert.ok(expected.length > 100)
  assert.deepEqual(
    to.prepare(`SELECT ${columns} FROM _vec_notes ORDER BY 1, 2`).raw().all(),
    expected,
  )
  from.close()
  to.close()
  await svecJson(['init', file, '-t', 'pages', '-m', 'euclidean'])
  const pages = await svecJson([
    'import',
    file,
    original,
    '--from-table',
    'vec_pages',
    '-t',
    'pages',
  ])
  assert.ok((pages as { imported: number }).imported > 100)

  const own = await svecJson([
    'export',
    original,
    '-t',
    'vec_notes',
    '-d',
    'alpha',
    path('alpha.jsonl'),
  ])
  assert.ok((own as { exported: number }).exported > 50)
  assert.equal((await svec(['stats', original])).code, 0)
})

test('tables that are no source are refused', async () => {
  const other = path('other.sqlite')
  const db = await open(other)
  db.exec('CREATE TABLE plain(x)')
  db.exec('CREATE TABLE docs(dataset_id TEXT, id TEXT, embedding BLOB)')
  db.exec("INSERT INTO docs VALUES ('d', 'a', vec_f32('[1, 2]'))")
  db.close()
  const file = path('target.sqlite')
  await svecJson(['init', file])
  for (const [table, code, expected] of [
    [undefined, 3, /neither a vec table nor a vec0 table/],
    [undefined, 3, /its tables|there are docs\(dataset_id, id, embedding\), plain\(x\)/],
    ['plian', 3, /no table plian .*did you mean plain\?/],
  ] as const) {
    const args = table === undefined ? [] : ['--from-table', table]
    const { code: ended, stderr } = await svec(['import', file, other, ...args])
    assert.match(stderr, expected)
    assert.equal(ended, code)
  }
  const report = await svecJson(['import', file, other, '--from-table', 'docs'])
  assert.equal((report as { imported: number }).imported, 1)
})

test('a vec table that is imported into is not its own source, and virtual tables of other modules are no obstacle', async () => {
  const file = path('own.sqlite')
  await svecJson(['init', file])
  await svecJson(['import', file, '-'], { input: '{"id":"a","embedding":[1,0]}' })
  const own = await svec(['import', file, file, '-d', 'copy'])
  assert.equal(own.code, 3)
  assert.match(own.stderr, /nor another vec table besides docs, the target/)
  assert.match(own.stderr, /--from-table _vec_docs/)
  await svecJson(['import', file, file, '-d', 'copy', '--from-table', '_vec_docs'])
  assert.equal((await documents(file)).length, 2)

  const foreign = path('foreign.sqlite')
  const db = await open(foreign)
  db.exec('CREATE TABLE notes(id, body)')
  db.pragma('writable_schema = 1')
  db.exec(
    "INSERT INTO sqlite_schema VALUES ('table', 'map', 'map', 0, 'CREATE VIRTUAL TABLE map USING no_such_module(a)')",
  )
  db.close()
  const { code, stderr } = await svec(['import', file, foreign])
  assert.equal(code, 3)
  assert.match(stderr, /neither a vec table nor a vec0 table.*\n.*there are notes\(id, body\)/)
})
