import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csvRows, type CsvRow } from '../../src/interchange/sources/csv-rows.ts'
import { seededTest } from '../seed.ts'

async function rowsOf(
  text: string | Uint8Array,
  piece: number = text.length || 1,
  delimiter = ',',
): Promise<CsvRow[]> {
  const bytes = Buffer.from(text)
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece)
  }
  const rows: CsvRow[] = []
  for await (const some of csvRows('x.csv', delimiter, pieces())) rows.push(...some)
  return rows
}

async function parse(...args: Parameters<typeof rowsOf>): Promise<(readonly string[])[]> {
  return (await rowsOf(...args)).map(row => row.fields)
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

test('fields, quotes and line ends of RFC 4180 are read', async () => {
  for (const [text, rows] of CASES) {
    assert.deepEqual(await parse(text), rows, JSON.stringify(text))
  }
})

test('where a text is cut into pieces makes no difference', async () => {
  for (const [text, rows] of CASES) {
    for (let piece = 1; piece <= text.length; piece++) {
      assert.deepEqual(await parse(text, piece), rows, `${JSON.stringify(text)} by ${piece}`)
    }
  }
})

seededTest('CSV_SEED')('random tables come back, in any pieces', async (_t, seed) => {
  let state = seed
  const random = (n: number): number => {
    state = (state * 1103515245 + 12345) % 2147483648
    return state % n
  }
  const letters = ['a', '"', ',', '\n', '\r', 'é', ' ', '\t', '\0']
  for (let round = 0; round < 200; round++) {
    const table = Array.from({ length: 1 + random(5) }, () =>
      Array.from({ length: 2 + random(3) }, () =>
        Array.from({ length: random(5) }, () => letters[random(letters.length)]).join(''),
      ),
    )
    const text = table
      .map(row => row.map(field => `"${field.replaceAll('"', '""')}"`).join(','))
      .join('\r\n')
    const rows = await rowsOf(text, 1 + random(7))
    assert.deepEqual(
      rows.map(row => row.fields),
      table,
      `round ${round}`,
    )
    let line = 1
    for (const row of rows) {
      assert.equal(row.line, line, `round ${round}: ${JSON.stringify(text)}`)
      line += 1 + row.fields.flatMap(field => field.match(/\r\n|\n|\r/g) ?? []).length
    }
  }
})

test('rows know the line on which they begin', async () => {
  const rows = await rowsOf('a\n"b\n\nc"\r\n\n"x\r\ny"\nd\n')
  assert.deepEqual(
    rows.map(row => row.line),
    [1, 2, 6, 8],
  )
})

test('a byte order mark is left out, and a field may be huge', async () => {
  const huge = 'x'.repeat(5_000_000)
  assert.deepEqual(await parse(`\uFEFFa,b\n"${huge}",2`, 2 ** 16), [
    ['a', 'b'],
    [huge, '2'],
  ])
})

test('a stray quote, an open one and other text than UTF-8 are refused with their line', async () => {
  await assert.rejects(parse('a\nb"c\n'), { code: 'VEC_SOURCE', message: /^x\.csv, line 2: / })
  await assert.rejects(parse('a\n"b"c\n'), /x\.csv, line 2/)
  await assert.rejects(parse('a\n\n"b\nc'), { message: /^x\.csv, line 3: .*never closed/ })
  await assert.rejects(parse(Buffer.from([0x61, 10, 0xff])), /x\.csv: not UTF-8/)
  await assert.rejects(parse(Buffer.from([0x61, 10, 0xc3])), /x\.csv: not UTF-8/)
})
