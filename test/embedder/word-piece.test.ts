import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WordPieceTokenizer } from '../../src/embedder/word-piece.ts'
import { golden, tokenizerFile } from './tiny-model.ts'

for (const [i, { normalizer }] of golden.tokenizers.entries()) {
  test(`texts of many scripts have the tokens of the original: ${JSON.stringify(normalizer)}`, () => {
    const tokenizer = new WordPieceTokenizer(tokenizerFile(i))
    assert.ok(golden.tokens[i].length >= (i === 0 ? 2500 : 300))
    for (const [j, tokens] of golden.tokens[i].entries())
      assert.deepEqual(tokenizer.tokens(golden.texts[j]), tokens, JSON.stringify(golden.texts[j]))
  })
}

test('a tokenizer of another kind is refused, and the error says what it has', () => {
  const file = tokenizerFile(0) as Record<string, object>
  const refused: [object, RegExp][] = [
    [{}, /its model is undefined, not WordPiece/],
    [{ ...file, model: { ...file['model'], type: 'BPE' } }, /its model is BPE, not WordPiece/],
    [{ ...file, normalizer: null }, /its normalizer is undefined, not BertNormalizer/],
    [{ ...file, pre_tokenizer: { type: 'Metaspace' } }, /its pre_tokenizer is Metaspace/],
    [{ ...file, model: { ...file['model'], vocab: { a: 0 } } }, /lacks \[UNK\]/],
  ]
  for (const [given, message] of refused)
    assert.throws(() => new WordPieceTokenizer(given), { code: 'VEC_EMBEDDING', message })
})
