/** How FTS5 splits a text into words. */
export type Tokenizer = 'unicode61' | 'porter' | 'trigram'

/** The text index of a vec table: the options `text` and `tokenize`. */
export interface TextSpec {
  /** Columns of the shadow table. */
  readonly columns: readonly string[]
  readonly tokenizer: Tokenizer
}

/** The value of the FTS5 option `tokenize`. */
export const TOKENIZERS: Readonly<Record<Tokenizer, string>> = {
  unicode61: 'unicode61',
  porter: 'porter unicode61',
  trigram: 'trigram',
}
