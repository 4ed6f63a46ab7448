import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeEmbedding, insertMany, open, type Connection } from '../../src/entries/main.ts'
import { describeTable, vecTableNames } from '../../src/entries/vec.ts'
import { inspect, maintain } from '../../src/entries/vecadmin.ts'
import { refused } from '../refusal.ts'

/** Two datasets in docs, none in "odd.name", and tables of other modules beside them. */
async function scene(): Promise<Connection> {
  const db = await open(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(slug, metric=l2, index='brute', include_archived=1);
    CREATE VIRTUAL TABLE "odd.name" USING vec(doc_id);
    CREATE VIRTUAL TABLE words USING fts5(body);
    CREATE TABLE plain(dataset_id, id)`)
  const columns = ['dataset_id', 'id', 'embedding', 'embedding_model']
  const rows = ['a', 'b', 'c'].map(id => ['first', id, encodeEmbedding([1, 2]), 'm'] as const)
  insertMany(db, '_vec_docs', columns, [...rows, ['second', 'x', null, null]])
  return db
}

test('describeTable() says what CREATE VIRTUAL TABLE said and what the table holds', async () => {
  const db = await scene()
  assert.deepEqual(describeTable(db, 'DOCS'), {
    name: 'docs',
    schema: 'main',
    column: 'slug',
    metric: 'euclidean',
    index: 'brute',
    includeArchived: true,
    type: 'f32',
    int8Range: undefined,
    dbpath: undefined,
    declared: [],
    text: undefined,
    shadow: '_vec_docs',
    columns: describeTable(db, 'docs').columns,
    datasets: [
      { name: 'first', rows: 3, dim: 2, model: 'm' },
      { name: 'second', rows: 1, dim: undefined, model: undefined },
    ],
    problem: undefined,
  })
  for (const column of ['dataset_id', 'id', 'content', 'meta', 'embedding', 'embedding_model']) {
    assert.ok(describeTable(db, 'docs').columns.includes(column), column)
  }
  const names = describeTable(db, 'docs', { counts: false }).datasets
  assert.deepEqual(
    names.map(({ name, rows }) => [name, rows]),
    [
      ['first', undefined],
      ['second', undefined],
    ],
  )
  assert.deepEqual(describeTable(db, 'odd.name').datasets, [])
  db.close()
})

test('vec tables are told from those of other modules, in any schema', async () => {
  const db = await scene()
  assert.deepEqual(vecTableNames(db), ['docs', 'odd.name'])
  db.exec("ATTACH ':memory:' AS other; CREATE VIRTUAL TABLE other.more USING vec(doc_id)")
  assert.deepEqual(vecTableNames(db, { schema: 'other' }), ['more'])
  assert.equal(describeTable(db, 'more', { schema: 'other' }).schema, 'other')
  for (const table of ['words', 'plain', 'absent']) {
    assert.throws(() => describeTable(db, table), Error, table)
  }
  refused(() => describeTable(db, ''), 'TypeError', 'describeTable()')
  refused(() => describeTable(Promise.resolve(db) as never, 'docs'), 'TypeError', 'await')
  refused(() => describeTable(db, 'docs', { counts: 1 as never }), 'TypeError', 'counts')
  db.close()
})

test('a table whose documents are missing has a problem, and the others are described', async () => {
  const db = await scene()
  db.exec('DROP TABLE _vec_docs')
  const { problem, datasets, columns } = describeTable(db, 'docs')
  assert.match(problem ?? '', /_vec_docs/)
  assert.deepEqual([datasets, columns], [[], []])
  const { tables, health } = inspect(db)
  assert.deepEqual(
    tables.map(table => [table.name, table.problem === undefined]),
    [
      ['docs', false],
      ['odd.name', true],
    ],
  )
  assert.equal(health, 'error')
  db.close()
})

test('inspect() sums a file up: versions, journal, tables, health', async () => {
  const db = await scene()
  const { versions, journal, tables, health, problems, pages, pageSize } = inspect(db)
  assert.equal(versions.sqlite, db.prepare('SELECT sqlite_version()').pluck().get())
  assert.deepEqual(journal, { first: 1, last: 4 })
  assert.deepEqual(
    tables.map(({ name }) => name),
    ['docs', 'odd.name'],
  )
  assert.deepEqual([health, problems], ['ok', []])
  assert.ok(pages > 0 && pageSize >= 512)
  const embedding = encodeEmbedding([1, 2, 3])
  insertMany(db, '_vec_docs', ['dataset_id', 'id', 'embedding'], [['first', 'long', embedding]])
  const sick = inspect(db)
  assert.equal(sick.health, 'error')
  assert.ok(sick.problems.some(({ table, topic }) => table === 'docs' && topic === 'dimension'))
  assert.equal(inspect(db, { check: false }).health, undefined)
  const empty = await open(':memory:')
  assert.deepEqual(
    [inspect(empty).tables, inspect(empty).health, inspect(empty).journal],
    [[], 'ok', undefined],
  )
  empty.close()
  db.close()
})

test('maintain() answers as vec_admin does, for tables of any name', async () => {
  const db = await scene()
  const asked = db.prepare('SELECT op, severity, topic FROM vec_admin WHERE op MATCH ?')
  for (const work of ['check', 'explain'] as const) {
    const found = maintain(db, 'docs', work, { dataset: 'second' })
    assert.deepEqual(
      found.map(({ op, severity, topic }) => ({ op, severity, topic })),
      asked.all(`${work}:main.docs:second`),
    )
  }
  assert.equal(maintain(db, 'docs', 'reindex', { dataset: 'first' })[0].op, 'reindexed:3')
  assert.ok(maintain(db, 'odd.name', 'check').length > 0)
  refused(() => maintain(db, 'docs', 'chekc' as never), 'VEC_OPTION', "'check'")
  refused(() => maintain(db, 'absent', 'check'), 'VEC_QUERY', /absent/)
  refused(() => maintain(db, 'docs', 'check', { dataset: 1 as never }), 'TypeError', 'dataset')
  db.close()
})
