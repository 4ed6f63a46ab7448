import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JsonSplitter, type JsonEntry } from '../../src/interchange/sources/json-splitter.ts'
import { seededTest } from '../seed.ts'
import { Random } from '../vec/random.ts'

let numbers: Random
const random = (n: number): number => numbers.below(n)

function split(text: string | Uint8Array, piece: number): JsonEntry[] {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  const splitter = new JsonSplitter('x.json')
  const entries: JsonEntry[] = []
  for (let at = 0; at < bytes.length; at += piece) {
    entries.push(...splitter.push(bytes.subarray(at, at + piece)))
  }
  splitter.end()
  return entries
}

/** Values with all that could be mistaken for an end. */
function value(depth: number): unknown {
  switch (random(depth > 0 ? 7 : 5)) {
    case 0:
      return random(1000) / 7 - 50
    case 1:
      return ['a"b', '\\', '\\"', ']', '}', '[{', ',', ':', 'é\u2028\n', ''][random(10)]
    case 2:
      return random(2) === 0
    case 3:
      return null
    case 4:
      return Array.from({ length: random(4) }, () => random(100))
    case 5:
      return Array.from({ length: random(4) }, () => value(depth - 1))
    default:
      return Object.fromEntries(
        Array.from({ length: random(4) }, (_, i) => [`k${i}"]`, value(depth - 1)]),
      )
  }
}

seededTest('VEC_SEED')(
  'arrays and objects come apart as JSON.parse reads them, wherever the pieces end',
  () => {
    numbers = new Random(1)
    for (let round = 0; round < 300; round++) {
      const list = Array.from({ length: random(6) }, () => value(3))
      const keyed = Object.fromEntries(list.map((item, i) => [`${i} "\\,é`, item]))
      const indent = [undefined, 1, '\t'][random(3)]
      for (const whole of [list, keyed]) {
        const text = `${['', ' \r\n', '\uFEFF'][random(3)]}${JSON.stringify(whole, null, indent)}${['', '\n'][random(2)]}`
        const entries = split(text, 1 + random(9))
        const told = `round ${round}: ${text}`
        assert.deepEqual(
          entries.map(entry => JSON.parse(entry.text) as unknown),
          Object.values(whole),
          told,
        )
        if (whole === keyed) {
          assert.deepEqual(
            entries.map(entry => entry.key),
            Object.keys(whole),
            told,
          )
        }
      }
    }
  },
)

test('entries know the line on which they begin', () => {
  assert.deepEqual(
    split('[\n1,\n\n{"a":\n1},2\n]', 1).map(entry => entry.line),
    [2, 4, 5],
  )
  assert.deepEqual(
    split('{"a"\n:\n1,\n"b":2}', 3).map(({ key, line }) => [key, line]),
    [
      ['a', 1],
      ['b', 4],
    ],
  )
})

test('what is not one array or object is refused with its line', () => {
  for (const [text, expected] of [
    ['', /x\.json is empty/],
    [' \n', /x\.json is empty/],
    ['1', /line 1: expected a \[ or \{, got '1'/],
    ['[1', /line 1: the JSON ends before its array does/],
    ['[1,', /the JSON ends before its array does/],
    ['[1,\n]', /line 2: expected a value, got '\]'/],
    ['[1\n2]', /line 2: expected a comma, got '2'/],
    ['[,1]', /expected a value, got ','/],
    ['{"a":1,}', /expected a quoted key, got '\}'/],
    ['{a:1}', /expected a quoted key, got 'a'/],
    ['{"a" 1}', /expected a colon, got '1'/],
    ['{"a":}', /expected a value, got '\}'/],
    ['{"a":1', /the JSON ends before its object does/],
    ['{"a":"x', /the JSON ends before its object does/],
    ['{"\\x":1}', /line 1: not JSON/],
    ['[1]\n[2]', /line 2: more JSON follows the first array/],
    ['{"a":1}\n{"a":2}', /line 2: more JSON follows the first object/],
    [Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]), /line 1: not UTF-8/],
  ] as const) {
    for (const piece of [1, 100]) assert.throws(() => split(text, piece), expected, String(text))
  }
})
