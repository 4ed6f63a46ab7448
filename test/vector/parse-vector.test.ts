import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeEmbedding, parseVectorText } from '../../src/entries/vector.ts'
import { refused } from '../refusal.ts'

for (const [text, numbers] of [
  ['[1, 2.5, -3e2]', [1, 2.5, -300]],
  [' [1]\n', [1]],
  ['[]', []],
  ['1,2', [1, 2]],
  ['1, ,2,', [1, 2]],
  [' +.5 , 1. , -2E-1 ', [0.5, 1, Math.fround(-0.2)]],
  [Buffer.from(encodeEmbedding([1, 2])).toString('base64'), [1, 2]],
  ['AACA\r\nPw==', [1]],
  ['0.1,0.2', [Math.fround(0.1), Math.fround(0.2)]],
] as [string, number[]][]) {
  test(`${JSON.stringify(text)} is [${numbers.join(', ')}]`, () => {
    assert.deepEqual([...parseVectorText(text)], numbers)
  })
}

test('text of four base64 characters that make no float is no vector, even if it is base64', () => {
  refused(
    () => parseVectorText('abcd'),
    'VEC_EMBEDDING',
    'base64-encoded embedding or JSON/CSV float list',
  )
})

for (const [text, ...told] of [
  ['', 'MATCH string is empty'],
  ['  ', 'MATCH string is empty'],
  ['hello', 'must be base64-encoded embedding or JSON/CSV float list'],
  ['[1,2', 'invalid MATCH float "[1": strconv.ParseFloat: parsing "[1": invalid syntax'],
  ['1,x', 'invalid MATCH float "x"'],
  ['1,1e39', 'value out of range'],
  ['[1, null]', 'invalid MATCH float "[1"'],
  ['[[1], [2]]', 'invalid MATCH float'],
  ['[1e99]', 'must be base64-encoded embedding or JSON/CSV float list', 'number 0', '1e+99'],
  ['[null]', 'must be base64-encoded embedding or JSON/CSV float list', 'number 0', 'null'],
  ['[1', 'must be base64-encoded embedding or JSON/CSV float list', 'not valid JSON'],
] as const) {
  test(`${JSON.stringify(text)} is refused`, () => {
    refused(() => parseVectorText(text), 'VEC_EMBEDDING', ...told, 'as a BLOB of float32')
  })
}
