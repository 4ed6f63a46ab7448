import { VecError } from '../core/errors.ts'

/** The parts of a `tokenizer.json` that say how texts become tokens. */
interface TokenizerFile {
  readonly added_tokens?: readonly { readonly content: string; readonly id: number }[]
  readonly normalizer?: {
    readonly type?: string
    readonly clean_text?: boolean
    readonly handle_chinese_chars?: boolean
    readonly strip_accents?: boolean | null
    readonly lowercase?: boolean
  } | null
  readonly pre_tokenizer?: { readonly type?: string } | null
  readonly model?: {
    readonly type?: string
    readonly unk_token?: string
    readonly continuing_subword_prefix?: string
    readonly max_input_chars_per_word?: number
    readonly vocab?: Readonly<Record<string, number>>
  }
}

const DEFAULT_LONGEST_WORD = 100

/** Control characters, format characters and others that a text cannot show. Tabs and line ends are spaces. */
const NO_TEXT = /(?![\t\n\r])[\0\ufffd\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu
const ACCENT = /\p{Mn}/gu
/** The blocks of Chinese characters that BERT knows. */
const IDEOGRAPH = String.raw`\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}`
const PUNCTUATION = String.raw`!-\/:-@\[-\x60{-~\p{P}`
const SPACE = String.raw`\p{White_Space}`
const WORD = new RegExp(`[${PUNCTUATION}]|[^${PUNCTUATION}${SPACE}]+`, 'gu')
const WORD_OR_IDEOGRAPH = new RegExp(
  `[${PUNCTUATION}${IDEOGRAPH}]|[^${PUNCTUATION}${SPACE}${IDEOGRAPH}]+`,
  'gu',
)

/**
 * The tokenizer of BERT, whose words are pieces of a vocabulary. It gives the tokens that the library `tokenizers` gives
 * for the same `tokenizer.json`, without the tokens at the beginning and the end of a text.
 */
export class WordPieceTokenizer {
  /** The number of the token for what the vocabulary lacks. */
  readonly unknown: number
  /** The number of tokens. */
  readonly size: number
  readonly #vocabulary: ReadonlyMap<string, number>
  readonly #added: ReadonlyMap<string, number>
  readonly #addedPattern: RegExp | undefined
  readonly #cleans: boolean
  readonly #stripsAccents: boolean
  readonly #lowers: boolean
  readonly #word: RegExp
  readonly #prefix: string
  readonly #longestWord: number
  /** The longest piece of the vocabulary, in UTF-16 units. */
  readonly #longestPiece: number

  /** `file`: the parsed `tokenizer.json`. Throws VEC_EMBEDDING for one of another kind. */
  constructor(file: unknown) {
    const { model, normalizer, pre_tokenizer: splitter, added_tokens: added = [] } = wanted(file)
    const { vocab = {}, unk_token: unknown = '[UNK]' } = model ?? {}
    this.#vocabulary = new Map(Object.entries(vocab))
    const number = this.#vocabulary.get(unknown)
    if (number === undefined)
      throw otherKind(`its vocabulary lacks ${unknown}, the token for unknown words`)
    this.unknown = number
    this.size = this.#vocabulary.size
    this.#added = new Map(added.map(({ content, id }) => [content, id]))
    const contents = [...this.#added.keys()].toSorted((a, b) => b.length - a.length)
    this.#addedPattern =
      contents.length === 0
        ? undefined
        : new RegExp(`(${contents.map(each => each.replaceAll(/\W/g, '\\$&')).join('|')})`)
    this.#cleans = normalizer?.clean_text ?? true
    this.#lowers = normalizer?.lowercase ?? true
    this.#stripsAccents = normalizer?.strip_accents ?? this.#lowers
    this.#word = (normalizer?.handle_chinese_chars ?? true) ? WORD_OR_IDEOGRAPH : WORD
    this.#prefix = model?.continuing_subword_prefix ?? '##'
    this.#longestWord = model?.max_input_chars_per_word ?? DEFAULT_LONGEST_WORD
    this.#longestPiece = Math.max(...[...this.#vocabulary.keys()].map(piece => piece.length))
    if (splitter?.type !== 'BertPreTokenizer')
      throw otherKind(`its pre_tokenizer is ${String(splitter?.type)}, not BertPreTokenizer`)
  }

  /** The numbers of the tokens of a text. */
  tokens(text: string): number[] {
    if (this.#addedPattern === undefined) return this.#ofPart(text, [])
    const found: number[] = []
    for (const part of text.split(this.#addedPattern)) {
      const added = this.#added.get(part)
      if (added === undefined) this.#ofPart(part, found)
      else found.push(added)
    }
    return found
  }

  #ofPart(text: string, found: number[]): number[] {
    for (const [word] of this.#normalized(text).matchAll(this.#word)) this.#pieces(word, found)
    return found
  }

  #normalized(text: string): string {
    let normalized = this.#cleans ? text.replaceAll(NO_TEXT, '') : text
    if (this.#stripsAccents) normalized = normalized.normalize('NFD').replaceAll(ACCENT, '')
    // JavaScript writes a sigma at the end of a word in another way; the vocabulary was made without that rule.
    return this.#lowers ? normalized.replaceAll('Σ', 'σ').toLowerCase() : normalized
  }

  /** Appends the longest pieces of a word, from its beginning; if one is not in the vocabulary, the word is unknown. */
  #pieces(word: string, found: number[]): void {
    const before = found.length
    if (this.#isTooLong(word)) {
      found.push(this.unknown)
      return
    }
    let at = 0
    while (at < word.length) {
      let end = Math.min(word.length, at + this.#longestPiece)
      let number: number | undefined
      for (; end > at; end--) {
        const piece = word.slice(at, end)
        number = this.#vocabulary.get(at === 0 ? piece : this.#prefix + piece)
        if (number !== undefined) break
      }
      if (number === undefined) break
      found.push(number)
      at = end
    }
    if (at === word.length) return
    found.length = before
    found.push(this.unknown)
  }

  #isTooLong(word: string): boolean {
    return word.length > this.#longestWord && Array.from(word).length > this.#longestWord
  }
}

function wanted(file: unknown): TokenizerFile {
  const given = (file ?? {}) as TokenizerFile
  const { model, normalizer } = given
  if (model?.type !== 'WordPiece')
    throw otherKind(`its model is ${String(model?.type)}, not WordPiece`)
  if (normalizer?.type !== 'BertNormalizer')
    throw otherKind(`its normalizer is ${String(normalizer?.type)}, not BertNormalizer`)
  return given
}

function otherKind(problem: string): VecError {
  return new VecError('VEC_EMBEDDING', `tokenizer.json: ${problem}`, {
    hint: 'use a static model that was distilled from a BERT model, such as MiniLM',
  })
}
