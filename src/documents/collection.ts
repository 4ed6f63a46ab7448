import { requireObject } from '../core/argument-error.ts'
import { checkOptions, object } from '../core/check-options.ts'
import type { Filter } from '../core/filter/filter.ts'
import { knownWord } from '../core/known-word.ts'
import type { Database } from '../database/database.ts'
import {
  requireConnection,
  requireEmbed,
  requireModelName,
  requireName,
  requireOptions,
  VECUTIL,
} from './arguments.ts'
import { DatasetHandle } from './collection/dataset-handle.ts'
import { countFacets, type Facet, type FacetOptions, type FieldValue } from './collection/facets.ts'
import { getDocument, getDocuments, type GetOptions } from './collection/get-documents.ts'
import type { CollectionDocument, DocumentChange } from './collection/given-documents.ts'
import type { HitPage } from './collection/hit.ts'
import { listDocuments, type DocumentPage, type ListOptions } from './collection/list.ts'
import type { CollectionQuery } from './collection/read-query.ts'
import { runQuery, runQuerySync } from './collection/run-query.ts'
import { countWhere, selectedIds, type DocumentSelection } from './collection/selection.ts'
import type { StoredDocument } from './collection/stored-document.ts'
import { writeGiven, writeGivenSync } from './collection/write-given.ts'
import type { TextDocument } from './document-fields.ts'
import type { EmbedFunc, EmbedOptions } from './embed.ts'
import { requireCount, searchText, type MatchOptions, type TextHit } from './match-text.ts'
import {
  discard,
  migrate,
  migrationStatus,
  rollback,
  type MigrateOptions,
  type MigrationReport,
  type MigrationStatus,
  type RollbackOptions,
} from './migration/migrate.ts'
import { deleteShadowDocuments, upsertShadowDocuments } from './shadow-documents.ts'
import { deleteSelected } from './write-documents.ts'

export interface CollectionOptions {
  /** Name of the vec table. */
  readonly table: string
  readonly dataset: string
  /** Turns contents and query texts into vectors; a collection without it takes vectors alone. */
  readonly embed?: EmbedFunc | undefined
  /** Name of the model behind `embed`; it is kept beside every embedding and must stay the same in a dataset. */
  readonly model?: string | undefined
}

/**
 * The documents of one dataset of a vec table. What may have to be embedded is async; everything else is done at once, and a
 * query sees what its own transaction sees. `M` is the type of the metadata, which is kept as JSON.
 *
 *     const notes = new Collection<{ lang: string }>(db, { table: 'notes', dataset: 'me', embed, model: 'minilm' })
 *     await notes.upsert([{ id: 'a', content: 'how to bake bread', meta: { lang: 'en' } }])
 *     const { hits } = await notes.query({ text: 'baking', k: 5, filter: { lang: 'en' } })
 */
export class Collection<M = unknown> {
  readonly #handle: DatasetHandle

  constructor(db: Database, options: CollectionOptions) {
    requireConnection(db)
    requireObject(VECUTIL, 'options', options, 'an object with table, dataset, embed and model')
    const names = ['table', 'dataset', 'embed', 'model']
    for (const name of Object.keys(options)) knownWord('option of Collection', name, names)
    const { table, dataset, embed, model } = options
    requireName(table, 'options.table')
    requireName(dataset, 'options.dataset')
    if (embed === undefined) requireModelName(model)
    else {
      requireName(model, 'options.model')
      requireEmbed(embed, 'options.embed')
    }
    this.#handle = new DatasetHandle(db, table, dataset, { embed, model })
  }

  /**
   * Inserts documents, or changes those that are there, all or none: a field that is absent keeps what is stored, `null`
   * erases it. Contents without a vector are embedded, if they are new or changed; returns how many were. Of two documents
   * with one id the last one counts; of two calls with one document, the one called last. Throws VEC_DIMENSION, VEC_MODEL,
   * VEC_EMBEDDING for a vector that does not fit, TypeError for a field of the wrong type, and writes nothing then.
   */
  async upsert(
    documents: readonly CollectionDocument<M>[],
    options: EmbedOptions = {},
  ): Promise<number> {
    const write = { where: 'upsert()', documents, existing: false }
    return (await writeGiven(this.#handle, write, options)).embedded
  }

  /** `upsert` at once, for documents of which nothing has to be embedded. Throws TypeError where something has. */
  upsertSync(documents: readonly CollectionDocument<M>[]): void {
    writeGivenSync(this.#handle, { where: 'upsertSync()', documents, existing: false })
  }

  /**
   * Changes documents that are there, all or none; returns how many there were. Members of `meta` are merged into what is
   * stored, and `null` removes one. Everything else is as for `upsert`.
   *
   *     await notes.update([{ id: 'a', meta: { seen: true } }]) // the other members, the content and the vector stay
   */
  async update(changes: readonly DocumentChange<M>[], options: EmbedOptions = {}): Promise<number> {
    const write = { where: 'update()', documents: changes, existing: true }
    return (await writeGiven(this.#handle, write, options)).written
  }

  /** `update` at once, for changes of which nothing has to be embedded. */
  updateSync(changes: readonly DocumentChange<M>[]): number {
    return writeGivenSync(this.#handle, {
      where: 'updateSync()',
      documents: changes,
      existing: true,
    })
  }

  /**
   * Deletes the documents of some ids, or all that pass a filter; returns how many there were. `{ all: true }` deletes the
   * whole dataset, which a filter that matches everything does not.
   */
  delete(selection: DocumentSelection<M>): number {
    const { db, shadow, dataset } = this.#handle
    return deleteSelected(db, shadow, dataset, selectedIds('delete()', selection, this.#handle))
  }

  /** The document of an id, undefined where there is none; or those of several ids, in their order. */
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
   * A page of documents, in the order of their ids or of a field, and a cursor for the next page. Pages are stable under
   * writes: a document that is there, and keeps its value of the field, is given exactly once, whatever else is written
   * between two pages. One that is inserted or moved behind the last page comes up there, one before it does not.
   *
   *     let page = notes.list({ order: { by: 'meta.year', direction: 'desc' }, limit: 50 })
   *     while (page.cursor) page = notes.list({ order: { by: 'meta.year', direction: 'desc' }, limit: 50, cursor: page.cursor })
   */
  list(options: ListOptions<M> = {}): DocumentPage<M> {
    return listDocuments(this.#handle.open(), this.#handle.dataset, options)
  }

  /** How many documents there are, or pass a filter; those without a vector, too. */
  count(options: { readonly filter?: Filter<M> } = {}): number {
    checkOptions('count()', options, { filter: object })
    return countWhere('count()', this.#handle, options.filter)
  }

  /**
   * The values of a field and how many documents have each, most documents first. Where a field holds an array its elements
   * count one by one. Documents without the field do not count.
   *
   *     notes.facets('meta.lang') // [{ value: 'en', count: 12 }, { value: 'de', count: 3 }]
   */
  facets(field: string, options: FacetOptions<M> = {}): Facet[] {
    return countFacets('facets()', this.#handle, field, options, 'count')
  }

  /** The different values of a field: true and false, then numbers, then texts, each in their order. */
  distinct(field: string, options: FacetOptions<M> = {}): FieldValue[] {
    const facets = countFacets('distinct()', this.#handle, field, options, 'value')
    return facets.map(({ value }) => value)
  }

  /**
   * The k documents nearest to a text or a vector, best first, and a cursor for the next page. Exact: with `filter` the best
   * of those that pass, with `groupBy` the best one of each value, and never fewer than k where there are so many. Pages are
   * stable under writes, as those of `list` are. Throws VEC_MODEL where another model embedded the dataset.
   *
   *     await notes.query({ text: 'how to bake bread', k: 5, filter: { lang: 'en' }, groupBy: 'meta.document' })
   */
  async query(query: CollectionQuery<M>): Promise<HitPage<M>> {
    return runQuery('query()', this.#handle, query)
  }

  /** `query` at once, by a vector. `rerank` must not return a Promise. */
  querySync(query: CollectionQuery<M>): HitPage<M> {
    return runQuerySync('querySync()', this.#handle, query)
  }

  /**
   * Goes over to another model, or another version of one, while the old vectors serve. The vectors of the new model are
   * made beside them, in a table that no other program has to know; then both are exchanged in one transaction. What is
   * written meanwhile, by any program, is included. A call that was stopped, or killed, goes on where it was when it is made
   * again. The dimension may change. From the switch on this collection embeds by the new model; collections of the old
   * model get VEC_MODEL.
   *
   *     await notes.migrate({ embed, model: 'large', onProgress: ({ done, total }) => console.log(done, total) })
   */
  async migrate(options: MigrateOptions = {}): Promise<MigrationReport> {
    return migrate(this.#handle, options)
  }

  /**
   * Takes the switch of `migrate` back, in one transaction: the old vectors serve again, and the new ones are kept beside.
   * Documents that were written since are embedded by the old model. Throws VEC_MODEL where there are no old vectors.
   */
  async rollback(options: RollbackOptions = {}): Promise<MigrationReport> {
    return rollback(this.#handle, options)
  }

  /** Forgets the vectors that do not serve: no rollback is possible then, and a migration begins again. Whether there were any. */
  discard(): boolean {
    return discard(this.#handle)
  }

  /** How far a migration is, or that it can be rolled back; undefined where there are no vectors beside those that serve. */
  migration(): MigrationStatus | undefined {
    return migrationStatus(this.#handle)
  }

  /**
   * Inserts documents whose `meta` is text, or changes those that are there, all or none. Only contents that are new or
   * changed are embedded, before the transaction opens; the number of them is returned.
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

  /** Deletes documents, all or none; returns how many there were. */
  deleteDocuments(ids: readonly string[]): number {
    const { db, shadow, dataset } = this.#handle
    return deleteShadowDocuments(db, shadow, dataset, ids)
  }

  /**
   * The k documents nearest to a text, nearest first, with `meta` as text; with `filter` the k nearest that pass it, never
   * fewer when so many do.
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
    const { db, tableName, dataset } = this.#handle
    const { embed, model } = this.#handle.requireEmbedder('queryText()')
    const limited = { ...options, limit: k, model }
    return searchText(db, tableName, dataset, embed, query, limited)
  }
}
