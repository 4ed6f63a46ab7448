import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameText, sqlText } from '../../../src/sqlite/sql-text.ts'
import { throwsVec } from '../../throws-vec.ts'

test('SQL text is given back, and anything else is refused by the method it was given to', () => {
  assert.equal(sqlText('SELECT 1', 'exec'), 'SELECT 1')
  for (const [sql, name] of [
    [undefined, 'undefined'],
    [5, 5],
    [Promise.resolve('SELECT 1'), 'Promise'],
  ] as const) {
    throwsVec(() => sqlText(sql, 'prepare'), { code: 'TypeError', names: ['prepare', name] })
  }
})

test('a NUL, at which SQLite would stop reading, is refused with its place', () => {
  throwsVec(() => sqlText('SELECT 1\0; DROP TABLE t', 'exec'), {
    code: 'TypeError',
    names: ['exec', 8],
  })
})

test('a name is text, not empty and without NUL', () => {
  assert.equal(nameText('main', 'a schema'), 'main')
  for (const name of ['', 'a\0b', 5, null]) {
    throwsVec(() => nameText(name, 'a schema'), { code: 'TypeError', names: ['a schema'] })
  }
})
