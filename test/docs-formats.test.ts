import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { encodeEmbedding, insertMany, open, type Connection } from '../src/entries/main.ts'

// The table of the head's bytes is held against the code by test/store/manifest.test.ts.
const page = readFileSync('docs/formats.md', 'utf8')
const ROWS = 3000
const DIM = 100

let folder: string
let db: Connection
const vector = (i: number) => Array.from({ length: DIM }, (_, j) => Math.sin(i * DIM + j))
const columnsOf = (table: string) =>
  db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[]

/** A file with a saved index: only those above 1 MiB of floats are. */
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'formats-'))
  const path = join(folder, 'saved.sqlite')
  const first = await open(path)
  first.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  const rows = Array.from({ length: ROWS }, (_, i) => ['d', `${i}`, encodeEmbedding(vector(i))])
  insertMany(first, '_vec_docs', ['dataset_id', 'id', 'embedding'], rows)
  const search = first.prepare(
    "SELECT doc_id FROM docs WHERE dataset_id = 'd' AND doc_id MATCH ? AND k = 1",
  )
  assert.deepEqual(search.pluck().get(encodeEmbedding(vector(7))), '7')
  first.close()
  db = await open(path)
})
after(() => {
  db.close()
  rmSync(folder, { recursive: true, force: true })
})

test('the columns of the journal are those of the page', () => {
  const rows = page.matchAll(/^\|(?: `(vec_journal\w*)`)? \| (`.*?) \|/gm)
  const told = new Map<string, string[]>()
  let table = ''
  for (const [, name, cell] of rows) {
    table = name ?? table
    const columns = Array.from(cell.matchAll(/`(\w+)`/g), found => found[1])
    told.set(table, [...(told.get(table) ?? []), ...columns])
  }
  assert.deepEqual([...told.keys()], ['vec_journal', 'vec_journal_state'])
  for (const [name, columns] of told) {
    const own = columnsOf(name)
    assert.ok(own.length >= columns.length)
    // The state has one row, which `id` holds to be the only one.
    assert.deepEqual(
      own.filter(column => column !== 'id' || name === 'vec_journal'),
      columns,
      name,
    )
  }
})

test('the tables of a saved index have the columns of the page, and blocks the size', () => {
  for (const [, table, list] of page.matchAll(/`(vector_storage\w*)\(([^)]*)\)`/g)) {
    const columns = list.split(',').map(column => column.trim().replaceAll('"', ''))
    assert.deepEqual(columnsOf(table), columns, table)
  }
  const names = db.prepare('SELECT shadow_table_name FROM vector_storage').pluck().all()
  assert.deepEqual(names, ['main._vec_docs'])
  const [, size] = /in blocks \(`chunk`\) of ([\d,]+) bytes/.exec(page)!
  const bytes = Number(size.replaceAll(',', ''))
  const sizes = db
    .prepare(
      'SELECT section, max(length(data)), sum(length(data) > ?), count(*) FROM vector_storage_chunks GROUP BY section',
    )
    .raw()
    .all(bytes) as [string, number, number, number][]
  const long = sizes.filter(([, , , count]) => count > 1)
  assert.ok(long.length > 0)
  for (const [section, largest, over] of sizes) {
    assert.equal(over, 0, section)
    if (long.some(([name]) => name === section)) assert.equal(largest, bytes, section)
  }
})

test('the sections of ids are those of the page', () => {
  const told = Array.from(page.matchAll(/^\| `(ids\.\w+)` \|/gm), found => found[1])
  const stored = db
    .prepare("SELECT DISTINCT section FROM vector_storage_chunks WHERE section LIKE 'ids.%'")
    .pluck()
    .all() as string[]
  assert.deepEqual(told.toSorted(), stored.toSorted())
  const bytes = (section: string) =>
    Buffer.concat(
      db
        .prepare('SELECT data FROM vector_storage_chunks WHERE section = ? ORDER BY chunk')
        .pluck()
        .all(section) as Uint8Array[],
    )
  const starts = bytes('ids.starts')
  const pool = bytes('ids.pool')
  assert.equal(starts.length, 4 * ROWS)
  for (const position of [0, 1, 999, ROWS - 1]) {
    const at = starts.readUInt32LE(4 * position)
    // One byte is enough for the length of a short id.
    assert.equal(pool.toString('utf8', at + 1, at + 1 + pool[at]), `${position}`)
  }
})

test('the tables of a text index are those of the page', async () => {
  const texts = await open(':memory:')
  texts.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, text=content);
    INSERT INTO docs(dataset_id, doc_id, content) VALUES ('a', 'x', 'fox'), ('a', 'y', 'red fox');
    UPDATE _vec_docs SET archived = 1 WHERE id = 'y'`)
  const search = texts.prepare(
    "SELECT doc_id FROM docs WHERE dataset_id = 'a' AND docs MATCH vec_text('fox')",
  )
  assert.deepEqual(search.pluck().all(), ['x'])
  const told = Array.from(page.matchAll(/`(vec_text\w*)\(([^)]*)\)`/g), ([, table, list]) => {
    const own = texts.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table)
    assert.deepEqual(own, list.split(', '), table)
    return table
  })
  const [, fts] = /^`(vec_text\w*)` is an FTS5 table/m.exec(page)!
  const [, ends] = /whose names end in (.*)\.$/m.exec(page)!
  const stored = Array.from(ends.matchAll(/`(_\w+)`/g), ([, end]) => `${fts}${end}`)
  const made = texts
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'vec_text%'")
    .pluck()
    .all() as string[]
  assert.deepEqual(made.toSorted(), [...told, fts, ...stored].toSorted())
  const [, size] = /two multiples of ([\d,]+)\./.exec(page)!
  const bytes = Number(size.replaceAll(',', ''))
  const documents = texts.prepare('SELECT docid, hidden FROM vec_text__vec_docs_documents')
  assert.deepEqual(documents.raw().all(), [
    [bytes + 1, 0],
    [bytes + 2, 1],
  ])
  assert.deepEqual(texts.prepare('SELECT rowid FROM vec_text__vec_docs').pluck().all(), [bytes + 1])
  texts.exec('DELETE FROM vec_text_state; DELETE FROM vec_text__vec_docs')
  assert.deepEqual(search.pluck().all(), ['x'])
  texts.close()
})

test('the sections of metadata columns are those of the page', async () => {
  const path = join(folder, 'columns.sqlite')
  const first = await open(path)
  first.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, lang TEXT)')
  const languages = ['en', 'de', null]
  const rows = Array.from({ length: ROWS }, (_, i) => [
    'd',
    `${i}`,
    encodeEmbedding(vector(i)),
    languages[i % 3],
  ])
  insertMany(first, '_vec_docs', ['dataset_id', 'id', 'embedding', 'lang'], rows)
  const search = "SELECT doc_id FROM docs WHERE dataset_id = 'd' AND doc_id MATCH ? AND k = 1"
  const found = first
    .prepare(`${search} AND lang = 'de'`)
    .pluck()
    .get(encodeEmbedding(vector(7)))
  assert.equal(found, '7')
  first.close()

  const second = await open(path)
  const bytes = (section: string) =>
    Buffer.concat(
      second
        .prepare('SELECT data FROM vector_storage_chunks WHERE section = ? ORDER BY chunk')
        .pluck()
        .all(section) as Uint8Array[],
    )
  const told = new Set(Array.from(page.matchAll(/`(columns|column0\.\w+)`/g), match => match[1]))
  const stored = second
    .prepare("SELECT DISTINCT section FROM vector_storage_chunks WHERE section LIKE 'column%'")
    .pluck()
    .all() as string[]
  for (const section of stored) assert.ok(told.has(section), section)
  const names = JSON.parse(bytes('columns').toString()) as {
    definition: string
    columns: unknown[]
  }
  assert.deepEqual(Object.keys(names), ['definition', 'columns'])
  assert.match(names.definition, /^CREATE TABLE/)
  assert.deepEqual(names.columns, [{ name: 'lang', type: 'TEXT', kind: 'u8' }])
  const cells = bytes('column0.cells')
  const pool = bytes('column0.pool')
  const starts = bytes('column0.starts')
  assert.equal(cells.length, ROWS)
  const expected = ['\u0003en', '\u0003de', '\0']
  for (const position of [0, 1, 2, 1000, ROWS - 1]) {
    const at = starts.readUInt32LE(4 * cells[position])
    const value = pool.toString('utf8', at + 1, at + 1 + pool[at])
    assert.equal(value, expected[position % 3], `position ${position}`)
  }
  second.close()
})
