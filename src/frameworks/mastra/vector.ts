import {
  MastraVector,
  type CreateIndexParams,
  type DeleteIndexParams,
  type DeleteVectorParams,
  type DeleteVectorsParams,
  type DescribeIndexParams,
  type IndexStats,
  type QueryResult,
  type QueryVectorParams,
  type UpdateVectorParams,
  type UpsertVectorParams,
} from '@mastra/core/vector'
import { requireObject, requirePlainObject } from '../../core/argument-error.ts'
import { checkOptions, text, wholeNumber, type Check } from '../../core/check-options.ts'
import type { Filter } from '../../core/filter/filter.ts'
import { knownWord } from '../../core/known-word.ts'
import type { Database } from '../../database/database.ts'
import { databaseOf, type HandleUse, type SqliteHandle } from '../../database/driver-of.ts'
import { transaction } from '../../database/transaction.ts'
import type { Collection } from '../../documents/collection.ts'
import type { CollectionDocument } from '../../documents/collection/given-documents.ts'
import type { CollectionQuery } from '../../documents/collection/read-query.ts'
import type { StoredDocument } from '../../documents/collection/stored-document.ts'
import { openCollection } from '../document-table.ts'
import {
  noSparse,
  requireDimension,
  requireList,
  requireOneForEach,
  requireOneOf,
} from './arguments.ts'
import { IndexList, METRICS, type IndexMetric, type VectorIndexInfo } from './index-list.ts'
import { filterOfMastra, type SqliteVectorFilter } from './mastra-filter.ts'

type Metadata = Record<string, unknown>

/** Where a vector store of Mastra keeps its indexes. */
export interface SqliteVectorConfig {
  /**
   * What `open()` resolves to, or a handle of better-sqlite3, node:sqlite, bun:sqlite or libsql. The store does not close
   * it.
   */
  readonly db: SqliteHandle
  /** The id of the store within Mastra; default 'sqlite-vec-ts'. */
  readonly id?: string | undefined
  /**
   * The name of the vec table; default 'mastra_vectors'. Indexes of another metric than cosine are in a table of their
   * own, and the list of the indexes is in `<table>_indexes`.
   */
  readonly table?: string | undefined
  /**
   * The member of the metadata with the text of a chunk, such as 'text'. With it, the tables have a text index, queries
   * take `text`, and results have `document`.
   */
  readonly textField?: string | undefined
}

/** A query of Mastra, with what our search has beyond it. */
export interface SqliteVectorQuery extends QueryVectorParams<SqliteVectorFilter> {
  /** Words to search for. With `queryVector`, both rankings are fused. Needs `textField`. */
  readonly text?: string | undefined
  /** Only results with at least this score. */
  readonly minScore?: number | undefined
  /** Results that are near to the query and far from each other. Not with `text`. */
  readonly mmr?: CollectionQuery['mmr']
  /** How the rankings of vectors and words are fused. */
  readonly hybrid?: CollectionQuery['hybrid']
}

const WHERE = 'SqliteVector'
const MAX_DIMENSION = 1_000_000
const MAX_RESULTS = 1_000_000

const anything: Check = () => undefined
const CHECKS = { db: anything, id: text, table: text, textField: text }

/**
 * A vector store of Mastra in a SQLite file. An index is a dataset of a vec table. Searches are exact. The score is the
 * similarity: 1 is the maximum of 'cosine', 'euclidean' has 1 minus the distance, and 'dotproduct' the inner product.
 *
 *     const store = new SqliteVector({ db: await open('app.sqlite') })
 *     await store.createIndex({ indexName: 'docs', dimension: 3 })
 *     await store.upsert({ indexName: 'docs', vectors: [[1, 0, 0]], metadata: [{ lang: 'en' }] })
 *     await store.query({ indexName: 'docs', queryVector: [1, 0, 0], topK: 3, filter: { lang: 'en' } })
 */
export class SqliteVector extends MastraVector<SqliteVectorFilter> {
  readonly #handle: SqliteHandle
  readonly #use: HandleUse
  readonly #db: Database
  readonly #textField: string | undefined
  readonly #indexes: IndexList
  readonly #collections = new Map<string, Collection>()

  /** Opens and creates nothing. Throws TypeError for an invalid option. */
  constructor(config: SqliteVectorConfig) {
    checkOptions(WHERE, config, CHECKS, 'config')
    const use = databaseOf(WHERE, config.db)
    const { id = 'sqlite-vec-ts', table = 'mastra_vectors', textField } = config
    super({ id })
    this.#handle = config.db
    this.#use = use
    this.#db = use.db
    this.#textField = textField
    this.#indexes = new IndexList(use.db, table, textField !== undefined)
  }

  /** The documents of an index, with all methods that Mastra lacks (`list`, `facets`, ...). Throws VEC_QUERY without it. */
  collection(indexName: string): Collection {
    return this.#collection(this.#index('collection()', indexName))
  }

  /**
   * Creates an index. One that exists is left as it is if its dimension is the same. Throws RangeError for an impossible
   * dimension, VEC_OPTION for an unknown metric, and a MastraError if an index with another dimension exists.
   */
  override async createIndex(params: CreateIndexParams): Promise<void> {
    const where = `${WHERE}.createIndex()`
    requireObject(where, 'params', params, 'an object with indexName and dimension')
    const { indexName, dimension, metric = 'cosine' } = params
    text(where, 'indexName', indexName)
    wholeNumber(1, MAX_DIMENSION)(where, 'dimension', dimension)
    knownWord(`metric of ${where}`, metric, Object.keys(METRICS) as IndexMetric[])
    const exists = transaction(this.#db, () => {
      if (this.#indexes.find(indexName)) return true
      this.#indexes.add(indexName, dimension, metric)
      return false
    }).immediate()
    if (exists) await this.validateExistingIndex(indexName, dimension, metric)
  }

  override async listIndexes(): Promise<string[]> {
    return this.#indexes.names()
  }

  /** Throws VEC_QUERY if there is no such index. */
  override async describeIndex(params: DescribeIndexParams): Promise<IndexStats> {
    const index = this.#index('describeIndex()', params)
    const { dimension, metric } = index
    return { dimension, metric, count: this.#collection(index).count() }
  }

  /** Deletes an index and its vectors. An index that does not exist is not an error. */
  override async deleteIndex(params: DeleteIndexParams): Promise<void> {
    const name = nameOf('deleteIndex()', params)
    transaction(this.#db, () => {
      const index = this.#indexes.find(name)
      if (!index) return
      this.#collection(index).delete({ all: true })
      this.#indexes.remove(name)
    }).immediate()
  }

  /**
   * Stores vectors, all or none, and returns their ids: the given ones, otherwise new ones. A vector with the same id is
   * replaced. `deleteFilter` first deletes what matches, in the same transaction.
   */
  override async upsert(params: UpsertVectorParams<SqliteVectorFilter>): Promise<string[]> {
    const where = `${WHERE}.upsert()`
    const index = this.#index('upsert()', params)
    const { vectors, metadata, ids, deleteFilter, sparseVectors } = params
    if (sparseVectors !== undefined) throw noSparse(where, 'sparseVectors')
    requireList(where, 'vectors', vectors)
    if (vectors.length === 0)
      throw new RangeError(`${where}: vectors is empty: expected one or more`)
    // Callers of Mastra pass an empty list for no metadata.
    requireOneForEach(where, 'metadata', metadata?.length === 0 ? undefined : metadata, vectors)
    requireOneForEach(where, 'ids', ids, vectors)
    for (const [i, vector] of vectors.entries()) {
      requireDimension(where, `vectors[${i}]`, vector, index)
    }
    const documents = vectors.map((vector, i) =>
      this.#document(ids?.[i] ?? globalThis.crypto.randomUUID(), vector, metadata?.[i] ?? {}),
    )
    transaction(this.#db, () => {
      const collection = this.#collection(index)
      if (deleteFilter) {
        collection.delete({
          filter: this.#selecting(where, 'deleteFilter', deleteFilter, collection),
        })
      }
      collection.upsertSync(documents)
    }).immediate()
    return documents.map(({ id }) => id)
  }

  /**
   * The `topK` best results, best first. `filter` is applied before they are chosen. Without `queryVector` and `text`,
   * the documents that match the filter, by id and with the score 0.
   */
  override async query(params: SqliteVectorQuery): Promise<QueryResult[]> {
    const where = `${WHERE}.query()`
    const index = this.#index('query()', params)
    const { queryVector, topK = 10, filter, includeVector = false, sparseVector } = params
    const { text: words, minScore, mmr, hybrid } = params
    if (sparseVector !== undefined) throw noSparse(where, 'sparseVector')
    wholeNumber(1, MAX_RESULTS)(where, 'topK', topK)
    if (queryVector !== undefined) requireDimension(where, 'queryVector', queryVector, index)
    const collection = this.#collection(index)
    const condition = filter ? this.#filter(where, 'filter', filter, collection) : undefined
    const include = [
      'meta' as const,
      ...(this.#textField === undefined ? [] : ['content' as const]),
      ...(includeVector ? ['vector' as const] : []),
    ]
    if (queryVector === undefined && words === undefined) {
      if (condition === undefined) {
        throw new TypeError(`${where}: expected a queryVector, a text or a filter`)
      }
      const { documents } = collection.list({ filter: condition, limit: topK, include })
      return documents.map(document => resultOf(document, 0))
    }
    const { hits } = collection.querySync({
      ...(words === undefined
        ? {}
        : { text: words, mode: queryVector === undefined ? 'text' : 'hybrid' }),
      vector: queryVector,
      k: topK,
      filter: condition,
      include,
      minScore,
      mmr,
      hybrid,
    })
    return hits.map(hit => resultOf(hit, hit.score))
  }

  /**
   * Replaces the vector, the metadata, or both, of one id or of all that match a filter. An unknown id is not an error.
   */
  override async updateVector(params: UpdateVectorParams<SqliteVectorFilter>): Promise<void> {
    const where = `${WHERE}.updateVector()`
    const index = this.#index('updateVector()', params)
    const { id, filter, update } = params
    requireOneOf(where, { id, filter })
    requirePlainObject(where, 'update', update, 'an object with vector or metadata')
    const { vector, metadata } = update
    if (vector === undefined && metadata === undefined) {
      throw new TypeError(
        `${where}: update has neither a vector nor metadata: expected one of them`,
      )
    }
    if (vector !== undefined) requireDimension(where, 'update.vector', vector, index)
    transaction(this.#db, () => {
      const collection = this.#collection(index)
      const ids =
        id === undefined
          ? idsOf(collection, this.#selecting(where, 'filter', filter, collection))
          : collection.get(id, { include: [] }) === undefined
            ? []
            : [id]
      collection.upsertSync(ids.map(one => this.#document(one, vector, metadata)))
    }).immediate()
  }

  /** Deletes one vector. An unknown id is not an error. */
  override async deleteVector(params: DeleteVectorParams): Promise<void> {
    const index = this.#index('deleteVector()', params)
    text(`${WHERE}.deleteVector()`, 'id', params.id)
    this.#collection(index).delete({ ids: [params.id] })
  }

  /** Deletes the vectors with these ids, or all that match a filter. */
  override async deleteVectors(params: DeleteVectorsParams<SqliteVectorFilter>): Promise<void> {
    const where = `${WHERE}.deleteVectors()`
    const index = this.#index('deleteVectors()', params)
    const { ids, filter } = params
    requireOneOf(where, { filter, ids })
    const collection = this.#collection(index)
    if (ids?.length === 0) {
      throw new RangeError(`${where}: an empty ids array: expected one id or more`)
    }
    collection.delete(
      ids ? { ids } : { filter: this.#selecting(where, 'filter', filter, collection) },
    )
  }

  /**
   * Ends the use of the store; the database stays open. Over the handle of another driver, this saves indexes that are
   * worth it: call it before you close the handle.
   */
  close(): void {
    for (const collection of this.#collections.values()) collection.close()
    this.#use.close()
  }

  #index(method: string, params: { readonly indexName: string } | string): VectorIndexInfo {
    const name = typeof params === 'string' ? params : nameOf(method, params)
    return this.#indexes.get(`${WHERE}.${method}`, name)
  }

  #collection({ name, table, metric }: VectorIndexInfo): Collection {
    const key = JSON.stringify([table, name])
    let collection = this.#collections.get(key)
    if (!collection) {
      const words = this.#textField !== undefined
      const store = { table, words, metric: METRICS[metric] }
      collection = openCollection(this.#handle, store, { dataset: name })
      this.#collections.set(key, collection)
    }
    return collection
  }

  /** An absent part keeps its stored value. */
  #document(
    id: string,
    vector: number[] | undefined,
    meta: Metadata | undefined,
  ): CollectionDocument {
    const found = this.#textField === undefined ? undefined : meta?.[this.#textField]
    const content = typeof found === 'string' ? found : null
    const hasContent = this.#textField !== undefined && meta !== undefined
    return { id, vector, meta, content: hasContent ? content : undefined }
  }

  #filter(where: string, name: string, filter: unknown, collection: Collection): Filter {
    requirePlainObject(where, name, filter, 'a filter')
    return filterOfMastra(filter, path => collection.distinct(`meta.${path}`))
  }

  /** A filter that selects what is changed or deleted. */
  #selecting(where: string, name: string, filter: unknown, collection: Collection): Filter {
    if (typeof filter === 'object' && filter !== null && Object.keys(filter).length === 0) {
      throw new RangeError(
        `${where}: ${name} is an empty filter, which every vector passes: expected a condition`,
      )
    }
    return this.#filter(where, name, filter, collection)
  }
}

function nameOf(method: string, params: { readonly indexName: string }): string {
  const where = `${WHERE}.${method}`
  requireObject(where, 'params', params, 'an object with indexName')
  text(where, 'indexName', params.indexName)
  return params.indexName
}

function resultOf(document: StoredDocument, score: number): QueryResult {
  const { id, meta, content, vector } = document
  return {
    id,
    score,
    metadata: (meta ?? {}) as Metadata,
    ...(vector ? { vector: Array.from(vector) } : {}),
    ...(typeof content === 'string' ? { document: content } : {}),
  }
}

/** All ids that match a filter. */
function idsOf(collection: Collection, filter: Filter): string[] {
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const page = collection.list({ filter, include: [], limit: 10_000, cursor })
    for (const { id } of page.documents) ids.push(id)
    cursor = page.cursor
  } while (cursor !== undefined)
  return ids
}
