import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import { noSqliteVec, openSqliteVec } from '../native-sqlite.ts'
import { floats, scratch } from './scratch.ts'
import { svec, svecJson } from './svec.ts'

const { folder, path, freshTable, rowsOf } = scratch()
const withoutPeer = noSqliteVec()

const digest = (file: string): string =>
  createHash('sha256').update(readFileSync(file)).digest('hex')
const beside = (): string[] =>
  readdirSync(folder)
    .filter(name => name.startsWith('wal.db'))
    .toSorted()
const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

interface Report {
  readonly imported: number
  readonly notes: readonly string[]
}

test('an ordinary table is read by the names of its columns; rowids are ids where there are no others', async () => {
  const old = path('plain.db')
  const db = await open(old, { register: false })
  db.exec(`
    CREATE TABLE Labelled(id INTEGER PRIMARY KEY, label TEXT UNIQUE, vector BLOB, big INTEGER, "odd ""name" BLOB);
    CREATE TABLE bare(embedding BLOB, text TEXT);
    CREATE TABLE keyed(a TEXT, b INTEGER, embedding BLOB, PRIMARY KEY (a, b)) WITHOUT ROWID;
    CREATE TABLE shadow(dataset_id TEXT, id TEXT, embedding BLOB, title TEXT);
    CREATE TABLE taken(rowid TEXT, oid TEXT, _rowid_ TEXT, embedding BLOB);
    CREATE TABLE "__proto__"(id TEXT, embedding BLOB, "__proto__" TEXT);
    CREATE VIEW seen AS SELECT * FROM bare;`)
  const add = db.prepare('INSERT INTO Labelled VALUES (?, ?, ?, ?, ?)')
  const rows = 2500
  db.exec('BEGIN')
  for (let i = 0; i < rows; i++) {
    add.run(i * 3 + 1, `l${i}`, floats(i, 1), 2n ** 60n, Buffer.from([255, i & 255]))
  }
  db.prepare('INSERT INTO bare(rowid, embedding, text) VALUES (-5, ?, ?)').run(floats(1, 2), 'x')
  const keyed = db.prepare('INSERT INTO keyed VALUES (?, ?, ?)')
  for (let i = 0; i < rows; i++) keyed.run(`k${i >> 1}`, i, floats(i, 1))
  db.prepare('INSERT INTO shadow VALUES (?, ?, ?, ?)').run('d', 'i', floats(1, 2), 'T')
  db.prepare('INSERT INTO "__proto__" VALUES (?, ?, ?)').run('i', floats(1, 2), 'x')
  db.exec('COMMIT')
  db.close()

  const file = await freshTable()
  const run = async (...args: string[]): Promise<Report> =>
    (await svecJson(['import', file, old, '--from-table', ...args])) as Report
  const names = ['--id-field', 'label', '--embedding-field', 'vector', '-d', 'labels']
  assert.equal((await run('LABELLED', ...names)).imported, rows)
  const [first] = await rowsOf(file)
  assert.deepEqual(first, [
    'l0',
    null,
    '{"id":1,"big":1152921504606846976,"odd \\"name":"/wA="}',
    '[0,1]',
  ])
  const hits = await svecJson(['query', file, '[1, 1]', '-d', 'labels', '-k', '1'])
  assert.equal((hits as { id: string }[])[0].id, 'l1')
  const bare = await run('bare', '-d', 'bare')
  assert.deepEqual(bare.notes, ['there is no id column: the rowids are the ids'])
  assert.equal((await run('keyed', '--id-field', 'b', '-d', 'keyed')).imported, rows)
  await run('shadow', '--content-field', 'title')
  await run('__proto__', '-d', 'proto')
  const last = await rowsOf(file, 'dataset_id, id, content, meta')
  assert.deepEqual(last.slice(-2), [
    ['d', 'i', 'T', null, '[1,2]'],
    ['proto', 'i', null, '{"__proto__":"x"}', '[1,2]'],
  ])
  assert.deepEqual(last[rows], ['bare', '-5', 'x', null, '[1,2]'])
  for (const [table, expected] of [
    ['seen', /seen is a view.*\n.*CREATE TABLE/],
    ['taken', /all names of the rowid/],
    ['bear', /no table bear .*did you mean bare\?\n {2}its tables are /],
  ] as const) {
    const { code, stderr } = await svec(['import', file, old, '--from-table', table])
    assert.equal(code, 3)
    assert.match(stderr, expected)
  }
  const unnamed = await svec(['import', file, old])
  assert.match(unnamed.stderr, /--from-table; there are Labelled\(id, label, vector, big, /)
})

test(
  'a source in WAL mode is read as it is, and stays byte for byte',
  { skip: withoutPeer },
  async () => {
    const source = path('wal.db')
    const temporary = path('tmp')
    const env = { TMPDIR: temporary }
    mkdirSync(temporary)
    const db = openSqliteVec(source)
    db.exec('PRAGMA journal_mode = WAL')
    db.exec('CREATE TABLE t(id TEXT PRIMARY KEY, embedding BLOB)')
    const insert = db.prepare('INSERT INTO t VALUES (?, ?)')
    insert.run('closed', floats(1, 2))
    db.close()
    assert.ok(!existsSync(`${source}-wal`))
    const file = await freshTable()
    const args = ['import', file, source, '--from-table', 't', '--on-conflict', 'skip']
    const before = digest(source)
    assert.equal(((await svecJson(args, { env })) as Report).imported, 1)
    assert.equal(digest(source), before)
    assert.deepEqual(beside(), ['wal.db'])

    // What stands in the -wal alone is read, too: beside the program that wrote it, and after it was killed.
    const writer = openSqliteVec(source)
    writer.exec('PRAGMA wal_autocheckpoint = 0')
    writer.prepare('INSERT INTO t VALUES (?, ?)').run('in the wal', floats(3, 4))
    const three = beside()
    assert.deepEqual(three, ['wal.db', 'wal.db-shm', 'wal.db-wal'])
    const was = [source, `${source}-wal`].map(digest)
    assert.equal(((await svecJson(args, { env })) as Report).imported, 1)
    assert.deepEqual([source, `${source}-wal`].map(digest), was)
    assert.deepEqual(beside(), three)
    // It was in nobody's way.
    writer.prepare('INSERT INTO t VALUES (?, ?)').run('later', floats(5, 6))
    assert.equal(((await svecJson(args, { env })) as Report).imported, 1)
    writer.close()
    assert.deepEqual(
      (await rowsOf(file, 'id')).map(([id]) => id),
      ['closed', 'in the wal', 'later'],
    )
    assert.deepEqual(readdirSync(temporary), [], 'the copy is gone')
  },
)

test('a value that is nested deeply is a message with its line, wherever it stands', async () => {
  const file = await freshTable()
  const good = '{"id": "a", "embedding": [1, 2]}\n'
  for (const field of ['meta', 'tags', 'content', 'id', 'embedding', 'dataset']) {
    for (const depth of [1001, 200_000]) {
      if (depth === 1001 && field !== 'meta' && field !== 'tags') continue
      const own = field === 'id' ? '' : '"id": "b", '
      const line = `{${own}"${field}": ${deep(depth)}}`
      for (const [format, input, where] of [
        ['jsonl', `${good}${line}`, /line 2/],
        ['json', `[${good},\n${line}]`, /entry 2/],
      ] as const) {
        if (format === 'json' && field !== 'meta') continue
        const { code, stderr } = await svec(['import', file, '-', '-f', format], { input })
        assert.equal(code, 3, `${field} ${depth}: ${stderr.slice(0, 200)}`)
        assert.match(stderr, where)
        assert.match(stderr, /nested/)
      }
    }
  }
  // The deepest that SQLite reads.
  const meta = `{"id": "deep", "embedding": [1, 2], "meta": ${deep(1000)}}`
  await svecJson(['import', file, '-', '-d', 'deep'], { input: meta })
  const filter = "json_extract(meta, '$.x') IS NULL"
  assert.equal((await svec(['query', file, '[1, 2]', '-d', 'deep', '--filter', filter])).code, 0)
  // What another program stored deeper comes out as text.
  const db = await open(file)
  db.prepare(
    "INSERT INTO _vec_docs(dataset_id, id, embedding, meta) VALUES ('own', 'x', ?, ?)",
  ).run(floats(1, 2), deep(100_000))
  db.close()
  const hits = await svecJson(['query', file, '[1, 2]', '-d', 'own'])
  assert.equal((hits as { meta: unknown }[])[0].meta, deep(100_000))
  for (const format of ['jsonl', 'csv']) {
    assert.equal((await svec(['export', file, '-d', 'own', '-f', format])).code, 0)
  }
})
