import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CsvParser, type CsvRow } from '../../src/cli/sources/csv-parser.ts'
import { seededTest } from '../seed.ts'

function parse(
  text: string,
  piece: number = text.length || 1,
  delimiter = ',',
): (readonly string[])[] {
  const parser = new CsvParser('x.csv', delimiter)
  const rows: CsvRow[] = []
  for (let at = 0; at < text.length; at += piece) {
    rows.push(...parser.push(text.slice(at, at + piece)))
  }
  rows.push(...parser.push('', true))
  return rows.map(row => row.fields)
}

const CASES: readonly (readonly [string, string[][]])[] = [
  ['', []],
  [
    'a,b\n1,2\n',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  [
    'a,b\r\n1,2',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  ['a\rb\r', [['a'], ['b']]],
  ['"a ""quoted"" word","x,y"\n', [['a "quoted" word', 'x,y']]],
  [
    '"two\r\nlines","and\nmore"\nnext,row',
    [
      ['two\r\nlines', 'and\nmore'],
      ['next', 'row'],
    ],
  ],
  ['"",\n', [['', '']]],
  [',,\n', [['', '', '']]],
  ['a\n\n\nb\n', [['a'], ['b']]],
  ['""""\n', [['"']]],
  ['"a"', [['a']]],
]

test('fields, quotes and line ends of RFC 4180 are read', () => {
  for (const [text, rows] of CASES) assert.deepEqual(parse(text), rows, JSON.stringify(text))
})

test('where a text is cut into pieces makes no difference', () => {
  for (const [text, rows] of CASES) {
    for (let piece = 1; piece <= text.length; piece++) {
      assert.deepEqual(parse(text, piece), rows, `${JSON.stringify(text)} by ${piece}`)
    }
  }
})

seededTest('CSV_SEED')('random tables come back, in any pieces', (_t, seed) => {
  let state = seed
  const random = (n: number): number => {
    state = (state * 1103515245 + 12345) % 2147483648
    return state % n
  }
  const letters = ['a', '"', ',', '\n', '\r', 'é', ' ', '\t']
  for (let round = 0; round < 200; round++) {
    const table = Array.from({ length: 1 + random(5) }, () =>
      Array.from({ length: 2 + random(3) }, () =>
        Array.from({ length: random(5) }, () => letters[random(letters.length)]).join(''),
      ),
    )
    const text = table
      .map(row => row.map(field => `"${field.replaceAll('"', '""')}"`).join(','))
      .join('\r\n')
    assert.deepEqual(parse(text, 1 + random(7)), table, `round ${round}`)
  }
})

test('rows know the line on which they begin', () => {
  const parser = new CsvParser('x.csv', ',')
  const rows = parser.push('a\n"b\n\nc"\r\n\nd\n')
  assert.deepEqual(
    rows.map(row => row.line),
    [1, 2, 6],
  )
})

test('a stray quote and an open one are refused with their line', () => {
  assert.throws(() => parse('a\nb"c\n'), /x\.csv, line 2: a quote inside a field/)
  assert.throws(() => parse('a\n"b"c\n'), /x\.csv, line 2/)
  assert.throws(
    () => parse('a\n\n"b\nc'),
    /x\.csv, line 3: a quote that opens a field is never closed/,
  )
})
