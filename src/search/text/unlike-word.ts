import type { Database } from '../../database/database.ts'
import { firstRow } from '../../database/query.ts'
import { quoteName } from '../schema/names.ts'
import type { TextTables } from './text-tables.ts'

/** A word whose number of documents or occurrences differs between two text indexes of the same specification. */
export function unlikeWord(db: Database, one: TextTables, other: TextTables): string | undefined {
  const [own, theirs] = [one, other].map(({ schema, name }) => {
    const words = `temp.${quoteName(`words of ${schema}.${name}`)}`
    db.exec(
      `CREATE VIRTUAL TABLE IF NOT EXISTS ${words} USING fts5vocab(${quoteName(schema)}, ${quoteName(name)}, 'row')`,
    )
    return `SELECT term, doc, cnt FROM ${words}`
  })
  return firstRow(
    db,
    `${difference(own, theirs)} UNION ALL ${difference(theirs, own)} LIMIT 1`,
    [],
    row => row.text(0),
  )
}

/** SQL: the words in the rows of one query that another query does not have. */
function difference(query: string, other: string): string {
  return `SELECT term FROM (SELECT * FROM (${query}) EXCEPT SELECT * FROM (${other}) LIMIT 1)`
}
