import type { SqlValue } from '../../database/values.ts'
import { quoteName } from '../schema/names.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'
import type { TextSpec } from '../schema/text-spec.ts'
import { mayBeUnspaced, spaced } from './unspaced.ts'

/** Rows whose letters are spaced here that are read at once. */
const PAGE = 500

/** Where texts go and come from. */
export interface TextSource {
  /** `INSERT INTO` or `INSERT OR REPLACE INTO` with the FTS5 table, for SQL. */
  readonly into: string
  /** The documents r and their rows d, for SQL: `... WHERE ...`. Its parameters are numbered. */
  readonly from: string
  readonly parameters: readonly string[]
}

/** Enters texts under the numbers of their documents. The scripts without spaces go through `spaced`. */
export function enterTexts(
  shadow: ShadowTable,
  { columns, tokenizer }: TextSpec,
  { into, from, parameters }: TextSource,
): void {
  const names = columns.map(quoteName)
  const target = `${into}(rowid, ${names.join(', ')})`
  const texts = names.map(name => `d.${name}`)
  const select = `SELECT r.docid, ${texts.join(', ')} FROM ${from}`
  if (tokenizer === 'trigram') {
    shadow.run(`${target} ${select}`, parameters)
    return
  }
  const unspaced = `(${texts.map(mayBeUnspaced).join(' OR ')})`
  shadow.run(`${target} ${select} AND NOT ${unspaced}`, parameters)
  const insert = `${target} VALUES (?${', ?'.repeat(columns.length)})`
  const page = `${select} AND ${unspaced} AND r.docid > ?${parameters.length + 1} ORDER BY r.docid LIMIT ${PAGE}`
  for (let last = 0, more = true; more;) {
    const rows: SqlValue[][] = []
    shadow.each(page, [...parameters, last], row => {
      last = row.number(0)
      rows.push([last, ...columns.map((_, i) => row.value(i + 1))])
    })
    for (const row of rows) {
      shadow.run(
        insert,
        row.map(value => (typeof value === 'string' ? spaced(value) : value)),
      )
    }
    more = rows.length === PAGE
  }
}
