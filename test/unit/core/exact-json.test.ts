import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJson, stringifyJson } from '../../../src/core/exact-json.ts'
import { scratch } from '../../cli/scratch.ts'
import { svec, svecJson } from '../../cli/svec.ts'

const { freshTable, rowsOf, write } = scratch()

test('an integer that a double cannot hold keeps its digits, and everything else is as JSON.parse has it', () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['9007199254740993', 9007199254740993n],
    [' {"a": -12345678901234567890 } ', { a: -12345678901234567890n }],
    ['[1,9007199254740993,[9007199254740995]]', [1, 9007199254740993n, [9007199254740995n]]],
    ['{"a":"9007199254740993","b":[1]}', { a: '9007199254740993', b: [1] }],
    [
      '{"a":", 9007199254740993 ,\\"","9007199254740993":1}',
      { a: ', 9007199254740993 ,"', '9007199254740993': 1 },
    ],
    ['[9007199254740992, 100000000000000000000]', [9007199254740992, 1e20]],
    [
      '[0.25000000000000000000, 15000000000000000000e3, 1234567890123456.5]',
      [0.25, 1.5e22, 1234567890123456.5],
    ],
  ]
  for (const [text, value] of cases) {
    assert.deepEqual(parseJson(text), value, text)
    assert.deepEqual(parseJson(stringifyJson(value)), value, text)
  }
  assert.equal(
    stringifyJson({ a: 9007199254740993n, b: ['x', 1n] }),
    '{"a":9007199254740993,"b":["x",1]}',
  )
  for (const text of ['{"a":9007199254740993', '09007199254740993', '']) {
    assert.throws(() => parseJson(text), SyntaxError, text)
  }
})

test('import keeps the digits of ids and of numbers in meta', async () => {
  const file = await freshTable()
  const lines = [
    '{"id":9007199254740993,"embedding":[1,12345678901234567890],"n":9007199254740993}',
    '{"id":9007199254740992,"embedding":[1,0],"meta":{"deep":[{"n":12345678901234567890}]}}',
    '{"id":"b","embedding":[1,0],"meta":"{\\"n\\":9007199254740995}","more":1}',
  ]
  for (const [name, text] of [
    ['ids.jsonl', lines.join('\n')],
    ['ids.json', `[${lines.join(',')}]`],
  ]) {
    await svecJson(['import', file, write(name, text), '--on-conflict', 'replace'])
    assert.deepEqual(await rowsOf(file, 'id, meta'), [
      ['9007199254740993', '{"n":9007199254740993}', '[1,12345679000000000000]'],
      ['9007199254740992', '{"deep":[{"n":12345678901234567890}]}', '[1,0]'],
      ['b', '{"more":1,"n":9007199254740995}', '[1,0]'],
    ])
  }
  const more = '{"id":"b","z":9007199254740997}'
  await svecJson(['import', file, write('more.jsonl', more), '--on-conflict', 'merge'])
  const [, , [, meta]] = await rowsOf(file, 'id, meta')
  assert.equal(meta, '{"more":1,"n":9007199254740995,"z":9007199254740997}')
  // And out and in again.
  const copy = await freshTable()
  const { stdout } = await svec(['export', file])
  await svecJson(['import', copy, '-'], { input: stdout })
  assert.deepEqual(await rowsOf(copy, 'id, meta'), await rowsOf(file, 'id, meta'))
})
