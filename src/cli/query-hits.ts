import { doubleQuoted } from '../core/quote.ts'
import { shellWord } from '../core/shell-word.ts'
import { nearest } from '../core/suggest.ts'
import { RowFilter, type RowCondition } from '../entries/interchange.ts'
import { encodeEmbedding, type BindValue, type Connection } from '../entries/main.ts'
import type { TableDescription } from '../entries/vec.ts'
import { Collection, type QueryMode } from '../entries/vecutil.ts'
import { CliError, usageError } from './cli-error.ts'
import type { Hit } from './hit-lines.ts'
import type { QueryTerms } from './query-terms.ts'

/** A query from the command line. */
export interface Query {
  readonly datasets: readonly string[]
  readonly terms: QueryTerms
  readonly k: number
  readonly minScore: number | undefined
  readonly condition: RowCondition | undefined
  readonly groupBy: string | undefined
}

/** The best documents. `told` receives notes on how they were found. */
export function findHits(
  db: Connection,
  path: string,
  table: TableDescription,
  query: Query,
  told: (note: string) => void,
): Hit[] {
  if (query.terms.words !== undefined && table.text === undefined) {
    throw new CliError('CLI_FILE', `the table ${table.name} does not have a text index`, {
      hint: `create a table with one, and import the documents into it: svec init ${shellWord(path)} --table NAME --text content`,
    })
  }
  return query.groupBy === undefined
    ? rankedHits(db, table, query, told)
    : groupedHits(db, table, { ...query, groupBy: query.groupBy })
}

function rankedHits(
  db: Connection,
  table: TableDescription,
  { datasets, terms, k, minScore, condition }: Query,
  told: (note: string) => void,
): Hit[] {
  const column = doubleQuoted(table.column)
  const marks = datasets.map(() => '?').join(', ')
  const { match, values, measures } = matchOf(terms)
  const parameters: BindValue[] = [...datasets, ...values, k]
  const where = [`dataset_id IN (${marks})`, `${column} MATCH ${match}`, 'k = ?']
  if (minScore !== undefined) {
    where.push('match_score >= ?')
    parameters.push(minScore)
  }
  const found = (conditions: readonly string[], more: readonly BindValue[] = []): Hit[] => {
    using statement = db.prepare(
      `SELECT dataset_id AS dataset, ${column} AS id, match_score AS score, ${measures}, content, meta
       FROM main.${doubleQuoted(table.name)} WHERE ${conditions.join(' AND ')} ORDER BY match_score DESC`,
    )
    return statement.all([...parameters, ...more]) as Hit[]
  }
  if (condition === undefined) return found(where)
  if (typeof condition === 'object') {
    return found([...where, 'filter = ?'], [JSON.stringify(condition)])
  }
  if (datasets.length > 1) {
    throw usageError(
      '--filter with SQL works on one dataset at a time',
      'query each dataset separately, or write the filter as JSON',
    )
  }
  const ids = `SELECT id FROM main.${doubleQuoted(table.shadow)} WHERE dataset_id = ?`
  const filter = new RowFilter(db, table, condition)
  return filter.run(
    sql =>
      found([...where, `${column} IN (${ids} AND ${sql})`], [datasets[0], ...filter.parameters]),
    told,
  )
}

/**
 * The right-hand side of MATCH, and the column of a hit beside its score. A search with words does not rank by
 * distance.
 */
function matchOf({ vector, words }: QueryTerms): {
  readonly match: string
  readonly values: readonly BindValue[]
  readonly measures: string
} {
  if (vector === undefined)
    return { match: 'vec_text(?)', values: [words!], measures: 'NULL AS distance' }
  const bytes = encodeEmbedding(vector)
  if (words === undefined) return { match: '?', values: [bytes], measures: 'distance' }
  return {
    match: 'vec_hybrid(?, ?)',
    values: [bytes, words],
    measures: 'NULL AS distance, vector_rank AS vectorRank, text_rank AS textRank',
  }
}

/** The best document for each value of a field. */
function groupedHits(
  db: Connection,
  table: TableDescription,
  { datasets, terms, k, minScore, condition, groupBy }: Query & { readonly groupBy: string },
): Hit[] {
  if (datasets.length > 1) {
    throw usageError('--group-by works on one dataset at a time', 'query each dataset separately')
  }
  if (typeof condition === 'string') {
    throw usageError(
      '--group-by does not work with a filter in SQL',
      `write the filter as JSON: '{"lang": "en"}'`,
    )
  }
  requireField(table, groupBy)
  const [dataset] = datasets
  const { vector, words } = terms
  const mode: QueryMode = words === undefined ? 'vector' : vector ? 'hybrid' : 'text'
  const { hits } = new Collection(db, { table: table.name, dataset }).querySync({
    mode,
    text: words,
    vector,
    k,
    filter: condition,
    minScore,
    groupBy,
    include: [],
  })
  // The columns of a vec table, so that both kinds of search print the same.
  using statement = db.prepare(
    `SELECT content, meta FROM main.${doubleQuoted(table.name)}
     WHERE dataset_id = ? AND ${doubleQuoted(table.column)} = ?`,
  )
  return hits.map(({ id, score, distance = null, vectorRank = null, textRank = null, group }) => {
    const row = statement.get(dataset, id) as Pick<Hit, 'content' | 'meta'> | undefined
    const { content = null, meta = null } = row ?? {}
    const hit = { dataset, id, score, distance, content, meta }
    return mode === 'hybrid'
      ? Object.assign(hit, { vectorRank, textRank, group })
      : Object.assign(hit, { group })
  })
}

function requireField({ declared }: TableDescription, given: string): void {
  const names = declared.map(({ name }) => name)
  if (given === 'id' || names.includes(given) || /^meta\../.test(given)) return
  const meant = nearest(given, names) ?? `meta.${given}`
  throw usageError(
    `--group-by cannot be '${given}': did you mean ${meant}?`,
    `expected a field of meta, such as meta.${given}${names.length === 0 ? '' : `, or a declared column: ${names.join(', ')}`}`,
  )
}
