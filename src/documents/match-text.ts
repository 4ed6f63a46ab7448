import { argumentError } from '../core/argument-error.ts'
import { VecError } from '../core/errors.ts'
import { stringifyJson } from '../core/exact-json.ts'
import { compileFilter, type CompiledFilter } from '../core/filter/compile-filter.ts'
import type { Condition } from '../core/filter/condition.ts'
import type { Filter } from '../core/filter/filter.ts'
import { parseFilter } from '../core/filter/parse-filter.ts'
import type { Database } from '../database/database.ts'
import { eachRow, texts } from '../database/query.ts'
import { COLUMN } from '../search/schema/columns.ts'
import { quoteName, shadowTableName } from '../search/schema/names.ts'
import { SHADOW } from '../search/schema/table-schema.ts'
import {
  requireEmbed,
  requireModelName,
  requireOptions,
  requirePlace,
  requireText,
  VECUTIL,
} from './arguments.ts'
import { embedText, type EmbedFunc, type EmbedOptions } from './embed.ts'
import { requireModel } from './embedding-model.ts'
import { documentTable } from './find-table.ts'

export interface TextHit {
  readonly id: string
  readonly score: number
  readonly content: string | null
  readonly meta: string | null
}

export interface MatchOptions extends EmbedOptions {
  /** The maximum number of hits; default: all. */
  readonly limit?: number | undefined
  /** The name of the model behind `embed`: VEC_MODEL if another one embedded the dataset. */
  readonly model?: string | undefined
  /** Only documents whose `meta`, JSON text, matches the filter. There are `limit` hits whenever that many match. */
  readonly filter?: Filter | undefined
}

/**
 * The ids of the documents nearest to a text, nearest first.
 *
 *     await matchText(db, 'docs', 'en', embed, 'how to bake bread', { limit: 5 }) // ['a', 'c', ...]
 */
export async function matchText(
  db: Database,
  table: string,
  dataset: string,
  embed: EmbedFunc,
  query: string,
  options: MatchOptions = {},
): Promise<string[]> {
  const hits = await searchText(db, table, dataset, embed, query, options)
  return hits.map(hit => hit.id)
}

export async function searchText(
  db: Database,
  table: string,
  dataset: string,
  embed: EmbedFunc,
  query: string,
  options: MatchOptions,
): Promise<TextHit[]> {
  requirePlace(db, table, dataset, 'table')
  requireEmbed(embed)
  requireText(query, 'query')
  requireOptions(options)
  const { limit, model, filter } = options
  if (limit !== undefined) requireCount(limit, 'options.limit')
  requireModelName(model)
  const condition = filter === undefined ? undefined : parseFilter(filter)
  const idName = idColumn(db, table)
  const id = quoteName(idName)
  const requireSameModel = (): void => {
    if (model === undefined) return
    const shadow = shadowTableName(table)
    requireModel(db, documentTable(db, shadow).columns, shadow, dataset, model)
  }
  requireSameModel()
  const embedding = await embedText(embed, query, options)
  // The dataset may have migrated to another model meanwhile.
  requireSameModel()
  const parameters = limit === undefined ? [] : [limit]
  const allowed = condition && filterTerm(db, condition, filter!, table, idName, dataset)
  const hits: TextHit[] = []
  eachRow(
    db,
    `SELECT ${id} AS id, match_score AS score, ${COLUMN.content}, ${COLUMN.meta} FROM ${quoteName(table)}
     WHERE ${COLUMN.dataset} = ? AND ${id} MATCH ? ${limit === undefined ? '' : 'AND k = ?'}
     ${allowed === undefined ? '' : `AND ${allowed.sql}`} ORDER BY match_score DESC`,
    [dataset, embedding, ...parameters, ...(allowed?.parameters ?? [])],
    row => {
      hits.push({
        id: row.text(0),
        score: row.number(1),
        content: row.value(2) as string | null,
        meta: row.value(3) as string | null,
      })
    },
  )
  return hits
}

/** A filter as a part of WHERE: through the column `filter`, which caches its results, if the table has it. */
function filterTerm(
  db: Database,
  condition: Condition,
  filter: Filter,
  table: string,
  id: string,
  dataset: string,
): CompiledFilter {
  if (hasFilterColumn(db, table)) return { sql: 'filter = ?', parameters: [stringifyJson(filter)] }
  const { meta } = SHADOW
  const { sql, parameters } = compileFilter(condition, {
    json: meta.stored,
    column: () => undefined,
  })
  // Unary plus avoids the key's index: reading the table in its own order costs less than looking each row up.
  const ids = `SELECT ${COLUMN.id} FROM ${quoteName(shadowTableName(table))} WHERE +${COLUMN.dataset} = ? AND ${sql}`
  return { sql: `${quoteName(id)} IN (${ids})`, parameters: [dataset, ...parameters] }
}

/**
 * Whether the column `filter` is ours: a user's column of this name is not hidden, and in a table of this name the hidden
 * column takes commands.
 */
function hasFilterColumn(db: Database, table: string): boolean {
  const hidden = `SELECT name FROM pragma_table_xinfo(?) WHERE name = 'filter' AND hidden = 1`
  return table.toLowerCase() !== 'filter' && texts(db, hidden, table).length > 0
}

/** Checks a number of documents: an integer from 0. */
export function requireCount(count: unknown, name: string): void {
  const expected = 'a number of documents, an integer from 0'
  if (typeof count !== 'number') throw argumentError(VECUTIL, name, count, expected)
  if (Number.isSafeInteger(count) && count >= 0) return
  throw new RangeError(`${VECUTIL}: ${name} is ${count}: expected ${expected}`)
}

/** The second column of a vec table, whatever its name is. */
function idColumn(db: Database, table: string): string {
  const columns = texts(db, 'SELECT name FROM pragma_table_info(?)', table)
  if (columns.length >= 2) return columns[1]
  throw new VecError('VEC_SHADOW', `vecutil: there is no vec table ${table}`, {
    hint: `CREATE VIRTUAL TABLE ${quoteName(table)} USING vec(doc_id)`,
  })
}
