import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RowKeys } from '../../src/tables/vec/row-keys.ts'

const id = (text: string): Uint8Array => new TextEncoder().encode(text)

test('a document keeps its number while a cursor is open, and after the last one is closed', () => {
  const keys = new RowKeys()
  keys.enter()
  assert.equal(keys.numberOf('a', id('x')), 1n)
  assert.equal(keys.numberOf('a', id('y')), 2n)
  keys.enter()
  assert.equal(keys.numberOf('a', id('x')), 1n)
  keys.leave()
  keys.leave()
  assert.deepEqual(keys.keyOf(2n), { dataset: 'a', id: id('y') })
})

test('numbers begin anew with the first cursor of the next statement', () => {
  const keys = new RowKeys()
  keys.enter()
  keys.numberOf('a', id('x'))
  keys.leave()
  keys.enter()
  assert.equal(keys.keyOf(1n), undefined)
  assert.equal(keys.numberOf('b', id('z')), 1n)
})

test('documents whose dataset and id read the same together have numbers of their own', () => {
  const keys = new RowKeys()
  keys.enter()
  const numbers = [
    keys.numberOf('a', id('bc')),
    keys.numberOf('ab', id('c')),
    keys.numberOf('1 a', id('b')),
    keys.numberOf('', id('abc')),
  ]
  assert.equal(new Set(numbers).size, 4)
})

test('the id that is remembered is a copy', () => {
  const keys = new RowKeys()
  const view = id('x')
  keys.numberOf('a', view)
  view[0] = 0
  assert.deepEqual(keys.keyOf(1n)!.id, id('x'))
})
