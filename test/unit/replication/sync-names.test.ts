import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  backQuoted,
  checkTableName,
  literal,
  syncNames,
} from '../../../src/replication/sync-names.ts'
import { refused } from '../../refusal.ts'

test('all names begin with the prefix', () => {
  const { prefix, ...names } = syncNames('my_')
  assert.equal(prefix, 'my_')
  for (const name of Object.values(names)) assert.match(name, /^my_\w+$/)
  assert.equal(new Set(Object.values(names)).size, Object.keys(names).length)
})

test('a prefix may be empty, and has at most 24 characters', () => {
  assert.equal(syncNames('').log, 'shadow_log')
  syncNames('x'.repeat(24))
  refused(() => syncNames('x'.repeat(25)), 'TypeError', 24)
})

test('a table name is 1 to 48 characters without control characters and backslashes', () => {
  for (const name of ['a', 'x'.repeat(48), 'quo"te', 'ä b'])
    assert.equal(checkTableName(name), name)
  for (const name of ['', 'x'.repeat(49), 'a\nb', 'a\\b', 'a\u007f', 5 as unknown as string]) {
    assert.throws(() => checkTableName(name), TypeError)
  }
})

test('a name with a schema is refused with the one to write', () => {
  refused(() => checkTableName('main.docs'), 'TypeError', 'docs', '"main.docs"')
  assert.equal(checkTableName('mainly.docs'), 'mainly.docs')
})

test('names and literals are quoted as the databases unquote them', () => {
  assert.equal(backQuoted('a`b'), '`a``b`')
  assert.equal(literal("it's"), "'it''s'")
})
