import { argumentError, requireObject } from '../core/argument-error.ts'
import { VecError } from '../core/errors.ts'
import { compileFilter } from '../core/filter/compile-filter.ts'
import type { Filter } from '../core/filter/filter.ts'
import { parseFilter } from '../core/filter/parse-filter.ts'
import { doubleQuoted } from '../core/quote.ts'
import { readVector, type VectorInput } from '../core/read-vector.ts'
import { scoreToSimilarity, similarityToDistance, similarityToScore } from '../core/similarity.ts'
import { Utf8 } from '../core/utf8.ts'
import { isReadonly } from '../database/capabilities.ts'
import { texts } from '../database/query.ts'
import { transaction } from '../database/transaction.ts'
import type { SqlValue } from '../database/values.ts'
import { readShadowDocuments, type ShadowDocument } from '../documents/document-fields.ts'
import { DocumentTable } from '../documents/document-table.ts'
import { check } from '../search/diagnostics/check.ts'
import type { Diagnostic } from '../search/diagnostics/diagnostic.ts'
import type { Inspection } from '../search/diagnostics/problem.ts'
import { repair } from '../search/diagnostics/repair.ts'
import { stats } from '../search/diagnostics/stats.ts'
import { Searcher } from '../search/query/searcher.ts'
import { COLUMN } from '../search/schema/columns.ts'
import { datasetsOf } from '../search/schema/datasets.ts'
import { OF_DATASET, OF_KEY } from '../search/schema/names.ts'
import { countOf } from '../search/schema/rows.ts'
import type { ShadowTable } from '../search/schema/shadow-table.ts'
import { SHADOW } from '../search/schema/table-schema.ts'
import type { SearchContext } from '../search/snapshot/search-context.ts'
import { originalChecks } from '../viant/export/check-original.ts'

export interface VectorSearch {
  readonly dataset: string
  /** The query: finite numbers, as many as the vectors of the dataset have. */
  readonly vector: VectorInput
  /** How many documents are wanted, from 0. */
  readonly k: number
  /** Only documents with at least this score. */
  readonly minScore?: number | undefined
  /** Only these documents. */
  readonly ids?: readonly string[] | undefined
  /** Only documents whose `meta`, JSON text, passes. */
  readonly filter?: Filter | undefined
  /** Columns of the table that each hit carries. */
  readonly columns?: readonly string[] | undefined
}

export interface VectorHit {
  readonly id: string
  /** Higher is nearer. */
  readonly score: number
  /** Lower is nearer. */
  readonly distance: number
  /** The columns that were asked for. */
  readonly columns: Readonly<Record<string, SqlValue>>
}

/** What `attach` gives: search over one table, beside whatever else its database is used for. */
export class Vectors {
  readonly #searcher: Searcher
  readonly #documents: DocumentTable
  readonly #end: () => void
  #closed = false

  /** Use `attach`. */
  constructor(context: SearchContext, end: () => void) {
    const { db, schema, name } = context.shadow
    this.#searcher = new Searcher(context)
    this.#documents = new DocumentTable(db, schema, name)
    this.#end = end
  }

  /**
   * The k documents nearest to a vector, nearest first, as the present transaction sees them: exactly those that comparing
   * with every row would give. Throws VEC_DIMENSION for a vector of another length than those of the dataset.
   */
  search(search: VectorSearch): VectorHit[] {
    requireObject('search()', 'search', search, 'an object with dataset, vector and k')
    const { dataset, vector, k, minScore, ids, filter, columns = [] } = search
    requireText('search()', 'dataset', dataset)
    if (typeof k !== 'number' || !(Number.isSafeInteger(k) && k >= 0)) {
      throw argumentError('search()', 'k', k, 'a number of documents, an integer from 0')
    }
    if (minScore !== undefined && (typeof minScore !== 'number' || Number.isNaN(minScore))) {
      throw argumentError('search()', 'minScore', minScore, 'a number')
    }
    if (ids !== undefined) requireIds('search()', ids)
    this.#requireColumns('search()', columns)
    const query = readVector(vector, 'search()', 'vector')
    const shadow = this.#open()
    if (filter !== undefined) requireMeta(shadow)
    const { metric } = this.#searcher.context.spec
    return shadow.inSnapshot(() => {
      const { hits } = this.#searcher.search({
        dataset,
        query,
        limit: k,
        minSimilarity:
          minScore === undefined ? -Infinity : below(scoreToSimilarity(metric, minScore)),
        maxSimilarity: Infinity,
        accepts: similarity =>
          minScore === undefined || similarityToScore(metric, similarity) >= minScore,
        ids: ids && Array.from(new Set(ids), id => new TextEncoder().encode(id)),
        filter: filter === undefined ? undefined : compiled(filter),
      })
      return Array.from({ length: hits.count }, (_, rank) => {
        const id = hits.id(rank)
        const similarity = hits.similarity(rank)
        return {
          id: decoder.decode(id),
          score: similarityToScore(metric, similarity),
          distance: similarityToDistance(metric, similarity),
          columns:
            columns.length === 0 ? {} : (this.#row(dataset, new Utf8(id.slice()), columns) ?? {}),
        }
      })
    })
  }

  /**
   * Inserts documents, or changes those that are there, all or none: a field that is absent keeps what is stored, `null`
   * erases it. Throws VEC_DIMENSION for a vector of another length than those of the dataset.
   */
  upsert(dataset: string, documents: readonly ShadowDocument[]): void {
    requireText('upsert()', 'dataset', dataset)
    const writes = readShadowDocuments(documents)
    const { db } = this.#writable('upsert()')
    this.#documents.prepare()
    transaction(db, () => this.#documents.write(dataset, writes)).immediate()
  }

  /** Deletes documents, all or none; returns how many there were. */
  delete(dataset: string, ids: readonly string[]): number {
    requireText('delete()', 'dataset', dataset)
    requireIds('delete()', ids)
    const { db } = this.#writable('delete()')
    return transaction(db, () => this.#documents.delete(dataset, ids)).immediate()
  }

  /** Columns of a document; undefined when there is none. Without `columns` all that the table has. */
  get(
    dataset: string,
    id: string,
    columns?: readonly string[],
  ): Record<string, SqlValue> | undefined {
    requireText('get()', 'dataset', dataset)
    requireText('get()', 'id', id)
    if (columns !== undefined) this.#requireColumns('get()', columns)
    return this.#row(dataset, id, columns ?? this.#columnNames())
  }

  /** Documents of a dataset, or of all of them, those without a vector too. */
  count(dataset?: string): number {
    if (dataset !== undefined) requireText('count()', 'dataset', dataset)
    const shadow = this.#open()
    if (dataset === undefined) return countOf(shadow, 'SELECT count(*) FROM {table}', [])
    return countOf(shadow, `SELECT count(*) FROM {table} WHERE ${OF_DATASET}`, [dataset])
  }

  /** Compares journal, indexes and rows, and changes nothing: one diagnostic for each thing that there is to say. */
  check(dataset?: string): Diagnostic[] {
    this.#open()
    return check(this.#inspection, this.#datasets(dataset))
  }

  /** Repairs what can be repaired, and tells what it did, then what it could not do. */
  repair(dataset?: string): Diagnostic[] {
    this.#writable('repair()')
    return repair(this.#inspection, this.#datasets(dataset))
  }

  /** Saves indexes in the file and prunes the journal; false when the file is locked or has no index to save. */
  optimize(dataset?: string): boolean {
    this.#writable('optimize()')
    const results = this.#datasets(dataset).map(one => this.#searcher.indexes.optimize(one).saved)
    return !results.includes(false)
  }

  /** What is known of the indexes, one fact a diagnostic. */
  stats(dataset?: string): Diagnostic[] {
    this.#open()
    return this.#datasets(dataset).flatMap(one => stats(this.#searcher, one))
  }

  /** Saves what is worth it, and lets go of the table. The handle stays open: close it afterwards. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    const { shadow } = this.#searcher.context
    if (shadow.db.open) this.#end()
    this.#searcher.dispose()
    shadow.dispose()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  get #inspection(): Inspection {
    return {
      searcher: this.#searcher,
      foreign: originalChecks,
      fix: (verb, dataset) => `vectors.${verb}(${dataset === '' ? '' : JSON.stringify(dataset)})`,
    }
  }

  #datasets(dataset: string | undefined): readonly string[] {
    return dataset === undefined ? datasetsOf(this.#searcher.shadow) : [dataset]
  }

  #row(
    dataset: string,
    id: string | Utf8,
    columns: readonly string[],
  ): Record<string, SqlValue> | undefined {
    const names = ['1', ...columns.map(doubleQuoted)].join(', ')
    return this.#searcher.shadow.first(
      `SELECT ${names} FROM {table} WHERE ${OF_KEY}`,
      [dataset, id],
      at => Object.fromEntries(columns.map((column, i) => [column, at.value(i + 1)])),
    )
  }

  /** As the table declares them. */
  #columnNames(): string[] {
    const { db, schema, name } = this.#open()
    return texts(db, 'SELECT name FROM pragma_table_xinfo(?, ?)', name, schema)
  }

  #requireColumns(where: string, columns: unknown): void {
    if (!Array.isArray(columns)) throw argumentError(where, 'columns', columns, 'an array of names')
    const { columns: known } = this.#open().refresh()
    for (const column of columns as unknown[]) {
      if (typeof column === 'string' && known.has(lowerCase(column))) continue
      const expected = `one of the table's columns (${this.#columnNames().join(', ')})`
      throw argumentError(where, 'columns', column, expected)
    }
  }

  #open(): ShadowTable {
    const { shadow } = this.#searcher.context
    if (!this.#closed && shadow.db.open) return shadow
    throw new VecError('VEC_CLOSED', `attach(): the search over ${shadow.name} is closed`, {
      hint: 'call attach() with an open handle',
    })
  }

  #writable(where: string): ShadowTable {
    const shadow = this.#open()
    if (!isReadonly(shadow.db, shadow.schema)) return shadow
    throw new VecError('SQLITE_READONLY', `${where} writes, but the file is open read-only`, {
      hint: 'open the file without readonly',
    })
  }
}

/** A byte order mark is a part of an id. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** As SQLite compares names: letters of ASCII alone. */
function lowerCase(name: string): string {
  return name.replace(/[A-Z]+/g, letters => letters.toLowerCase())
}

function requireMeta(shadow: ShadowTable): void {
  if (shadow.refresh().columns.has(SHADOW.meta.stored)) return
  throw new VecError(
    'VEC_SHADOW',
    `search(): the filter needs the column meta, which ${shadow.name} lacks`,
    {
      hint: `ALTER TABLE ${doubleQuoted(shadow.name)} ADD COLUMN ${COLUMN.meta} TEXT, with JSON`,
    },
  )
}

function compiled(filter: Filter): ReturnType<typeof compileFilter> {
  return compileFilter(parseFilter(filter), { json: SHADOW.meta.stored, column: () => undefined })
}

/** A bound that is certainly not above the exact one: the score of a row is computed from its similarity, not the reverse. */
function below(similarity: number): number {
  return Number.isFinite(similarity) ? similarity - 1e-6 * (1 + Math.abs(similarity)) : -Infinity
}

function requireText(where: string, name: string, value: unknown): void {
  if (typeof value !== 'string' || value.trim() === '')
    throw argumentError(where, name, value, 'a non-empty string')
}

function requireIds(where: string, ids: unknown): void {
  if (!Array.isArray(ids)) throw argumentError(where, 'ids', ids, 'an array of ids')
  for (const [i, id] of ids.entries()) requireText(where, `ids[${i}]`, id)
}
