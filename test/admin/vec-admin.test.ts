import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { encodeEmbedding, insertMany, open, type Connection } from '../../src/entries/main.ts'

const folder = mkdtempSync(join(tmpdir(), 'admin-'))
after(() => rmSync(folder, { recursive: true, force: true }))

async function filled(name: string, rows: number, dim: number): Promise<Connection> {
  const db = await open(join(folder, name))
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  insertMany(
    db,
    '_vec_docs',
    ['dataset_id', 'id', 'embedding'],
    Array.from({ length: rows }, (_, i) => [
      'a:b',
      `doc ${i}`,
      Float32Array.from({ length: dim }, (_unused, j) => Math.sin(i * (j + 1))),
    ]),
  )
  return db
}

function admin(db: Connection, op: string): string[] {
  return db.prepare('SELECT op FROM vec_admin WHERE op MATCH ?').pluck().all(op) as string[]
}

test('an index is built anew and saved, and says how many rows have an embedding', async () => {
  const db = await filled('rebuild.db', 4000, 100)
  db.prepare("INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('a:b', 'zero', ?)").run(
    encodeEmbedding(new Float32Array(100)),
  )
  db.exec("INSERT INTO _vec_docs(dataset_id, id) VALUES ('a:b', 'not embedded')")
  for (const name of ['main._vec_docs', '_vec_docs', 'docs', 'main.docs']) {
    assert.deepEqual(admin(db, `${name}:a:b`), ['reindexed:4001'], name)
  }
  const saved = db.prepare('SELECT shadow_table_name, dataset_id FROM vector_storage').raw().all()
  assert.deepEqual(saved, [['main._vec_docs', 'a:b']])
  assert.ok((db.prepare('SELECT count(*) FROM vector_storage_chunks').pluck().get() as number) > 5)
  db.exec('CREATE VIRTUAL TABLE administration USING vec_admin(op)')
  const own = db.prepare("SELECT op FROM administration WHERE op MATCH 'docs:a:b'").pluck().all()
  assert.deepEqual(own, ['reindexed:4001'])
  assert.equal(db.pragma('integrity_check', { simple: true }), 'ok')
  db.close()
})

test('an unknown dataset has nothing to build', async () => {
  const db = await filled('unknown.db', 5, 3)
  assert.deepEqual(admin(db, 'docs:nowhere'), ['reindexed:0'])
  assert.deepEqual(admin(db, 'stats:docs:nowhere'), [
    'index: none: the dataset does not contain vectors',
  ])
  db.close()
})

test('statistics tell what an index is', async () => {
  const db = await filled('stats.db', 4000, 100)
  db.exec("DELETE FROM _vec_docs WHERE id IN ('doc 7', 'doc 8')")
  const facts = admin(db, 'stats:docs:a:b')
  assert.ok(facts.some(fact => /^rows: 3998, 1 .*\bzero\b/.test(fact)))
  assert.ok(facts.includes('dimension: 100'))
  assert.ok(facts.some(fact => fact.startsWith('index: exact, cosine, codes in memory')))
  db.close()
})

test('optimize drops tombstones and saves', async () => {
  const db = await filled('optimize.db', 4000, 100)
  assert.deepEqual(admin(db, 'docs:a:b'), ['reindexed:4000'])
  assert.ok(admin(db, 'stats:docs:a:b').includes('tombstones: 0'))
  db.exec("DELETE FROM _vec_docs WHERE id LIKE 'doc 12%'")
  assert.ok(!admin(db, 'stats:docs:a:b').includes('tombstones: 0'))
  assert.deepEqual(admin(db, 'optimize:docs:a:b'), ['optimized'])
  assert.ok(admin(db, 'stats:docs:a:b').includes('tombstones: 0'))
  assert.equal(db.prepare('SELECT count(*) FROM vector_storage').pluck().get(), 1)
  db.close()
})

test('explain tells which index answers and why, and what a search costs', async () => {
  const db = await filled('explain.db', 4000, 100)
  const facts = db
    .prepare(
      "SELECT topic, op, severity, dataset_id FROM vec_admin WHERE op MATCH 'explain:docs:a:b'",
    )
    .raw()
    .all() as string[][]
  assert.deepEqual(
    facts.map(([topic]) => topic),
    ['index', 'rows', 'memory', 'storage', 'stages', 'time'],
  )
  assert.ok(facts.every(([, , severity, dataset]) => severity === 'info' && dataset === 'a:b'))
  const said = Object.fromEntries(facts.map(([topic, op]) => [topic, op]))
  assert.match(said['index'], /^(the exact scan|a cover tree) answers: .+/)
  assert.equal(said['rows'], '4000 rows of 100 dimensions, cosine')
  const [, visited, candidates, scored] =
    /answered from the index: ([\d.]+) rows bounded, ([\d.]+) not ruled out, ([\d.]+) scored exactly$/.exec(
      said['stages'],
    )!
  assert.ok(Number(scored) >= 10 && Number(scored) <= Number(candidates))
  assert.ok(Number(candidates) <= Number(visited))
  assert.match(said['time'], /^[\d.]+ ms a search \(median of 8 stored rows/)

  // In a transaction that has written, changed rows stand beside the index.
  db.exec("BEGIN; DELETE FROM _vec_docs WHERE id IN ('doc 1', 'doc 2')")
  assert.match(admin(db, 'explain:docs:a:b').join(), /, 2 changed rows outside the index/)
  db.exec('ROLLBACK')

  const asked = (sql: string, op: string): string => {
    db.exec(sql)
    return admin(db, op).join('; ')
  }
  assert.match(
    asked('CREATE VIRTUAL TABLE b USING vec(id, index=brute)', 'explain:b:x'),
    /^no index: the dataset does not contain vectors$/,
  )
  db.exec("INSERT INTO _vec_b(dataset_id, id, embedding) VALUES ('x', 'zero', vec_f32('[0, 0]'))")
  assert.match(
    admin(db, 'explain:b:x').join(),
    /^the exact scan answers: index=brute.*no row of nonzero length to search for$/,
  )
  db.exec(
    "CREATE VIRTUAL TABLE c USING vec(id, index=cover); INSERT INTO _vec_c(dataset_id, id, embedding) VALUES ('x', 'one', vec_f32('[1, 0]'))",
  )
  assert.match(admin(db, 'explain:c:x').join(), /^a cover tree answers: index=cover/)
  db.close()
})

test('without MATCH there is nothing to tell', async () => {
  const db = await open(':memory:')
  assert.deepEqual(db.prepare('SELECT op FROM vec_admin').all(), [])
  db.close()
})

test('an unknown operation is refused with the known ones', async () => {
  const db = await filled('refused.db', 5, 3)
  assert.throws(
    () => admin(db, 'docs'),
    /unknown operation 'docs': expected \[reindex\|stats\|optimize\|check\|explain\|recall\|export:brute\|export:cover\|repair:\]shadow:dataset/,
  )
  assert.throws(() => admin(db, 'nothing:a'), /no vec table for main\.nothing/)
  assert.throws(
    () => db.prepare('SELECT op FROM vec_admin WHERE op MATCH 5').all(),
    /expected text, got 5/,
  )
  db.close()
})

test('a rebuild inside a transaction goes with it', async () => {
  const db = await filled('transaction.db', 4000, 100)
  db.exec('BEGIN')
  db.exec("DELETE FROM _vec_docs WHERE id = 'doc 0'")
  assert.deepEqual(admin(db, 'docs:a:b'), ['reindexed:3999'])
  db.exec('ROLLBACK')
  assert.deepEqual(admin(db, 'docs:a:b'), ['reindexed:4000'])
  db.close()
})
