/**
 * Scripts that are written without spaces, or whose words carry their endings without one: Chinese, Japanese, Korean,
 * Thai, Lao, Khmer, Burmese. FTS5 takes a run of their letters for one word, which only the same run would find.
 */
const SCRIPTS = [
  'Han',
  'Hiragana',
  'Katakana',
  'Bopomofo',
  'Hangul',
  'Thai',
  'Lao',
  'Khmer',
  'Myanmar',
]
const LETTER = `(?=[\\p{L}\\p{N}])[${SCRIPTS.map(script => `\\p{scx=${script}}`).join('')}]`
const LETTERS = new RegExp(LETTER, 'gu')
const RUNS = new RegExp(
  `(?<unspaced>(?:${LETTER}\\p{M}*)+)|(?:(?!${LETTER})[\\p{L}\\p{N}\\p{M}\\p{Co}])+`,
  'gu',
)
/** The blocks of these scripts, and a little more, as a class of GLOB. */
const BLOCKS =
  '\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua960-\ua9ff\uaa60-\uaa7f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\u{1b000}-\u{1b16f}\u{20000}-\u{3ffff}'

/** SQL: whether a text may have letters of these scripts. */
export function mayBeUnspaced(text: string): string {
  // GLOB looks at each character. Most texts are ASCII: they have as many bytes as characters.
  return `(typeof(${text}) = 'text' AND length(${text}) < length(CAST(${text} AS BLOB))
    AND ${text} GLOB '*[${BLOCKS}]*')`
}

/** The text with each letter of these scripts as a word of its own, so that FTS5 finds any run of them as a phrase. */
export function spaced(text: string): string {
  return text.normalize('NFC').replace(LETTERS, ' $& ')
}

/**
 * The runs of letters and digits of a text, in their order. Of a run in one of these scripts each two neighbors, spaced:
 * only a dictionary could tell which of them are words.
 */
export function* wordsAndPairs(text: string): Generator<string> {
  for (const { 0: run, groups } of text.matchAll(RUNS)) {
    if (groups!['unspaced'] === undefined) {
      yield run
      continue
    }
    const letters = run.match(LETTERS)!
    if (letters.length === 1) yield letters[0]
    for (let i = 1; i < letters.length; i++) yield `${letters[i - 1]} ${letters[i]}`
  }
}
