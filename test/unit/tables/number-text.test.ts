import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digitsOf, sqlText } from '../../../src/tables/number-text.ts'

test('a value is told as SQL knows it, long text cut, a BLOB by its length', () => {
  assert.equal(sqlText(null), 'NULL')
  assert.equal(sqlText(1.5), '1.5')
  assert.equal(sqlText(7n), '7')
  assert.equal(sqlText('a'), "text 'a'")
  assert.equal(sqlText('x'.repeat(41)), `text '${'x'.repeat(40)}...'`)
  assert.equal(sqlText(new Uint8Array(3)), 'a BLOB of 3 bytes')
})

test('a whole number is its digits, INTEGER or REAL; other numbers have none', () => {
  for (const [number, digits] of [
    [7, '7'],
    [-7n, '-7'],
    [2n ** 62n, String(2n ** 62n)],
    [1e15, '1000000000000000'],
    [-0, '0'],
    [0.5, undefined],
    [1e300, undefined],
    [NaN, undefined],
  ] as const) {
    assert.equal(digitsOf(number), digits)
  }
})
