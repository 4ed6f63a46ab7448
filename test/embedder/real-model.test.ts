import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { WordPieceTokenizer } from '../../src/embedder/word-piece.ts'
import { loadStaticEmbedder } from '../../src/entries/embedder.ts'

// A model made from the real weights of all-MiniLM-L6-v2, with what the library `tokenizers` and MiniLM itself say about
// 500 definitions that it was not fitted to.

const FOLDER = '.cache/embedder-small'
/** What docs/how-to/embed-texts.md says about this model, and how far it may be from that. */
const RECALL = 0.412
const MARGIN = 0.03

interface Truth {
  readonly texts: readonly string[]
  readonly tokens: readonly (readonly number[])[]
  readonly queries: readonly number[]
  readonly neighbours: readonly (readonly number[])[]
}

const skip = existsSync(`${FOLDER}/truth.json`)
  ? false
  : 'the model of the real weights is missing: run `npm run embedder -- --small`'

const truth = (): Truth => JSON.parse(readFileSync(`${FOLDER}/truth.json`, 'utf8')) as Truth

describe('a model of the real weights', { skip }, () => {
  test('its tokenizer gives the tokens of the original', () => {
    const file = JSON.parse(readFileSync(`${FOLDER}/tokenizer.json`, 'utf8')) as object
    const tokenizer = new WordPieceTokenizer(file)
    // The numbers of BERT's vocabulary, which everybody knows.
    assert.deepEqual(
      tokenizer.tokens('Hello, world! Tokenizers embed unaffable words.'),
      [7592, 1010, 2088, 999, 19204, 17629, 2015, 7861, 8270, 14477, 20961, 3468, 2616, 1012],
    )
    const { texts, tokens } = truth()
    assert.ok(texts.length >= 500)
    for (const [i, text] of texts.entries())
      assert.deepEqual(tokenizer.tokens(text), tokens[i], text)
  })

  test('it finds as many of the neighbours by MiniLM as docs/how-to/embed-texts.md says', async t => {
    assert.match(readFileSync('docs/how-to/embed-texts.md', 'utf8'), new RegExp(`\\b${RECALL}\\b`))
    const embedder = await loadStaticEmbedder(FOLDER)
    const { texts, queries, neighbours } = truth()
    const vectors = await embedder.embed(texts)
    let found = 0
    for (const [at, query] of queries.entries()) {
      const scores = vectors.map((vector, row) => ({
        row,
        score: vector.reduce((sum, value, j) => sum + value * vectors[query][j], 0),
      }))
      const best = scores
        .filter(({ row }) => row !== query)
        .toSorted((a, b) => b.score - a.score)
        .slice(0, 10)
      found += best.filter(({ row }) => neighbours[at].includes(row)).length
    }
    const recall = found / (10 * queries.length)
    t.diagnostic(`recall@10: ${recall}`)
    assert.ok(recall >= RECALL - MARGIN, `recall@10 is ${recall}`)
  })
})
