import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  chunkText,
  type Chunk,
  type ChunkOptions,
} from '../../src/documents/chunking/chunk-text.ts'

const texts = (chunks: readonly Chunk[]): string[] => chunks.map(({ text }) => text)

/** What every answer must keep. */
function sound(source: string, options: ChunkOptions): Chunk[] {
  const { maxSize = 1000, overlap = 0, measure = (text: string): number => text.length } = options
  const chunks = chunkText(source, options)
  let covered = 0
  let before: Chunk | undefined
  for (const chunk of chunks) {
    assert.equal(chunk.text, source.slice(chunk.start, chunk.end))
    assert.equal(chunk.text, chunk.text.trim())
    assert.ok(chunk.text.isWellFormed() || !source.isWellFormed(), 'a character was cut in two')
    const characters = [...new Intl.Segmenter().segment(chunk.text)].length
    assert.ok(
      measure(chunk.text) <= maxSize || characters === 1,
      `${measure(chunk.text)} of ${maxSize}`,
    )
    assert.equal(
      source.slice(covered, Math.max(covered, chunk.start)).trim(),
      '',
      'text was left out',
    )
    if (before) {
      assert.ok(chunk.start > before.start && chunk.end > before.end, 'chunks go forward')
      const shared = source.slice(chunk.start, before.end)
      assert.ok(
        chunk.start >= before.end || measure(shared.trim()) <= overlap,
        'too much is repeated',
      )
    }
    covered = Math.max(covered, chunk.end)
    before = chunk
  }
  assert.equal(source.slice(covered).trim(), '', 'the end was left out')
  return chunks
}

test('a short text is one chunk, and an empty one is none', () => {
  assert.deepEqual(chunkText('  Hello.\n'), [{ text: 'Hello.', start: 2, end: 8, headings: [] }])
  assert.deepEqual(chunkText(''), [])
  assert.deepEqual(chunkText(' \n\t\n'), [])
})

test('paragraphs stay whole where they fit, then sentences, then words, then characters', () => {
  const source = 'One two. Three four.\n\nFive six seven eight nine. Ten.\n\nabcdefghijklmnop'
  assert.deepEqual(texts(sound(source, { maxSize: 30 })), [
    'One two. Three four.',
    'Five six seven eight nine.',
    'Ten.\n\nabcdefghijklmnop',
  ])
  assert.deepEqual(texts(sound('one two three', { maxSize: 7 })), ['one two', 'three'])
  assert.deepEqual(texts(sound('abcdefgh', { maxSize: 3 })), ['abc', 'def', 'gh'])
})

test('characters of several code units are never cut', () => {
  const family = '\u{1F468}‍\u{1F469}‍\u{1F467}'
  assert.deepEqual(texts(sound(family + family, { maxSize: 3 })), [family, family])
  assert.deepEqual(texts(sound('\u{1F600}\u{1F600}e\u0301', { maxSize: 4 })), [
    '\u{1F600}\u{1F600}',
    'e\u0301',
  ])
})

test('the end of a chunk is repeated by whole sentences, or words', () => {
  const source = 'Aaa bbb. Ccc ddd. Eee fff. Ggg hhh. Iii jjj.'
  assert.deepEqual(texts(sound(source, { maxSize: 27, overlap: 10 })), [
    'Aaa bbb. Ccc ddd. Eee fff.',
    'Eee fff. Ggg hhh. Iii jjj.',
  ])
  assert.deepEqual(texts(sound('aa bb cc dd ee ff', { maxSize: 8, overlap: 3 })), [
    'aa bb cc',
    'cc dd ee',
    'ee ff',
  ])
})

test('Markdown breaks at headings, names them, and keeps code together', () => {
  const source = `Intro.

# Install
Run this:

\`\`\`sh
# no heading

npm install
\`\`\`

## On Windows ##
The same.

Usage
=====
Text
- no underline: a list

Options
-------
None.
`
  const chunks = sound(source, { format: 'markdown', maxSize: 200 })
  assert.deepEqual(
    chunks.map(({ headings }) => headings),
    [[], ['Install'], ['Install', 'On Windows'], ['Usage'], ['Usage', 'Options']],
  )
  assert.match(chunks[1].text, /^# Install\nRun this:\n\n```sh\n# no heading\n\nnpm install\n```$/)
  assert.match(chunks[2].text, /^## On Windows ##\nThe same\.$/)
})

test('plain text has no headings', () => {
  assert.deepEqual(chunkText('# Not a heading\ntext')[0].headings, [])
})

test('a fence that is never closed runs to the end', () => {
  const chunks = sound('# A\n~~~\ncode\n# B\n', { format: 'markdown' })
  assert.deepEqual(
    chunks.map(({ headings }) => headings),
    [['A']],
  )
})

const words = (text: string): number => text.split(/\s+/).filter(Boolean).length

test('sizes are measured by the function that is given', () => {
  const source = Array.from({ length: 50 }, (_, i) => `word${i}`).join(' ')
  const chunks = sound(source, { maxSize: 10, overlap: 2, measure: words })
  assert.equal(chunks.length, 6)
  assert.ok(chunks.every(({ text }) => words(text) <= 10))
})

test('random texts: nothing is left out, nothing is too long, nothing is cut in two', () => {
  let state = 7
  const random = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return (state >>> 8) % n
  }
  const pieces = [
    'word',
    'a',
    '. ',
    '! ',
    '\n',
    '\n\n',
    ' ',
    '# Title\n',
    '```\n',
    '==\n',
    '\u{1F600}',
    '中文字。',
    'e\u0301',
    '\r\n',
    '\t',
    'x'.repeat(30),
  ]
  for (let run = 0; run < 300; run++) {
    const source = Array.from({ length: random(60) }, () => pieces[random(pieces.length)]).join('')
    const maxSize = 1 + random(80)
    sound(source, {
      format: random(2) === 0 ? 'text' : 'markdown',
      maxSize,
      overlap: random(maxSize),
    })
  }
})

const REFUSED: readonly [source: unknown, options: unknown, error: RegExp][] = [
  [undefined, {}, /chunkText: text is undefined/],
  [Buffer.from('x'), {}, /chunkText: text is .*expected a string/],
  ['x', { format: 'html' }, /'text' or 'markdown', got html/],
  ['x', { maxSize: 0 }, /maxSize above 0, got 0/],
  ['x', { maxSize: NaN }, /maxSize above 0, got NaN/],
  ['x', { maxSize: 10, overlap: 10 }, /from 0 to below maxSize \(10\), got 10/],
  ['x', { overlap: -1 }, /got -1/],
  ['x', { measure: 5 }, /measure to be a function, got number/],
]

test('options out of range are refused', () => {
  for (const [source, options, message] of REFUSED)
    assert.throws(() => chunkText(source as string, options as ChunkOptions), { message })
})

test('a heading with nothing behind it goes with what is below it', () => {
  const source = '# A\n\n## B\ntext\n\n# C\n\n# D\nend'
  assert.deepEqual(
    sound(source, { format: 'markdown' }).map(({ text, headings }) => [text, headings]),
    [
      ['# A\n\n## B\ntext', ['A', 'B']],
      ['# C', ['C']],
      ['# D\nend', ['D']],
    ],
  )
})

test('an unknown option is refused with the nearest known one', () => {
  assert.throws(() => chunkText('a', { maxsize: 5 } as never), {
    code: 'VEC_OPTION',
    message: /did you mean 'maxSize'/,
  })
})
