import { VecError } from '../../core/errors.ts'
import type { Tokenizer } from '../schema/text-spec.ts'
import { wordsAndPairs } from './unspaced.ts'

/** The maximum number of words of a text to search for. Further words add little. */
const MOST_WORDS = 32
const WORD = /[\p{L}\p{N}\p{M}\p{Co}]+/gu
/** The shortest text that the trigram tokenizer can find. */
const TRIGRAM = /.../su

const FREQUENT_SHARE = 0.1
const FREQUENT_COUNT = 1000

/** A word in more documents than this says little, and costs most of the time. In few documents it costs nothing. */
export function frequentAbove(documents: number): number {
  return Math.max(FREQUENT_COUNT, Math.floor(documents * FREQUENT_SHARE))
}

/**
 * The words of a text that a tokenizer can find, without duplicates, in order. Two neighboring letters of a script without
 * spaces are a phrase: '東 京'.
 */
export function wordsOf(text: string, tokenizer: Tokenizer): string[] {
  const words = new Set<string>()
  const normal = text.normalize('NFC')
  for (const word of tokenizer === 'trigram' ? longWords(normal) : wordsAndPairs(normal)) {
    words.add(word.toLowerCase())
    if (words.size === MOST_WORDS) break
  }
  return [...words]
}

function* longWords(text: string): Generator<string> {
  for (const [word] of text.matchAll(WORD)) if (TRIGRAM.test(word)) yield word
}

/** The words as strings, which FTS5 cannot take for operators. */
export function expressionOf(words: readonly string[], syntax: 'any' | 'all'): string {
  return words.map(quoted).join(syntax === 'any' ? ' OR ' : ' AND ')
}

export function quoted(word: string): string {
  return `"${word}"`
}

/**
 * The words worth searching for. Frequent words are omitted if a rarer one remains. `isFrequent` is called for each
 * word.
 */
export function telling(
  words: readonly string[],
  isFrequent: (word: string) => boolean,
): readonly string[] {
  if (words.length < 2) return words
  const rare = words.filter(word => !isFrequent(word))
  return rare.length > 0 ? rare : words
}

/** An FTS5 error about a user's expression. */
export function syntaxError(text: string, cause: unknown): VecError {
  const { message } = cause as Error
  return new VecError(
    'VEC_QUERY',
    `vec: the text query ${JSON.stringify(text)} is not in FTS5's language: ${message}`,
    {
      cause,
      hint: 'leave out "syntax": "fts5" to search for the words of any text; https://sqlite.org/fts5.html describes the language',
    },
  )
}
