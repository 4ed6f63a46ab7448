import { argumentError } from '../core/argument-error.ts'
import { VecError } from '../core/errors.ts'
import type { Filter } from '../core/filter/filter.ts'
import { doubleQuoted } from '../core/quote.ts'
import { readVector, type VectorInput } from '../core/read-vector.ts'
import { requireRecall } from '../core/recall.ts'
import { scoreToSimilarity, similarityToDistance, similarityToScore } from '../core/similarity.ts'
import { Utf8 } from '../core/utf8.ts'
import { isReadonly } from '../database/capabilities.ts'
import { texts } from '../database/query.ts'
import { transaction } from '../database/transaction.ts'
import type { SqlValue } from '../database/values.ts'
import { check } from '../search/diagnostics/check.ts'
import type { Diagnostic } from '../search/diagnostics/diagnostic.ts'
import type { Inspection } from '../search/diagnostics/problem.ts'
import { repair } from '../search/diagnostics/repair.ts'
import { stats } from '../search/diagnostics/stats.ts'
import type { SearchFilter } from '../search/query/search-filter.ts'
import { Searcher } from '../search/query/searcher.ts'
import type { TopK } from '../search/query/top-k.ts'
import { datasetsOf } from '../search/schema/datasets.ts'
import { lowerCase } from '../search/schema/document-columns.ts'
import { countOf } from '../search/schema/rows.ts'
import type { ShadowTable } from '../search/schema/shadow-table.ts'
import type { SearchContext } from '../search/snapshot/search-context.ts'
import { originalChecks } from '../viant/export/check-original.ts'
import { readDocuments, type VectorDocument } from './documents.ts'
import { joined, type VectorJoin } from './join.ts'
import { keyBytes, keyValue, requireKey, requireKeys, type DocumentId } from './keys.ts'
import { requireMembers } from './known-members.ts'
import type { InDataset, VectorHit, VectorSearch } from './vector-search.ts'
import { writerOf, type Writer } from './writer.ts'

const JOIN: readonly (keyof VectorSearch)[] = [
  'vector',
  'k',
  'dataset',
  'minScore',
  'recall',
  'ids',
  'filter',
]
const SEARCH: readonly (keyof VectorSearch)[] = [...JOIN, 'columns']
const SEARCH_MANY = SEARCH.filter(name => name !== 'vector')

/** A checked search, without its vector. */
interface AskedSearch {
  readonly dataset: string
  readonly columns: readonly string[]
  nearest(this: void, query: Float32Array): TopK
}

/** The result of `attach`: search over one table, beside any other use of its database. */
export class Vectors {
  readonly #searcher: Searcher
  readonly #writer: Writer
  readonly #filterOf: (filter: Filter) => SearchFilter
  readonly #end: () => void
  #closed = false

  /** Use `attach`. */
  constructor(context: SearchContext, filterOf: (filter: Filter) => SearchFilter, end: () => void) {
    this.#searcher = new Searcher(context)
    this.#writer = writerOf(context.shadow)
    this.#filterOf = filterOf
    this.#end = end
  }

  /**
   * The k rows nearest to a vector, nearest first, as the current transaction sees them: exactly those that a
   * comparison with every row would give. Throws VEC_DIMENSION for a vector with another dimension than the table or
   * dataset.
   */
  search(search: VectorSearch): VectorHit[] {
    const asked = this.#asked('search()', search, SEARCH)
    const vector = readVector(search.vector, 'search()', 'vector')
    return this.#searcher.shadow.inSnapshot(() => this.#hits(asked, vector))
  }

  /**
   * The k rows nearest to each of many vectors: for each what `search` returns, in one snapshot. The searches share the
   * threads and the cache, so each takes less time than alone.
   *
   *     const [first, second] = vectors.searchMany([[0.6, 0.8], [1, 0]], { k: 10 })
   */
  searchMany(vectors: readonly VectorInput[], search: Omit<VectorSearch, 'vector'>): VectorHit[][] {
    if (!Array.isArray(vectors)) {
      throw argumentError('searchMany()', 'vectors', vectors, 'an array of vectors')
    }
    const asked = this.#asked('searchMany()', search, SEARCH_MANY)
    const queries = vectors.map((vector, i) => readVector(vector, 'searchMany()', `vectors[${i}]`))
    if (queries.length === 0) return []
    return this.#searcher.together(queries, () => queries.map(query => this.#hits(asked, query)))
  }

  /**
   * The hits of `search` as SQL: a subquery with the columns `rank` (from 0), `id`, `score` and `distance`, and the
   * value of its one parameter. It works in every driver, joined to any table:
   *
   *     const near = vectors.join({ vector, k: 10 })
   *     db.prepare(`SELECT d.title, near.score FROM ${near.sql} AS near JOIN documents AS d USING (id) ORDER BY rank`).all(near.parameter)
   */
  join(search: Omit<VectorSearch, 'columns'>): VectorJoin {
    const asked = this.#asked('join()', search, JOIN)
    const { kind } = this.#searcher.shadow.documents.roles.id
    const found = asked.nearest(readVector(search.vector, 'join()', 'vector'))
    const rows = Array.from({ length: found.count }, (_, rank) => ({
      id: keyValue(found.id(rank), kind),
      ...this.#measures(found, rank),
    }))
    return joined(rows)
  }

  /**
   * Inserts or updates rows, all or none: an absent field keeps its stored value, `null` erases it. Throws
   * VEC_DIMENSION for a vector with another dimension than the table or dataset.
   */
  upsert(documents: readonly VectorDocument[], of: InDataset = {}): void {
    this.#requireOptions('upsert()', of)
    const dataset = this.#dataset('upsert()', of)
    const { roles } = this.#searcher.shadow.documents
    const read = readDocuments(documents, roles.id.kind)
    this.#write('upsert()', () => {
      this.#writer.write(dataset, read)
    })
  }

  /** Deletes rows, all or none. Returns how many there were. */
  delete(ids: readonly DocumentId[], of: InDataset = {}): number {
    this.#requireOptions('delete()', of)
    const dataset = this.#dataset('delete()', of)
    const { roles } = this.#searcher.shadow.documents
    const keys = requireKeys('delete()', 'ids', ids, roles.id.kind)
    return this.#write('delete()', () => this.#writer.delete(dataset, keys))
  }

  /** Columns of a row; undefined if it does not exist. Without `columns`, all columns of the table. */
  get(
    id: DocumentId,
    options: InDataset & { readonly columns?: readonly string[] | undefined } = {},
  ): Record<string, SqlValue> | undefined {
    this.#requireOptions('get()', options, ['dataset', 'columns'])
    const dataset = this.#dataset('get()', options)
    const { columns } = options
    const { kind } = this.#searcher.shadow.documents.roles.id
    const key = requireKey('get()', 'id', id, kind)
    if (columns !== undefined) this.#requireColumns('get()', columns)
    this.#open()
    return this.#row(dataset, key, columns ?? this.#columnNames())
  }

  /** The number of rows in a dataset, or in the whole table, including rows without a vector. */
  count(of: InDataset = {}): number {
    const [dataset] = this.#datasetsOf('count()', of)
    const shadow = this.#open()
    if (dataset === undefined) return countOf(shadow, 'SELECT count(*) FROM {table}', [])
    return countOf(shadow, `SELECT count(*) FROM {table} WHERE ${shadow.documents.ofDataset}`, [
      dataset,
    ])
  }

  /** Compares journal, indexes and rows, and changes nothing. Returns one diagnostic per finding. */
  check(of: InDataset = {}): Diagnostic[] {
    return check(this.#inspection, this.#datasets('check()', of))
  }

  /** Repairs what can be repaired. Returns what it did, then what it could not do. */
  repair(of: InDataset = {}): Diagnostic[] {
    this.#writable('repair()')
    return repair(this.#inspection, this.#datasets('repair()', of))
  }

  /**
   * Saves indexes in the file and prunes the journal; returns false if the file is locked or there is no index to save.
   */
  optimize(of: InDataset = {}): boolean {
    this.#writable('optimize()')
    const results = this.#datasets('optimize()', of).map(
      one => this.#searcher.indexes.optimize(one).saved,
    )
    return !results.includes(false)
  }

  /** Facts about the indexes, one per diagnostic. */
  stats(of: InDataset = {}): Diagnostic[] {
    return this.#datasets('stats()', of).flatMap(one => stats(this.#searcher, one))
  }

  /** Saves indexes that are worth it, and releases the table. The handle stays open: close it afterwards. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    const { shadow } = this.#searcher.context
    this.#end()
    this.#searcher.dispose()
    shadow.dispose()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #hits({ columns, dataset, nearest }: AskedSearch, query: Float32Array): VectorHit[] {
    const { kind } = this.#searcher.shadow.documents.roles.id
    const found = nearest(query)
    return Array.from({ length: found.count }, (_, rank) => {
      const id = found.id(rank)
      return {
        id: keyValue(id, kind),
        ...this.#measures(found, rank),
        columns:
          columns.length === 0 ? {} : (this.#row(dataset, new Utf8(id.slice()), columns) ?? {}),
      }
    })
  }

  /** Checks what a search asks for beside its vector. */
  #asked(
    where: string,
    search: Omit<VectorSearch, 'vector'>,
    members: readonly (keyof VectorSearch)[],
  ): AskedSearch {
    const expected = `an object with ${members.slice(0, members.indexOf('k') + 1).join(' and ')}`
    requireMembers(where, 'search', search, expected, members)
    const { k, minScore, recall, ids, filter, columns = [] } = search
    const dataset = this.#dataset(where, search)
    if (typeof k !== 'number' || !(Number.isSafeInteger(k) && k >= 0)) {
      throw argumentError(where, 'k', k, 'a number of rows, an integer from 0')
    }
    if (minScore !== undefined && (typeof minScore !== 'number' || Number.isNaN(minScore))) {
      throw argumentError(where, 'minScore', minScore, 'a number')
    }
    requireRecall(where, 'recall', recall)
    const shadow = this.#open()
    const { kind } = shadow.documents.roles.id
    const keys = ids === undefined ? undefined : requireKeys(where, 'ids', ids, kind)
    this.#requireColumns(where, columns)
    const { metric } = this.#searcher.context.spec
    const condition = filter === undefined ? undefined : this.#filterOf(filter)
    const nearest = (query: Float32Array): TopK =>
      this.#searcher.search({
        dataset,
        query,
        limit: k,
        minSimilarity:
          minScore === undefined ? -Infinity : below(scoreToSimilarity(metric, minScore)),
        maxSimilarity: Infinity,
        accepts: similarity =>
          minScore === undefined || similarityToScore(metric, similarity) >= minScore,
        ids: keys && Array.from(new Set(keys), keyBytes),
        filter: condition,
        recall,
      }).hits
    return { dataset, columns, nearest }
  }

  #measures(hits: TopK, rank: number): { score: number; distance: number } {
    const { metric } = this.#searcher.context.spec
    const similarity = hits.similarity(rank)
    return {
      score: similarityToScore(metric, similarity),
      distance: similarityToDistance(metric, similarity),
    }
  }

  get #inspection(): Inspection {
    const { kind } = this.#searcher.shadow.documents.roles.dataset ?? { kind: 'text' }
    return {
      searcher: this.#searcher,
      foreign: originalChecks,
      fix: (verb, dataset) => {
        if (dataset === '') return `vectors.${verb}()`
        const value = kind === 'text' ? JSON.stringify(dataset) : dataset
        return `vectors.${verb}({ dataset: ${value} })`
      },
    }
  }

  #requireOptions(where: string, options: unknown, known: readonly string[] = ['dataset']): void {
    requireMembers(where, 'options', options, `an object, { ${known.join(', ')} }`, known)
  }

  /** The one dataset of an operation. */
  #dataset(where: string, of: InDataset): string {
    const { dataset: column } = this.#open().documents.roles
    const { dataset } = of
    if (column) return requireKey(where, 'dataset', dataset, column.kind)
    if (dataset === undefined) return ''
    throw argumentError(
      where,
      'dataset',
      dataset,
      'no dataset, since attach() was given no column for it',
    )
  }

  /** The given dataset, or none. */
  #datasetsOf(where: string, of: InDataset): readonly string[] {
    this.#open()
    this.#requireOptions(where, of)
    return of.dataset === undefined ? [] : [this.#dataset(where, of)]
  }

  #datasets(where: string, of: InDataset): readonly string[] {
    const given = this.#datasetsOf(where, of)
    return given.length > 0 ? given : datasetsOf(this.#searcher.shadow)
  }

  #row(
    dataset: string,
    id: string | Utf8,
    columns: readonly string[],
  ): Record<string, SqlValue> | undefined {
    const names = ['1', ...columns.map(doubleQuoted)].join(', ')
    const { shadow } = this.#searcher
    return shadow.first(
      `SELECT ${names} FROM {table} WHERE ${shadow.documents.ofKey}`,
      [dataset, id],
      at => Object.fromEntries(columns.map((column, i) => [column, at.value(i + 1)])),
    )
  }

  /** The column names in the table's declaration. */
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
    if (!this.#closed && shadow.db.open) {
      // The table may have been dropped or altered meanwhile. Report it as every search does.
      shadow.refresh()
      return shadow
    }
    throw new VecError('VEC_CLOSED', `attach(): the search over ${shadow.name} is closed`, {
      hint: 'call attach() with an open handle',
    })
  }

  /** Runs a write, all or none. */
  #write<R>(where: string, task: () => R): R {
    const { db } = this.#writable(where)
    this.#writer.prepare()
    try {
      return transaction(db, task).immediate()
    } catch (error) {
      // The driver reports a read-only file only now.
      if ((error as { code?: unknown }).code === 'SQLITE_READONLY') throw readonlyFile(where)
      throw error
    }
  }

  #writable(where: string): ShadowTable {
    const shadow = this.#open()
    if (!isReadonly(shadow.db, shadow.schema)) return shadow
    throw readonlyFile(where)
  }
}

function readonlyFile(where: string): VecError {
  return new VecError('SQLITE_READONLY', `${where} writes, and the file is open for reading only`, {
    hint: 'open the file without readonly',
  })
}

/** A lower bound that is certainly not above the exact one: scores are computed from similarities, not the reverse. */
function below(similarity: number): number {
  return Number.isFinite(similarity) ? similarity - 1e-6 * (1 + Math.abs(similarity)) : -Infinity
}
