import { TEXT_STATE, type SchemaObject } from '../schema/layout.ts'
import { quoteName } from '../schema/names.ts'
import { TOKENIZERS, type TextSpec } from '../schema/text-spec.ts'

/** The table that numbers the documents of a text index. */
export function documentsName(name: string): string {
  return `${name}_documents`
}

/** The tables of a text index whose FTS5 table has this name. */
export function textObjects(name: string, { columns, tokenizer }: TextSpec): SchemaObject[] {
  return [
    {
      type: 'virtual table',
      name,
      body: `USING fts5(${columns.map(quoteName).join(', ')}, content='', contentless_delete=1, tokenize='${TOKENIZERS[tokenizer]}')`,
    },
    {
      type: 'table',
      name: documentsName(name),
      body: `(
  docid INTEGER PRIMARY KEY,
  dataset TEXT NOT NULL,
  id TEXT NOT NULL,
  hidden INTEGER NOT NULL,
  UNIQUE (dataset, id)
)`,
    },
    {
      type: 'table',
      name: TEXT_STATE,
      body: `(
  text_table TEXT PRIMARY KEY,
  recipe TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  tag INTEGER NOT NULL,
  documents INTEGER NOT NULL,
  others INTEGER NOT NULL
)`,
    },
  ]
}
