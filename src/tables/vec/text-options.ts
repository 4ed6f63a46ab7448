import { VecError } from '../../core/errors.ts'
import { didYouMean } from '../../core/suggest.ts'
import { SHADOW, type StoredColumn } from '../../search/schema/table-schema.ts'
import { TOKENIZERS, type TextSpec, type Tokenizer } from '../../search/schema/text-spec.ts'

/** The options `text` and `tokenize`; undefined for a table without a text index. Throws VEC_OPTION. */
export function textSpecOf(
  text: string | undefined,
  tokenize: string | undefined,
  metadata: readonly StoredColumn[],
): TextSpec | undefined {
  if (text === undefined) {
    if (tokenize === undefined) return undefined
    throw refused(
      'vec: tokenize says how texts are split into words, but the table is without a text index',
      'add text=content',
    )
  }
  const searchable = [
    SHADOW.content.stored,
    ...metadata.filter(({ type }) => type === 'TEXT').map(({ stored }) => stored),
  ]
  const columns = text.split(',').map(name => columnOf(name.trim(), searchable))
  const twice = columns.find((column, i) => columns.indexOf(column) !== i)
  if (twice !== undefined) {
    throw refused(`vec: text names the column ${twice} twice`, 'name each column once')
  }
  return { columns, tokenizer: tokenizerOf(tokenize) }
}

function columnOf(name: string, searchable: readonly string[]): string {
  const column = searchable.find(one => one.toLowerCase() === name.toLowerCase())
  if (column !== undefined) return column
  throw refused(
    `vec: text cannot be '${name}'${didYouMean(name.toLowerCase(), searchable, "'") || '.'} Expected content or columns that the table declares as TEXT`,
    'for instance text=content, or title TEXT, text="title,content"',
  )
}

function tokenizerOf(name = 'unicode61'): Tokenizer {
  const known = Object.keys(TOKENIZERS) as Tokenizer[]
  const tokenizer = known.find(one => one === name.toLowerCase())
  if (tokenizer) return tokenizer
  throw refused(
    `vec: tokenize cannot be '${name}'${didYouMean(name.toLowerCase(), known, "'") || '.'} Expected one of ${known.join(', ')}`,
    'leave tokenize out for unicode61',
  )
}

function refused(message: string, hint: string): VecError {
  return new VecError('VEC_OPTION', message, { hint })
}
