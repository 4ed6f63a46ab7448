import assert from 'node:assert/strict'
import { test } from 'node:test'
import { knownWord, nearest } from '../../../src/core/known-word.ts'
import { throwsVec } from '../../throws-vec.ts'

const WORDS = ['auto', 'brute', 'cover'] as const

test('a known word is given back', () => {
  for (const word of WORDS) assert.equal(knownWord('index', word, WORDS), word)
})

test('an unknown word is refused with the nearest one and the list', () => {
  throwsVec(() => knownWord('index', 'covre', WORDS), {
    code: 'VEC_OPTION',
    names: ['index', "'covre'", "'cover'", ...WORDS],
  })
  throwsVec(() => knownWord('index', 'AUTO', WORDS), { code: 'VEC_OPTION', names: ["'auto'"] })
})

test('an alias leads to the word that it means, and is not that word', () => {
  throwsVec(() => knownWord('metric', 'l2', ['cosine', 'euclidean'], { l2: 'euclidean' }), {
    code: 'VEC_OPTION',
    names: ["'euclidean'"],
  })
})

test('anything but text is refused, with the list', () => {
  for (const given of [undefined, null, 3, {}, ['auto']]) {
    throwsVec(() => knownWord('index', given, WORDS), { code: 'VEC_OPTION', names: [...WORDS] })
  }
})

test('the nearest word has the fewest edits; of equals it is the first', () => {
  assert.equal(nearest('kitten', ['mitten', 'sitting']), 'mitten')
  assert.equal(nearest('', ['abc', 'd']), 'd')
  assert.equal(nearest('x', ['a', 'b']), 'a')
  // A swap is two edits, as many as this deletion and insertion.
  assert.equal(nearest('dbptah', ['dbpath', 'dbptaxx']), 'dbpath')
})
