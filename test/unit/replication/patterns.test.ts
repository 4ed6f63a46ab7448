import assert from 'node:assert/strict'
import { test } from 'node:test'
import { datasetFilter, exactNames } from '../../../src/replication/patterns.ts'

test('a name is itself, a star is any characters, also none and new lines', () => {
  const wanted = datasetFilter(['docs', 'shop-*', '*.old'])
  for (const name of ['docs', 'shop-', 'shop-1\n2', '.old', 'x.old']) assert.ok(wanted(name), name)
  for (const name of ['Docs', 'docs2', 'shop', 'xold', 'a.old.']) assert.ok(!wanted(name), name)
})

test('signs of regular expressions mean themselves', () => {
  const wanted = datasetFilter(['a+(b)[c]*', '^$*'])
  assert.ok(wanted('a+(b)[c]d') && wanted('^$'))
  assert.ok(!wanted('aab'))
})

test('no pattern lets nothing through, a star everything', () => {
  assert.equal(datasetFilter([])('a'), false)
  assert.equal(datasetFilter(['*'])('💡'), true)
})

test('the names among the patterns', () => {
  assert.deepEqual(exactNames(['a', 'b*', 'c']), ['a', 'c'])
})
