import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeEmbedding, open, type Connection } from '../../src/entries/main.ts'
import { decodeOriginal } from '../../src/viant/formats/decode-original.ts'
import { openNative } from '../engine/vfs-native.ts'
import { bruteForce } from '../freshness/oracle.ts'
import { goldenFiles, workingCopy } from './golden-folder.ts'
import { vecTables, type DeclaredTable } from './vec-tables.ts'

/** Databases of the original that hold vec tables, each once. */
const files = [...new Set(goldenFiles().map(({ db }) => db))].filter(db => {
  const { path, remove } = workingCopy(db)
  try {
    const native = openNative(path)
    const found = native.all("SELECT name FROM sqlite_schema WHERE sql LIKE '%USING vec(%'")
    native.close()
    return found.length > 0
  } finally {
    remove()
  }
})

interface Table extends DeclaredTable {
  readonly shadow: string
  readonly datasets: readonly string[]
}

function tablesOf(db: Connection): Table[] {
  return vecTables(db).map(table => {
    const shadow = `_vec_${table.name}`
    const datasets = db
      .prepare(`SELECT DISTINCT dataset_id FROM ${shadow}`)
      .pluck()
      .all() as string[]
    return Object.assign(table, { shadow, datasets })
  })
}

/** Every stored vector as a query: the answer is that of brute force over the rows as they are now. */
function assertExact(db: Connection, table: Table, when: string): void {
  for (const dataset of table.datasets) {
    const queries = db
      .prepare(
        `SELECT embedding FROM ${table.shadow} WHERE dataset_id = ? AND length(embedding) > 0 LIMIT 20`,
      )
      .pluck()
      .all(dataset) as Uint8Array[]
    assert.ok(queries.length > 0)
    for (const blob of queries) {
      const query = new Float32Array(blob.slice().buffer)
      const expected = bruteForceOf(db, table, dataset, query)
      const found = db
        .prepare(
          `SELECT ${table.column}, match_score FROM ${table.name} WHERE dataset_id = ? AND ${table.column} MATCH ? LIMIT 10`,
        )
        .raw()
        .all(dataset, query)
      assert.deepEqual(found, expected, `${table.name}/${dataset} ${when}`)
    }
  }
}

function bruteForceOf(
  db: Connection,
  table: Table,
  dataset: string,
  query: Float32Array,
): unknown[] {
  const archived = (
    db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table.shadow) as string[]
  ).includes('archived')
  const shadow = archived ? table.shadow : `(SELECT *, 0 AS archived FROM ${table.shadow})`
  const { found } = bruteForce(db, {
    table: table.name,
    shadow,
    dataset,
    query,
    metric: table.metric,
    limit: 10,
  })
  return found.map(({ id, score }) => [id, score])
}

function vectorOf(seed: number, dim: number): string {
  const vector = Float32Array.from({ length: dim }, (_, i) => Math.cos(seed * (i + 1)))
  return `x'${Buffer.from(encodeEmbedding(vector)).toString('hex')}'`
}

function dimOf(db: Connection, table: Table, dataset: string): number {
  return db
    .prepare(
      `SELECT length(embedding) / 4 FROM ${table.shadow} WHERE dataset_id = ? AND length(embedding) > 0`,
    )
    .pluck()
    .get(dataset) as number
}

/** Writes of every sort, as any program may make them. */
function writes(db: Connection, table: Table): string[] {
  const { shadow } = table
  const scn = (
    db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(shadow) as string[]
  ).includes('scn')
  const row = scn ? '(dataset_id, id, embedding, scn)' : '(dataset_id, id, embedding)'
  const value = (dataset: string, id: string, embedding: string): string =>
    `('${dataset}', '${id}', ${embedding}${scn ? ', 1' : ''})`
  return table.datasets.flatMap(dataset => {
    const v = (seed: number): string => vectorOf(seed, dimOf(db, table, dataset))
    const some = `(SELECT min(id) FROM ${shadow} WHERE dataset_id = '${dataset}' AND length(embedding) > 0)`
    return [
      `INSERT INTO ${shadow}${row} VALUES ${value(dataset, 'new 1', v(1))}, ${value(dataset, 'new 2', v(2))}`,
      `UPDATE ${shadow} SET embedding = ${v(3)} WHERE dataset_id = '${dataset}' AND id = 'new 1'`,
      `UPDATE ${shadow} SET id = 'renamed' WHERE dataset_id = '${dataset}' AND id = 'new 2'`,
      `REPLACE INTO ${shadow}${row} VALUES ${value(dataset, 'new 1', v(4))}`,
      `UPDATE ${shadow} SET content = 'other' WHERE dataset_id = '${dataset}' AND id = ${some}`,
      `DELETE FROM ${shadow} WHERE dataset_id = '${dataset}' AND id = ${some}`,
    ]
  })
}

test('there are files of the original with vec tables', () => {
  assert.ok(files.length >= 4, files.join())
})

for (const file of files) {
  test(`${file}: opens, answers, and goes on after writes of ours and of others`, async () => {
    const { path, remove } = workingCopy(file)
    try {
      const db = await open(path)
      const tables = tablesOf(db)
      for (const table of tables) assertExact(db, table, 'as it was')
      for (const table of tables) {
        for (const write of writes(db, table)) {
          db.exec(write)
          assertExact(db, table, `after ${write}`)
        }
      }
      db.close()

      // Any program can write now: the original's triggers need a function that others do not have.
      const again = await open(path)
      const native = openNative(path)
      for (const table of tablesOf(again)) {
        for (const dataset of table.datasets) {
          const write = `DELETE FROM ${table.shadow} WHERE dataset_id = '${dataset}' AND id = 'renamed'`
          native.exec(write)
          assertExact(again, table, `after ${write} elsewhere`)
        }
      }
      assert.deepEqual(native.all('PRAGMA integrity_check'), ['ok'])
      native.close()
      again.close()
    } finally {
      remove()
    }
  })

  test(`${file}: is checked, repaired, and exported again for the original`, async () => {
    const { path, remove } = workingCopy(file)
    try {
      const db = await open(path)
      const ask = db.prepare('SELECT op, severity, topic FROM vec_admin WHERE op MATCH ?').raw()
      const complaints = (op: string): string[] =>
        (ask.all(op) as string[][])
          .filter(([, severity]) => severity === 'warning' || severity === 'error')
          .map(([text, , topic]) => `${topic}: ${text}`)
      for (const table of tablesOf(db)) {
        const before = complaints(`check:${table.name}:`)
        assert.ok(
          before.some(text => text.startsWith('triggers: triggers of the original')),
          before.join('\n'),
        )
        assert.deepEqual(complaints(`repair:${table.name}:`), [])
        assert.deepEqual(complaints(`check:${table.name}:`), [])
        assertExact(db, table, 'after the repair')
        const format = table.index === 'cover' ? 'cover' : 'brute'
        ask.all(`export:${format}:${table.name}:`)
        assert.deepEqual(complaints(`check:${table.name}:`), [])
        assertReadable(db, table, format)
        assertExact(db, table, 'after the export')
      }
      db.close()
    } finally {
      remove()
    }
  })
}

/** What the original does with an exported index: it decodes it, searches it, and looks every id up. */
function assertReadable(db: Connection, table: Table, format: string): void {
  const stored = db
    .prepare('SELECT "index" FROM vector_storage WHERE shadow_table_name = ? AND dataset_id = ?')
    .pluck()
  const row = db
    .prepare(`SELECT embedding FROM ${table.shadow} WHERE dataset_id = ? AND id = ?`)
    .pluck()
  for (const dataset of table.datasets) {
    const index = decodeOriginal(stored.get(`main.${table.shadow}`, dataset) as Uint8Array)
    assert.equal(index.kind, format)
    const embedded = db
      .prepare(
        `SELECT count(*) FROM ${table.shadow} WHERE dataset_id = ? AND length(embedding) > 0`,
      )
      .pluck()
      .get(dataset)
    assert.equal(index.ids.count, embedded)
    for (let i = 0; i < index.ids.count; i++) {
      const embedding = row.get(dataset, index.ids.text(i)) as Uint8Array
      const vector = index.vectors.subarray(i * index.dim, (i + 1) * index.dim)
      assert.deepEqual(new Float32Array(embedding.slice().buffer), vector)
    }
  }
}
