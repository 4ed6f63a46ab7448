import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameText, sqlText } from '../../../src/sqlite/sql-text.ts'
import { refused } from '../../refusal.ts'

test('SQL text is given back, and anything else is refused by the method it was given to', () => {
  assert.equal(sqlText('SELECT 1', 'exec'), 'SELECT 1')
  for (const [sql, name] of [
    [undefined, 'undefined'],
    [5, 5],
    [Promise.resolve('SELECT 1'), 'Promise'],
  ] as const) {
    refused(() => sqlText(sql, 'prepare'), 'TypeError', 'prepare', name)
  }
})

test('a NUL, at which SQLite would stop reading, is refused with its place', () => {
  refused(() => sqlText('SELECT 1\0; DROP TABLE t', 'exec'), 'TypeError', 'exec', 8)
})

test('a name is text, not empty and without NUL', () => {
  assert.equal(nameText('main', 'a schema'), 'main')
  for (const name of ['', 'a\0b', 5, null]) {
    refused(() => nameText(name, 'a schema'), 'TypeError', 'a schema')
  }
})
