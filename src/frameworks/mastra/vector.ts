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
import { knownWord } from '../../core/known-word.ts'
import type { SqliteHandle } from '../../database/driver-of.ts'
import {
  checkDocuments,
  type CollectionDocument,
} from '../../documents/collection/given-documents.ts'
import type { CollectionQuery } from '../../documents/collection/read-query.ts'
import type { Step } from '../../documents/collection/steps.ts'
import type { StoredDocument } from '../../documents/collection/stored-document.ts'
import {
  storeDatabase,
  type CollectionOf,
  type StoreDatabase,
  type StoreHandle,
} from '../store-database.ts'
import {
  noSparse,
  requireDimension,
  requireList,
  requireOneForEach,
  requireOneOf,
} from './arguments.ts'
import { IndexDocuments } from './index-documents.ts'
import { IndexList, METRICS, type IndexMetric, type VectorIndexInfo } from './index-list.ts'
import type { SqliteVectorFilter } from './mastra-filter.ts'

type Metadata = Record<string, unknown>

/** Where a vector store of Mastra keeps its indexes. */
export interface SqliteVectorConfig<H extends StoreHandle = StoreHandle> {
  /**
   * What `open()` or `connect()` resolves to, or a handle of better-sqlite3, node:sqlite, bun:sqlite or libsql. The store
   * does not close it.
   */
  readonly db: H
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
export class SqliteVector<
  H extends StoreHandle = SqliteHandle,
> extends MastraVector<SqliteVectorFilter> {
  readonly #db: StoreDatabase
  readonly #textField: string | undefined
  readonly #indexes: IndexList
  readonly #documents: IndexDocuments

  /** Opens and creates nothing. Throws TypeError for an invalid option. */
  constructor(config: SqliteVectorConfig<H>) {
    checkOptions(WHERE, config, CHECKS, 'config')
    const db = storeDatabase(WHERE, config.db)
    const { id = 'sqlite-vec-ts', table = 'mastra_vectors', textField } = config
    super({ id })
    this.#db = db
    this.#textField = textField
    const words = textField !== undefined
    this.#indexes = new IndexList(db, table, words)
    this.#documents = new IndexDocuments(db, this.#indexes, words)
  }

  /**
   * The documents of an index, with all methods that Mastra lacks (`list`, `facets`, ...). Throws VEC_QUERY without it.
   * Over what `connect()` resolves to, a Promise of an `AsyncCollection`.
   */
  collection(
    indexName: string,
  ): H extends SqliteHandle ? CollectionOf<H> : Promise<CollectionOf<H>> {
    const where = `${WHERE}.collection()`
    const { local } = this.#db
    const found =
      local === undefined
        ? this.#indexes.get(where, indexName).then(index => this.#documents.of(index).collection)
        : this.#documents.of(this.#indexes.getSync(where, indexName, local)).collection
    return found as ReturnType<typeof this.collection>
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
    const isNew = await this.#indexes.add(indexName, dimension, metric)
    if (!isNew) await this.validateExistingIndex(indexName, dimension, metric)
  }

  override async listIndexes(): Promise<string[]> {
    return this.#indexes.names()
  }

  /** Throws VEC_QUERY if there is no such index. */
  override async describeIndex(params: DescribeIndexParams): Promise<IndexStats> {
    const index = await this.#index('describeIndex()', params)
    const { dimension, metric } = index
    const [count] = await this.#documents.of(index).steps(WHERE, [['count', undefined]])
    return { dimension, metric, count }
  }

  /** Deletes an index and its vectors. An index that does not exist is not an error. */
  override async deleteIndex(params: DeleteIndexParams): Promise<void> {
    const name = nameOf('deleteIndex()', params)
    const index = await this.#indexes.find(name)
    if (!index) return
    const steps = [['delete', { all: true }], this.#indexes.remove(name)] as const
    await this.#documents.of(index).steps(`${WHERE}.deleteIndex()`, steps)
  }

  /**
   * Stores vectors, all or none, and returns their ids: the given ones, otherwise new ones. A vector with the same id is
   * replaced. `deleteFilter` first deletes what matches, in the same transaction.
   */
  override async upsert(params: UpsertVectorParams<SqliteVectorFilter>): Promise<string[]> {
    const where = `${WHERE}.upsert()`
    const index = await this.#index('upsert()', params)
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
    const steps: Step<'delete' | 'write'>[] = [
      ['write', 'upsert', checkDocuments(where, documents), false],
    ]
    if (deleteFilter) {
      const filter = await this.#documents.selecting(where, 'deleteFilter', deleteFilter, index)
      steps.unshift(['delete', { filter }])
    }
    await this.#documents.of(index).steps(where, steps)
    return documents.map(({ id }) => id)
  }

  /**
   * The `topK` best results, best first. `filter` is applied before they are chosen. Without `queryVector` and `text`,
   * the documents that match the filter, by id and with the score 0.
   */
  override async query(params: SqliteVectorQuery): Promise<QueryResult[]> {
    const where = `${WHERE}.query()`
    const {
      queryVector,
      topK = 10,
      filter,
      includeVector = false,
      sparseVector,
    } = paramsOf<SqliteVectorQuery>('query()', params)
    const { text: words, minScore, mmr, hybrid } = params
    if (sparseVector !== undefined) throw noSparse(where, 'sparseVector')
    wholeNumber(1, MAX_RESULTS)(where, 'topK', topK)
    const include = [
      'meta' as const,
      ...(this.#textField === undefined ? [] : ['content' as const]),
      ...(includeVector ? ['vector' as const] : []),
    ]
    const found = await this.#documents.read(where, params.indexName, async index => {
      if (queryVector !== undefined) requireDimension(where, 'queryVector', queryVector, index)
      const condition = filter
        ? await this.#documents.filter(where, 'filter', filter, index)
        : undefined
      if (queryVector === undefined && words === undefined) {
        if (condition === undefined)
          throw new TypeError(`${where}: expected a queryVector, a text or a filter`)
        return ['list', { filter: condition, limit: topK, include }]
      }
      const query = {
        text: words,
        mode: words === undefined ? undefined : queryVector === undefined ? 'text' : 'hybrid',
        vector: queryVector,
        k: topK,
        filter: condition,
        include,
        minScore,
        mmr,
        hybrid,
      } as const
      return ['query', query]
    })
    return 'hits' in found
      ? found.hits.map(hit => resultOf(hit, hit.score))
      : found.documents.map(document => resultOf(document, 0))
  }

  /**
   * Replaces the vector, the metadata, or both, of one id or of all that match a filter. An unknown id is not an error.
   */
  override async updateVector(params: UpdateVectorParams<SqliteVectorFilter>): Promise<void> {
    const where = `${WHERE}.updateVector()`
    const index = await this.#index('updateVector()', params)
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
    const ids =
      id === undefined
        ? await this.#documents.ids(
            where,
            index,
            await this.#documents.selecting(where, 'filter', filter, index),
          )
        : [id]
    const documents = ids.map(one => this.#document(one, vector, metadata))
    const write = ['write', 'replace', checkDocuments(where, documents), false] as const
    await this.#documents.of(index).steps(where, [write])
  }

  /** Deletes one vector. An unknown id is not an error. */
  override async deleteVector(params: DeleteVectorParams): Promise<void> {
    const where = `${WHERE}.deleteVector()`
    const index = await this.#index('deleteVector()', params)
    text(where, 'id', params.id)
    await this.#documents.of(index).steps(where, [['delete', { ids: [params.id] }]])
  }

  /** Deletes the vectors with these ids, or all that match a filter. */
  override async deleteVectors(params: DeleteVectorsParams<SqliteVectorFilter>): Promise<void> {
    const where = `${WHERE}.deleteVectors()`
    const index = await this.#index('deleteVectors()', params)
    const { ids, filter } = params
    requireOneOf(where, { filter, ids })
    if (ids?.length === 0) {
      throw new RangeError(`${where}: an empty ids array: expected one id or more`)
    }
    const selection = ids
      ? { ids }
      : { filter: await this.#documents.selecting(where, 'filter', filter, index) }
    await this.#documents.of(index).steps(where, [['delete', selection]])
  }

  /**
   * Ends the use of the store; the database stays open. Over the handle of another driver, this saves indexes that are
   * worth it: call it before you close the handle.
   */
  close(): void {
    this.#documents.close()
    this.#db.close()
  }

  async #index(method: string, params: { readonly indexName: string }): Promise<VectorIndexInfo> {
    return this.#indexes.get(`${WHERE}.${method}`, nameOf(method, params))
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
}

function paramsOf<P extends { readonly indexName: string }>(method: string, params: P): P {
  const where = `${WHERE}.${method}`
  requireObject(where, 'params', params, 'an object with indexName')
  text(where, 'indexName', params.indexName)
  return params
}

function nameOf(method: string, params: { readonly indexName: string }): string {
  return paramsOf(method, params).indexName
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
