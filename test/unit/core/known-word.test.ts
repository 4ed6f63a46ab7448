import assert from 'node:assert/strict'
import { test } from 'node:test'
import { knownWord } from '../../../src/core/known-word.ts'
import { didYouMean, nearest } from '../../../src/core/suggest.ts'
import { refused } from '../../refusal.ts'

const WORDS = ['auto', 'brute', 'cover'] as const

test('a known word is given back', () => {
  for (const word of WORDS) assert.equal(knownWord('index', word, WORDS), word)
})

test('an unknown word is refused with the nearest one and the list', () => {
  refused(
    () => knownWord('index', 'covre', WORDS),
    'VEC_OPTION',
    'index',
    "'covre'",
    "'cover'",
    ...WORDS,
  )
  refused(() => knownWord('index', 'AUTO', WORDS), 'VEC_OPTION', "'auto'")
})

test('an alias leads to the word that it means, and is not that word', () => {
  refused(
    () => knownWord('metric', 'l2', ['cosine', 'euclidean'], { l2: 'euclidean' }),
    'VEC_OPTION',
    "'euclidean'",
  )
})

test('anything but text is refused, with the list', () => {
  for (const given of [undefined, null, 3, {}, ['auto']]) {
    refused(() => knownWord('index', given, WORDS), 'VEC_OPTION', ...WORDS)
  }
})

test('nothing is suggested that cannot be meant', () => {
  assert.equal(nearest('xylophone', ['auto', 'brute']), undefined)
  assert.equal(didYouMean('xylophone', ['auto', 'brute']), '')
  assert.equal(didYouMean('EXPO', ['import', 'export'], "'"), ": did you mean 'export'?")
  const error = refused(() => knownWord('index', 'xylophone', WORDS), 'VEC_OPTION', ...WORDS)
  assert.doesNotMatch(error.message, /did you mean/)
})

test('the nearest word has the fewest edits; of equals it is the first', () => {
  assert.equal(nearest('kitten', ['mitten', 'sitting']), 'mitten')
  assert.equal(nearest('', ['abc', 'd']), 'd')
  assert.equal(nearest('x', ['a', 'b']), 'a')
  // A swap is two edits, as many as this deletion and insertion.
  assert.equal(nearest('dbptah', ['dbpath', 'dbptaxx']), 'dbpath')
})
