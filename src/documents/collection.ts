import { checkOptions, object } from '../core/check-options.ts'
import type { Filter } from '../core/filter/filter.ts'
import type { VectorInput } from '../core/read-vector.ts'
import { databaseOf, type SqliteHandle } from '../database/driver-of.ts'
import { provideCode } from '../search/late/provide-code.ts'
import { requireOptions } from './arguments.ts'
import { readCollectionOptions, type CollectionOptions } from './collection/collection-options.ts'
import { DatasetHandle } from './collection/dataset-handle.ts'
import { countFacets, type Facet, type FacetOptions, type FieldValue } from './collection/facets.ts'
import { getDocument, getDocuments, type GetOptions } from './collection/get-documents.ts'
import type { CollectionDocument, DocumentChange } from './collection/given-documents.ts'
import type { Hit, HitPage } from './collection/hit.ts'
import { listDocuments, type DocumentPage, type ListOptions } from './collection/list.ts'
import type { CollectionQuery, QueryManyOptions } from './collection/read-query.ts'
import type { DocumentSelection } from './collection/read-selection.ts'
import { runQueries, runQueriesSync } from './collection/run-queries.ts'
import { runQuery, runQuerySync } from './collection/run-query.ts'
import { countWhere, deleteSelection } from './collection/selection.ts'
import { runStep, type Results, type Step } from './collection/steps.ts'
import type { StoredDocument } from './collection/stored-document.ts'
import { writeGiven, writeGivenSync } from './collection/write-given.ts'
import type { TextDocument } from './document-fields.ts'
import type { EmbedOptions } from './embed.ts'
import { requireCount, searchText, type MatchOptions, type TextHit } from './match-text.ts'
import {
  migrate,
  rollback,
  type MigrateOptions,
  type MigrationReport,
  type RollbackOptions,
} from './migration/migrate.ts'
import type { MigrationStatus } from './migration/migration-steps.ts'
import { deleteShadowDocuments, upsertShadowDocuments } from './shadow-documents.ts'

/**
 * The documents of one dataset of a vec table. Methods that may have to embed text are async; all others are
 * synchronous. A query sees the state of its own transaction. `M` is the type of the metadata, which is stored as JSON.
 *
 *     const notes = new Collection<{ lang: string }>(db, { table: 'notes', dataset: 'me', embed, model: 'minilm' })
 *     await notes.upsert([{ id: 'a', content: 'how to bake bread', meta: { lang: 'en' } }])
 *     const { hits } = await notes.query({ text: 'baking', k: 5, filter: { lang: 'en' } })
 */
export class Collection<M = unknown> {
  readonly #handle: DatasetHandle

  /**
   * `db` is what `open()` resolves to, or a handle of better-sqlite3, node:sqlite, bun:sqlite or libsql. Throws TypeError
   * for anything else, VEC_CLOSED for a closed database, VEC_OPTION for a declaration that the existing table does not
   * have.
   */
  constructor(db: SqliteHandle, options: CollectionOptions) {
    const { table, dataset, declaration, embed, model } = readCollectionOptions(
      'Collection',
      options,
    )
    provideCode()
    const use = databaseOf('new Collection()', db)
    try {
      this.#handle = new DatasetHandle(use, { table, dataset, declaration }, { embed, model })
    } catch (error) {
      use.close()
      throw error
    }
  }

  /**
   * Ends the use of the collection: later calls throw VEC_CLOSED. The database stays open. Over the handle of another
   * driver, this saves indexes that are worth it, as closing does in our engine: call it before you close the handle.
   */
  close(): void {
    this.#handle.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /**
   * Inserts or updates documents, all or none: an absent field keeps its stored value, `null` erases it. Embeds new or
   * changed contents that come without a vector, and returns their number. Of two documents with one id, the last one
   * counts; of two calls with one document, the later call. Throws VEC_DIMENSION, VEC_MODEL or VEC_EMBEDDING for a
   * vector that does not match the dataset, TypeError for a field of the wrong type. It then writes nothing.
   */
  async upsert(
    documents: readonly CollectionDocument<M>[],
    options: EmbedOptions = {},
  ): Promise<number> {
    const write = { where: 'upsert()', documents, kind: 'upsert' as const }
    return (await writeGiven(this.#handle, write, options)).embedded
  }

  /** The synchronous form of `upsert`, for documents that need no embedding. Throws TypeError if one does. */
  upsertSync(documents: readonly CollectionDocument<M>[]): void {
    writeGivenSync(this.#handle, { where: 'upsertSync()', documents, kind: 'upsert' })
  }

  /**
   * Updates existing documents, all or none, and returns how many there were. Members of `meta` are merged into the
   * stored metadata, and `null` removes a member. Otherwise it works like `upsert`.
   *
   *     await notes.update([{ id: 'a', meta: { seen: true } }]) // the other members, the content and the vector stay
   */
  async update(changes: readonly DocumentChange<M>[], options: EmbedOptions = {}): Promise<number> {
    const write = { where: 'update()', documents: changes, kind: 'update' as const }
    return (await writeGiven(this.#handle, write, options)).written
  }

  /** The synchronous form of `update`, for changes that need no embedding. */
  updateSync(changes: readonly DocumentChange<M>[]): number {
    return writeGivenSync(this.#handle, {
      where: 'updateSync()',
      documents: changes,
      kind: 'update',
    })
  }

  /**
   * Deletes the documents with these ids, or all that match a filter. Returns how many there were. `{ all: true }` deletes
   * the whole dataset; an empty filter is refused.
   */
  delete(selection: DocumentSelection<M>): number {
    return deleteSelection('delete()', selection, this.#handle)
  }

  /** The document with an id, undefined if there is none; or the documents with several ids, in their order. */
  get(id: string, options?: GetOptions): StoredDocument<M> | undefined
  get(ids: readonly string[], options?: GetOptions): (StoredDocument<M> | undefined)[]
  get(
    ids: string | readonly string[],
    options: GetOptions = {},
  ): StoredDocument<M> | undefined | (StoredDocument<M> | undefined)[] {
    return typeof ids === 'string'
      ? getDocument<M>(this.#handle, ids, options)
      : getDocuments<M>(this.#handle, ids, options)
  }

  /**
   * A page of documents, ordered by id or by a field, and a cursor for the next page. Pages are stable under writes: a
   * document that exists throughout and keeps its value of the field is returned exactly once. A document that is
   * inserted or moved after the last page is returned later, one before it is not.
   *
   *     let page = notes.list({ order: { by: 'meta.year', direction: 'desc' }, limit: 50 })
   *     while (page.cursor) page = notes.list({ order: { by: 'meta.year', direction: 'desc' }, limit: 50, cursor: page.cursor })
   */
  list(options: ListOptions<M> = {}): DocumentPage<M> {
    return listDocuments(this.#handle.open(), this.#handle.dataset, options)
  }

  /** The number of documents, or of those that match a filter, including documents without a vector. */
  count(options: { readonly filter?: Filter<M> } = {}): number {
    checkOptions('count()', options, { filter: object })
    return countWhere('count()', this.#handle, options.filter)
  }

  /**
   * The values of a field with the number of documents for each, most documents first. The elements of an array count
   * one by one. Documents without the field do not count.
   *
   *     notes.facets('meta.lang') // [{ value: 'en', count: 12 }, { value: 'de', count: 3 }]
   */
  facets(field: string, options: FacetOptions<M> = {}): Facet[] {
    return countFacets('facets()', this.#handle, field, options, 'count')
  }

  /** The distinct values of a field: true and false, then numbers, then texts, each in its own order. */
  distinct(field: string, options: FacetOptions<M> = {}): FieldValue[] {
    const facets = countFacets('distinct()', this.#handle, field, options, 'value')
    return facets.map(({ value }) => value)
  }

  /**
   * The k documents nearest to a text or a vector, best first, and a cursor for the next page. The result is exact:
   * with `filter` it has the best documents that match, with `groupBy` the best document of each value, and k of them
   * whenever that many exist. Pages are stable under writes, like those of `list`. Throws VEC_MODEL if another model
   * embedded the dataset.
   *
   *     await notes.query({ text: 'how to bake bread', k: 5, filter: { lang: 'en' }, groupBy: 'meta.document' })
   */
  async query(query: CollectionQuery<M>): Promise<HitPage<M>> {
    return runQuery('query()', this.#handle, query)
  }

  /** The synchronous form of `query`, for a vector. `rerank` must not return a Promise. */
  querySync(query: CollectionQuery<M>): HitPage<M> {
    return runQuerySync('querySync()', this.#handle, query)
  }

  /**
   * The k documents nearest to each of many texts and vectors, best first: for each the hits of `query`, in one
   * snapshot. Texts are embedded in one call. The searches share the threads and the cache, so each takes less time than
   * alone. The options are those of `query` for searches by a vector, without pages.
   *
   *     const [bread, butter] = await notes.queryMany(['how to bake bread', [0.6, 0.8]], { k: 5 })
   */
  async queryMany(
    queries: readonly (string | VectorInput)[],
    options: QueryManyOptions<M> = {},
  ): Promise<Hit<M>[][]> {
    return runQueries('queryMany()', this.#handle, queries, options)
  }

  /** The synchronous form of `queryMany`, for vectors. `rerank` must not return a Promise. */
  queryManySync(queries: readonly VectorInput[], options: QueryManyOptions<M> = {}): Hit<M>[][] {
    return runQueriesSync('queryManySync()', this.#handle, queries, options)
  }

  /**
   * Migrates the dataset to another model, or another version of one, while searches use the old vectors. The new
   * vectors are stored in a separate table, which other programs may ignore. Then one transaction exchanges old and
   * new. Documents that any program writes meanwhile are included. After a call was stopped or killed, the next call
   * continues its work. The dimension may change. After the switch, this collection embeds with the new model, and
   * collections with the old model get VEC_MODEL.
   *
   *     await notes.migrate({ embed, model: 'large', onProgress: ({ done, total }) => console.log(done, total) })
   */
  async migrate(options: MigrateOptions = {}): Promise<MigrationReport> {
    return migrate(this.#handle, async step => this.#step(step), options)
  }

  /**
   * Reverses the switch of `migrate` in one transaction: searches use the old vectors again, and the new ones are kept.
   * Documents written since the switch are embedded with the old model. Throws VEC_MODEL if there are no old vectors.
   */
  async rollback(options: RollbackOptions = {}): Promise<MigrationReport> {
    return rollback(this.#handle, async step => this.#step(step), options)
  }

  /**
   * Deletes the vectors that searches do not use. A rollback is then impossible, and a migration starts from the
   * beginning. Returns whether there were any.
   */
  discard(): boolean {
    return this.#step(['migrationDiscard'])
  }

  /**
   * The progress of a migration, or that it can be rolled back; undefined if there are no other vectors than those in
   * use.
   */
  migration(): MigrationStatus | undefined {
    return this.#step(['migrationStatus'])
  }

  /**
   * Inserts or updates documents whose `meta` is text, all or none. Embeds only contents that are new or changed,
   * before the transaction begins, and returns their number.
   */
  async upsertDocumentsText(
    documents: readonly TextDocument[],
    options: EmbedOptions = {},
  ): Promise<number> {
    requireOptions(options)
    const { db, shadow, dataset } = this.#handle
    const embedder = this.#handle.requireEmbedder('upsertDocumentsText()')
    return upsertShadowDocuments(db, shadow, dataset, documents, { ...options, ...embedder })
  }

  /** Deletes documents, all or none. Returns how many there were. */
  deleteDocuments(ids: readonly string[]): number {
    const { db, shadow, dataset } = this.#handle
    return deleteShadowDocuments(db, shadow, dataset, ids)
  }

  /**
   * The k documents nearest to a text, nearest first, with `meta` as text. With `filter`, the k nearest that match it,
   * whenever that many do.
   *
   *     await docs.queryText('how to bake bread', 5, { filter: { lang: 'en', year: { $gte: 2020 } } })
   */
  async queryText(
    query: string,
    k: number,
    options: Pick<MatchOptions, 'filter' | 'signal'> = {},
  ): Promise<TextHit[]> {
    requireCount(k, 'k')
    requireOptions(options)
    const { tableName, dataset } = this.#handle
    const db = this.#handle.requireVirtualTables('queryText()', 'query({ text, k })')
    const { embed, model } = this.#handle.requireEmbedder('queryText()')
    const limited = { ...options, limit: k, model }
    return searchText(db, tableName, dataset, embed, query, limited)
  }

  #step<const S extends Step>(step: S): Results<[S]>[0] {
    return runStep(this.#handle, step) as Results<[S]>[0]
  }
}
