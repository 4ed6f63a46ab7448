import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonErrorOf, jsonProblem } from '../../../src/core/json-error.ts'
import { Dice } from '../../dice.ts'
import { seededTest } from '../../seed.ts'

for (const [text, expected] of [
  ['', 'column 1: expected a value, got the end'],
  ['[1, 2', "column 6: expected ',' or ']', got the end"],
  ['[1 2]', "column 4: expected ',' or ']', got '2'"],
  ['[1,]', "column 4: expected a value, got ']'"],
  ['[', "column 2: expected a value or ']', got the end"],
  ["{'a': 1}", `column 2: expected a key in double quotes or '}', got "'"`],
  ['{"a": 1,}', "column 9: expected a key in double quotes, got '}'"],
  ['{"a" 1}', "column 6: expected ':', got '1'"],
  ['{"a": 1]', "column 8: expected ',' or '}', got ']'"],
  ['{"a": hunter2}', "column 7: expected a value, got 'h'"],
  ['[1]\n[2]', "line 2, column 1: expected the end, got '['"],
  ['[01]', "column 3: expected ',' or ']', got '1'"],
  ['[1.]', "column 3: expected ',' or ']', got '.'"],
  ['[-]', "column 2: expected a value or ']', got '-'"],
  ['[NaN]', "column 2: expected a value or ']', got 'N'"],
  ['\uFEFF1', "column 1: expected a value, got '\uFEFF'"],
  ['["a', 'column 4: the string does not end'],
  ['[\n"a\n"]', 'line 2, column 3: a control character in a string: write it as an escape'],
  [String.raw`["\x41"]`, 'column 3: unknown escape in a string'],
  [String.raw`["\u12"]`, 'column 3: unknown escape in a string'],
  ['[\u0007]', String.raw`column 2: expected a value or ']', got '\u0007'`],
] as const) {
  test(`${JSON.stringify(text)} is refused at its first error`, () => {
    assert.throws(() => JSON.parse(text))
    assert.equal(jsonProblem(text), expected)
  })
}

seededTest('INDEX_SEED')(
  'what JSON.parse() refuses has an error, and what it accepts has none',
  () => {
    const dice = new Dice(7)
    const characters = [
      '{',
      '}',
      '[',
      ']',
      '"',
      ',',
      ':',
      '1',
      '-',
      '.',
      'e',
      ' ',
      '\n',
      '\\',
      'u',
      'é',
      'null',
    ]
    const valid = JSON.stringify(
      { a: [1.5e-7, 'x\n\u2028"\\é', null, { b: [] }], c: { d: true, e: -0.5 } },
      null,
      1,
    )
    let refused = 0
    for (let n = 0; n < 4000; n++) {
      const at = dice.below(valid.length)
      const removed = dice.below(3)
      const text = valid.slice(0, at) + dice.pick(characters) + valid.slice(at + removed)
      let accepted = true
      try {
        JSON.parse(text)
      } catch {
        accepted = false
        refused++
      }
      const error = jsonErrorOf(text)
      assert.equal(error === undefined, accepted, text)
      if (error === undefined) continue
      // What comes before the error begins some JSON: its own error is that it ends.
      const before = jsonErrorOf(text.slice(0, error.offset))
      assert.ok(before === undefined || before.offset === error.offset, text)
    }
    assert.ok(refused > 1000)
  },
)

test('text that is nested deeply is read without recursion', () => {
  const deep = '['.repeat(200_000)
  assert.equal(jsonErrorOf(deep)?.offset, 200_000)
  assert.equal(jsonErrorOf(deep + ']'.repeat(200_000)), undefined)
})
