import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TableSchema } from '../../../src/search/schema/table-schema.ts'
import { parseVecOptions, unquote } from '../../../src/tables/vec/vec-options.ts'
import { refused } from '../../refusal.ts'

const parse = (...args: string[]): ReturnType<typeof parseVecOptions> =>
  parseVecOptions(args, 'docs')

const badOption = (args: readonly string[], ...names: (string | number)[]): unknown =>
  refused(() => parse(...args), 'VEC_OPTION', ...names)

test('without arguments everything has its default', () => {
  assert.deepEqual(parse(), {
    column: 'doc_id',
    dbpath: undefined,
    index: 'auto',
    metadata: [],
    metric: 'cosine',
    coverBase: 1.3,
    coverBound: 'per_node',
    coverParallel: 'auto',
    includeArchived: false,
    recall: 1,
    text: undefined,
    type: parseVecOptions(['doc_id', 'type=f32'], 'docs').type,
  })
})

test('the id column is named as in CREATE TABLE: bare, quoted in any way, with a type', () => {
  for (const [written, column] of [
    ['id', 'id'],
    ['  id TEXT PRIMARY KEY', 'id'],
    ['"a ""b"" c"', 'a "b" c'],
    ['`a``b`', 'a`b'],
    ['[a b]', 'a b'],
    ["'it''s'", "it's"],
    ['"a=b"', 'a=b'],
    ['', 'doc_id'],
  ]) {
    assert.equal(parse(written).column, column, written)
  }
})

test('an id column cannot have the name of another column or of the table', () => {
  // Without the columns filter and recall, which give way.
  const columns = new TableSchema('docs', 'id').columns.filter(
    ({ role }) => !['id', 'filter', 'recall'].includes(role),
  )
  for (const { name } of columns) badOption([name], name)
  badOption(['Distance'], 'Distance')
})

test('options are read in any case and order, with or without quotes and blanks', () => {
  const { column, index, metric, coverBound } = parse(
    'id',
    ' INDEX = Cover ',
    "metric='Euclidean'",
    '',
    'cover_bound="level"',
  )
  assert.deepEqual([column, index, metric, coverBound], ['id', 'cover', 'euclidean', 'level'])
  assert.equal(parse('index=brute').column, 'doc_id')
})

test('each option takes its own values', () => {
  assert.equal(parse("dbpath='it''s.db'").dbpath, "it's.db")
  assert.equal(parse('cover_base=1.5').coverBase, 1.5)
  assert.equal(parse('cover_parallel=OFF').coverParallel, 'off')
  assert.equal(parse('cover_parallel=0').coverParallel, 'off')
  assert.equal(parse('cover_parallel=4').coverParallel, 4)
  for (const yes of ['1', 'true', 'ON'])
    assert.equal(parse(`include_archived=${yes}`).includeArchived, true)
  for (const no of ['0', 'false', 'off'])
    assert.equal(parse(`include_archived=${no}`).includeArchived, false)
  assert.equal(parse('cover_bound=BoundPerNode').coverBound, 'per_node')
})

test('cover_distance is the older name of metric', () => {
  assert.equal(parse('cover_distance=euclidean').metric, 'euclidean')
  assert.equal(parse('cover_distance=l2', 'metric=euclidean').metric, 'euclidean')
  badOption(['cover_distance=cosine', 'metric=euclidean'], 'cosine', 'euclidean')
  badOption(['cover_distance=dot'], "'dot'")
})

test('a tree needs a metric that obeys the triangle inequality', () => {
  badOption(['index=cover', 'metric=dot'], 'cover', 'dot')
  assert.equal(parse('metric=dot').index, 'auto')
})

test('a wrong name or value is refused with the nearest right one', () => {
  badOption(['id', 'metrc=dot'], "'metrc'", "'metric'")
  badOption(['id', 'plain'], "'plain'", 'metric')
  badOption(['metric=cosin'], "'cosin'", "'cosine'")
  badOption(['index=hnsw'], "'hnsw'", 'brute', 'cover')
  badOption(['include_archived=yes'], "'yes'")
})

test('a number out of its range is refused', () => {
  for (const base of ['1', '0', '-2', 'x', '', 'Infinity']) badOption([`cover_base=${base}`], 1.3)
  for (const workers of ['-1', '1.5', 'x', ' ']) badOption([`cover_parallel='${workers}'`])
  badOption(['dbpath='], 'dbpath')
})

test('one pair of quotes is taken off', () => {
  for (const [value, text] of [
    ["'a''b'", "a'b"],
    ['"a""b"', 'a"b'],
    ["'a", "'a"],
    ["'", "'"],
    [`'a"`, `'a"`],
    ['', ''],
  ]) {
    assert.equal(unquote(value), text)
  }
})
