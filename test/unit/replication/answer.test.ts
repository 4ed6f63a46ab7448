import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  integerIn,
  kindOf,
  numberIn,
  oneOf,
  optionalIntegerIn,
  optionalTextIn,
  rowsOf,
  textIn,
} from '../../../src/replication/answer.ts'
import { refused } from '../../refusal.ts'

const garbled = (run: () => unknown, ...names: string[]): unknown =>
  refused(run, 'SYNC_TRANSPORT', ...names)

test('an integer of any size is read from text, number or bigint', () => {
  const large = 2n ** 63n - 1n
  for (const [value, integer] of [
    [5, 5n],
    [-5n, -5n],
    ['007', 7n],
    [String(large), large],
  ] as const) {
    assert.equal(integerIn({ n: value }, 'n'), integer)
  }
})

test('what is not an integer is garbled, and named by its kind alone', () => {
  for (const value of [0.5, 2 ** 60, '', ' 1', '1e3', '0x1', null, true, Buffer.from('1')]) {
    garbled(() => integerIn({ n: value }, 'n'), 'n', kindOf(value))
  }
  assert.throws(
    () => integerIn({ n: 'secret' }, 'n'),
    error => !String(error).includes('secret'),
  )
})

test('a count is neither negative nor inexact', () => {
  assert.equal(numberIn({ n: '3' }, 'n'), 3)
  garbled(() => numberIn({ n: -1 }, 'n'), 'n')
  garbled(() => numberIn({ n: String(2n ** 60n) }, 'n'), 'n')
})

test('NULL is undefined where it is allowed', () => {
  assert.equal(optionalTextIn({ t: null }, 't'), undefined)
  assert.equal(optionalIntegerIn({ n: null }, 'n'), undefined)
  garbled(() => textIn({ t: null }, 't'), 't', 'NULL')
})

test('a column that is missing is garbled, and not NULL', () => {
  garbled(() => optionalTextIn({}, 't'), 't')
  garbled(() => optionalIntegerIn({}, 'n'), 'n')
})

test('rows are objects with named columns', () => {
  assert.deepEqual(rowsOf([{ a: 1 }]), [{ a: 1 }])
  for (const result of [undefined, null, 'rows', { rows: [] }, [null], [[1]], [5]]) {
    garbled(() => rowsOf(result))
  }
})

test('the row of a statement that always gives one must be there', () => {
  assert.deepEqual(oneOf([{ a: 1 }, { a: 2 }]), { a: 1 })
  garbled(() => oneOf([]))
})
