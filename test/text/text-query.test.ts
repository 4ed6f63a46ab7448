import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expressionOf, frequentAbove, telling, wordsOf } from '../../src/search/text/text-query.ts'
import { spaced } from '../../src/search/text/unspaced.ts'

test('words are runs of letters and digits, each once and in lower case', () => {
  assert.deepEqual(wordsOf(`C++ "quoted" AND (broken`, 'unicode61'), [
    'c',
    'quoted',
    'and',
    'broken',
  ])
  assert.deepEqual(wordsOf(`don't * NEAR( ^col: -x don`, 'unicode61'), [
    'don',
    't',
    'near',
    'col',
    'x',
  ])
  assert.deepEqual(wordsOf('Größe größe Gro\u0308ße', 'porter'), ['größe'])
})

test('of scripts without spaces each two neighbors are a phrase', () => {
  const words: readonly [text: string, words: string[]][] = [
    ['東京都 a', ['東 京', '京 都', 'a']],
    ['水', ['水']],
    ['iPhone15を買う。', ['iphone15', 'を 買', '買 う']],
    ['コーヒー', ['コ ー', 'ー ヒ', 'ヒ ー']],
    ['か\u3099く', ['が く']],
    ['학교에서', ['학 교', '교 에', '에 서']],
    ['กำลัง', ['ก ำ', 'ำ ล', 'ล ง']],
    ['〇、々', ['〇', '々']],
  ]
  for (const tokenizer of ['unicode61', 'porter'] as const) {
    for (const [text, expected] of words) {
      assert.deepEqual(wordsOf(text, tokenizer), expected, text)
    }
  }
})

test('spaced() leaves other scripts as they are', () => {
  assert.equal(spaced('Größe 12'), 'Größe 12')
  assert.equal(spaced('東京a'), ' 東  京 a')
})

test('a text of signs alone has no words', () => {
  for (const text of ['', '   ', '"*()^:-+', '\u0000', '\ud800', '…—“”']) {
    assert.deepEqual(wordsOf(text, 'unicode61'), [], JSON.stringify(text))
  }
})

test('words that the trigram tokenizer cannot find are left out', () => {
  assert.deepEqual(wordsOf('a ab abc 東京 東京都 \u{1d400}\u{1d401}', 'trigram'), ['abc', '東京都'])
})

test('at most 32 words are searched for', () => {
  const text = Array.from({ length: 100 }, (_, i) => `w${i}`).join(' ')
  assert.equal(wordsOf(text, 'unicode61').length, 32)
})

test('words stand in quotes, so that AND, OR, NOT and NEAR are words', () => {
  assert.equal(expressionOf(['not', 'near'], 'any'), '"not" OR "near"')
  assert.equal(expressionOf(['not', 'near'], 'all'), '"not" AND "near"')
})

const frequent = (word: string): boolean => word.length < 4

test('frequent words are left out when a rarer one remains', () => {
  assert.deepEqual(telling(['the', 'red', 'whale'], frequent), ['whale'])
  assert.deepEqual(telling(['the', 'red'], frequent), ['the', 'red'])
  assert.deepEqual(telling(['the'], frequent), ['the'])
  assert.equal(frequentAbove(100), 1000)
  assert.equal(frequentAbove(117_791), 11_779)
})
