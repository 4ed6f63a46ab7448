import assert from 'node:assert/strict'
import { test } from 'node:test'
import { thrownText } from '../../../src/sqlite/sqlite-error.ts'

test('whatever is thrown has a text that passes through C', () => {
  assert.equal(thrownText(new Error('a')), 'a')
  assert.equal(thrownText(undefined), 'undefined')
  assert.equal(thrownText('a\0b\ud800'), 'a\ufffdb\ufffd')
  const odd = {
    toString() {
      throw new Error('x')
    },
  }
  assert.notEqual(thrownText(odd), '')
})
