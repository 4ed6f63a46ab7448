import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadDefinitions, parseDefinitions } from '../../bench/data/definitions.ts'
import { SpectrumMixture } from '../../bench/data/spectrum-mixture.ts'
import { TextEmbedder } from '../../bench/data/text-embedder.ts'
import { parseWordVectors, WORD_DIM } from '../../bench/data/word-vectors.ts'

function parse(json: string, dim: number): ReturnType<typeof parseWordVectors> {
  return parseWordVectors(Buffer.from(json), dim)
}

test('word vectors that are none are refused, with the place', () => {
  assert.throws(
    () => parse('{"words":[]}', 2),
    /not word vectors: no words, or no vectors, at byte/,
  )
  assert.throws(() => parse('{"words":["a"],"vectors":{}}', 2), /fewer vectors than words/)
  assert.throws(() => parse('{"words":["a"],"vectors":{"a":[1,2,0]}}', 2), /not 4 numbers/)
  assert.throws(() => parse('{"words":["a"],"vectors":{"a":[1,2,3,4,0]}}', 2), /not 4 numbers/)
  assert.throws(() => parse('{"words":["a"],"vectors":{"a":[1,2,3,1]}}', 2), /place 1/)
  assert.throws(() => parse('{"words":["a"],"vectors":{"a":[1,2', 2), /ends within a vector/)
})

test('a vector stands at its place, whatever the order and the names', () => {
  const words = ['[', '"', '\\', 'vectors', 'é', '17']
  const source = {
    size: words.length,
    words,
    vectors: Object.fromEntries(words.map((word, i) => [word, [i + 0.5, -(i + 1) / 7, 3.14, i]])),
    unkVector: [0, 0, -1],
  }
  const { words: read, vectors } = parse(JSON.stringify(source), 2)
  assert.deepEqual(read, words)
  assert.deepEqual(vectors, Float32Array.from(words.flatMap((_, i) => [i + 0.5, -(i + 1) / 7])))
})

test('numbers are read as JSON.parse reads them', () => {
  const numbers = [
    '0',
    '-0.4166',
    '1e-7',
    '-1.5E3',
    '0.1234567890123456789',
    '123456789012345678',
    '-0',
  ]
  const json = `{"words":["a"],"vectors":{"a":[${numbers.join(',')},1,0]}}`
  const { vectors } = parse(json, numbers.length)
  assert.deepEqual(
    vectors,
    Float32Array.from(numbers, text => JSON.parse(text) as number),
  )
})

test('a definition has no examples, its lemmas no marks', () => {
  const file = [
    '  1 This software and database is being provided',
    '00003553 03 n 02 whole 0 unit_of_measure 0 015 @ 00002684 n 0000 | an assemblage of parts; a | b; "the team is a unit"; "x"  ',
    '00013160 00 a 01 galore(ip) 0 001 & 00013887 a 0000 | in great numbers  ',
    '',
  ].join('\n')
  assert.deepEqual(parseDefinitions(file, 'noun'), [
    {
      id: 'whole#noun#00003553',
      text: 'an assemblage of parts; a | b',
      lemmas: ['whole', 'unit of measure'],
      pos: 'noun',
    },
    { id: 'galore#noun#00013160', text: 'in great numbers', lemmas: ['galore'], pos: 'noun' },
  ])
})

test('every definition of the dictionary has an id of its own and a text', () => {
  const definitions = loadDefinitions()
  assert.ok(definitions.length > 117_000)
  assert.equal(new Set(definitions.map(({ id }) => id)).size, definitions.length)
  assert.ok(
    definitions.every(({ text, lemmas }) => text !== '' && lemmas.every(word => word !== '')),
  )
})

test('a text is embedded by its words, rare ones first, to length 1', () => {
  const words = ['the', 'of', 'guitar', 'violin']
  const vectors = new Float32Array(words.length * WORD_DIM)
  words.forEach((_, i) => (vectors[i * WORD_DIM + i] = 1))
  const embedder = new TextEmbedder({ words, vectors })
  const embedding = embedder.embed('The GUITAR, unheard-of')!
  assert.ok(Math.abs(Math.hypot(...embedding) - 1) < 1e-6)
  assert.ok(embedding[2] > 0.5)
  assert.ok(Math.abs(embedding[2]) > Math.abs(embedding[0]))
  assert.equal(embedder.embed('nothing known'), undefined)
  assert.equal(embedder.embed(''), undefined)
})

test('rows of a falling spectrum vary alike in all numbers, and in few directions', () => {
  const dim = 128
  const count = 2000
  const mixture = new SpectrumMixture(7, dim)
  const row = new Float32Array(dim)
  const products = new Float64Array(dim * dim)
  for (let n = 0; n < count; n++) {
    mixture.draw(row)
    for (let i = 0; i < dim; i++) {
      for (let j = 0; j < dim; j++) products[i * dim + j] += (row[i] * row[j]) / count
    }
  }
  const variances = Array.from({ length: dim }, (_, i) => products[i * dim + i])
  assert.ok(Math.max(...variances) < 3 * Math.min(...variances))
  const trace = variances.reduce((sum, variance) => sum + variance, 0)
  const directions = trace ** 2 / products.reduce((sum, product) => sum + product ** 2, 0)
  assert.ok(directions > 0.2 * dim && directions < 0.5 * dim, `${directions} directions`)
  const again = new SpectrumMixture(7, dim)
  const first = Float32Array.from(row)
  for (let n = 0; n < count; n++) again.draw(row)
  assert.deepEqual(row, first)
})
