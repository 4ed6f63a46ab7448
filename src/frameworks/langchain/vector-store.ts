import { Document, type DocumentInterface } from '@langchain/core/documents'
import type { EmbeddingsInterface } from '@langchain/core/embeddings'
import { VectorStore, type MaxMarginalRelevanceSearchOptions } from '@langchain/core/vectorstores'
import { argumentError, requirePlainObject } from '../../core/argument-error.ts'
import { callback, oneOf } from '../../core/check-options.ts'
import type { Filter } from '../../core/filter/filter.ts'
import type { SqliteHandle } from '../../database/driver-of.ts'
import { checkDocuments } from '../../documents/collection/given-documents.ts'
import type { Hit } from '../../documents/collection/hit.ts'
import type { CollectionQuery, QueryMode } from '../../documents/collection/read-query.ts'
import type { DocumentSelection } from '../../documents/collection/read-selection.ts'
import type { CollectionOf, StoreHandle } from '../store-database.ts'
import { checkStoreOptions, DEFAULT_DATASET, Store, type StoreOptions } from '../store-options.ts'

type Metadata = Record<string, unknown>

/** Where a store keeps its documents, and how it ranks them. */
export interface SqliteVecStoreConfig<H extends StoreHandle = StoreHandle> extends StoreOptions<H> {
  /**
   * The name of the embedding model, stored with each vector; another model is refused in the same dataset. Default:
   * the `model` of the embeddings. Without either, models are not compared.
   */
  readonly model?: string | undefined
  /** How texts are searched: by 'vector' (the default), by their words ('text'), or by both ('hybrid'). */
  readonly mode?: QueryMode | undefined
  /** Generates the id of a document without one; default `crypto.randomUUID()`. */
  readonly newId?: ((document: DocumentInterface) => string) | undefined
}

/** The documents that `delete` removes. */
export type SqliteVecStoreDeletion =
  | { readonly ids: readonly string[] }
  | { readonly filter: Filter }
  | { readonly deleteAll: true }

const WHERE = 'SqliteVecStore'
const MODES = ['vector', 'text', 'hybrid'] as const
const FETCHED_FOR_MMR = 20
const LAMBDA = 0.5

const OWN = { mode: oneOf(MODES), newId: callback }

/**
 * A LangChain vector store over a dataset of a vec table. Searches are exact. The score of a hit is its similarity:
 * higher is better, and 1 is the maximum for the cosine metric. In the mode 'hybrid' it is the fused score, in the mode
 * 'text' BM25.
 *
 *     const db = await open('docs.sqlite')
 *     const store = new SqliteVecStore(embeddings, { db, table: 'docs' })
 *     await store.addDocuments([{ id: 'a', pageContent: 'how to bake bread', metadata: { lang: 'en' } }])
 *     await store.similaritySearchWithScore('baking', 3, { lang: 'en' }) // [[Document, score], ...]
 */
export class SqliteVecStore<H extends StoreHandle = SqliteHandle> extends VectorStore {
  declare FilterType: Filter
  readonly #mode: QueryMode
  readonly #newId: (document: DocumentInterface) => string
  readonly #store: Store

  /**
   * Neither opens nor creates anything: the first write creates a missing table. Throws TypeError for an invalid
   * option.
   */
  constructor(embeddings: EmbeddingsInterface, config: SqliteVecStoreConfig<H>) {
    requireEmbeddings(embeddings)
    checkStoreOptions(WHERE, config, OWN)
    const { table, dataset = DEFAULT_DATASET, model = modelOf(embeddings) } = config
    super(embeddings, { table, dataset })
    this.#mode = config.mode ?? 'vector'
    this.#newId = config.newId ?? (() => globalThis.crypto.randomUUID())
    const words = this.#mode !== 'vector'
    this.#store = new Store(WHERE, config, { words, model })
  }

  _vectorstoreType(): string {
    return 'sqlite-vec-ts'
  }

  /**
   * The documents of the store, with all methods that LangChain lacks (`list`, `count`, `facets`, ...). Over what
   * `connect()` resolves to, they return Promises.
   */
  get collection(): CollectionOf<H> {
    return this.#store.documents.collection as CollectionOf<H>
  }

  /**
   * Stores documents with their vectors, all or none, and returns their ids: those of `options.ids`, otherwise the
   * documents' own ids, otherwise new ones. Replaces a stored document with the same id.
   */
  async addVectors(
    vectors: number[][],
    documents: DocumentInterface[],
    options?: { readonly ids?: readonly string[] },
  ): Promise<string[]> {
    if (!Array.isArray(vectors)) {
      throw argumentError(`${WHERE}.addVectors()`, 'vectors', vectors, 'an array of vectors')
    }
    const ids = this.#idsOf('addVectors()', documents, options?.ids)
    if (vectors.length !== documents.length) {
      throw new RangeError(
        `${WHERE}.addVectors(): ${vectors.length} vectors for ${documents.length} documents: expected one vector for each document`,
      )
    }
    if (documents.length === 0) return ids
    const where = `${WHERE}.addVectors()`
    const given = documents.map(({ pageContent, metadata }, i) => ({
      id: ids[i],
      content: pageContent,
      meta: metadata,
      vector: vectors[i],
    }))
    const write = ['write', 'upsert', checkDocuments(where, given), false] as const
    await this.#store.documents.steps(where, [...this.#store.before, write])
    this.#store.written()
    return ids
  }

  /** Embeds documents and stores them; see `addVectors`. */
  async addDocuments(
    documents: DocumentInterface[],
    options?: { readonly ids?: readonly string[] },
  ): Promise<string[]> {
    const ids = this.#idsOf('addDocuments()', documents, options?.ids)
    if (documents.length === 0) return ids
    const texts = documents.map(({ pageContent }) => pageContent)
    return this.addVectors(await this.embeddings.embedDocuments(texts), documents, { ids })
  }

  /** Deletes the documents with these ids, those that match a filter, or all. An unknown id is not an error. */
  override async delete(selection: SqliteVecStoreDeletion): Promise<void> {
    const where = `${WHERE}.delete()`
    requirePlainObject(where, 'selection', selection, 'an object with ids, filter or deleteAll')
    if (!(await this.#store.exists())) return
    const { deleteAll, ...named } = selection as { deleteAll?: unknown } & Metadata
    if (deleteAll === undefined || deleteAll === false) {
      await this.#delete(named as unknown as DocumentSelection)
      return
    }
    if (deleteAll !== true || Object.keys(named).length > 0) {
      throw new TypeError(
        `${where}: selection has deleteAll and ${Object.keys(named).join(', ')}: expected one of ids, filter and deleteAll: true`,
      )
    }
    await this.#delete({ all: true })
  }

  /** The k documents nearest to a vector, best first, with their scores. `filter` is applied before the k are chosen. */
  async similaritySearchVectorWithScore(
    query: number[],
    k: number,
    filter?: this['FilterType'],
  ): Promise<[Document, number][]> {
    return this.#search({ vector: query, k, filter })
  }

  /** The k documents that match a text best, in the mode of the store. */
  override async similaritySearch(
    query: string,
    k = 4,
    filter?: this['FilterType'],
  ): Promise<Document[]> {
    const found = await this.similaritySearchWithScore(query, k, filter)
    return found.map(([document]) => document)
  }

  /** The k documents that match a text best, in the mode of the store, with their scores. */
  override async similaritySearchWithScore(
    query: string,
    k = 4,
    filter?: this['FilterType'],
  ): Promise<[Document, number][]> {
    const mode = this.#mode
    if (mode === 'text') return this.#search({ mode, text: query, k, filter })
    const vector = await this.embeddings.embedQuery(query)
    return this.#search(
      mode === 'vector' ? { vector, k, filter } : { mode, text: query, vector, k, filter },
    )
  }

  /** Documents that are near to a text and far from each other (maximal marginal relevance), ranked by vectors. */
  override async maxMarginalRelevanceSearch(
    query: string,
    options: MaxMarginalRelevanceSearchOptions<this['FilterType']>,
  ): Promise<Document[]> {
    const where = `${WHERE}.maxMarginalRelevanceSearch()`
    requirePlainObject(where, 'options', options, 'an object with k')
    const { k, fetchK = Math.max(k, FETCHED_FOR_MMR), lambda = LAMBDA, filter } = options
    const vector = await this.embeddings.embedQuery(query)
    const mmr = { fetchK: Math.max(fetchK, k), lambda }
    const found = await this.#search({ vector, k, filter, mmr })
    return found.map(([document]) => document)
  }

  /** A store with these texts. `metadatas` is one object for each text, or one for all. */
  static override async fromTexts<H extends StoreHandle = SqliteHandle>(
    texts: string[],
    metadatas: object[] | object,
    embeddings: EmbeddingsInterface,
    config: SqliteVecStoreConfig<H>,
  ): Promise<SqliteVecStore<H>> {
    if (!Array.isArray(texts)) {
      throw argumentError(`${WHERE}.fromTexts()`, 'texts', texts, 'an array of strings')
    }
    const documents = texts.map((pageContent, i) => {
      const metadata = (Array.isArray(metadatas) ? metadatas[i] : metadatas) as Metadata
      return new Document({ pageContent, metadata })
    })
    return this.fromDocuments(documents, embeddings, config)
  }

  /** A store with these documents. */
  static override async fromDocuments<H extends StoreHandle = SqliteHandle>(
    documents: DocumentInterface[],
    embeddings: EmbeddingsInterface,
    config: SqliteVecStoreConfig<H>,
  ): Promise<SqliteVecStore<H>> {
    const store = new this(embeddings, config)
    await store.addDocuments(documents)
    return store
  }

  /** A store over an existing table. Throws VEC_SHADOW if the table does not exist. */
  static async fromExistingIndex<H extends StoreHandle = SqliteHandle>(
    embeddings: EmbeddingsInterface,
    config: SqliteVecStoreConfig<H>,
  ): Promise<SqliteVecStore<H>> {
    const store = new this(embeddings, config)
    await store.#store.documents.steps(`${WHERE}.fromExistingIndex()`, [['count', undefined]])
    return store
  }

  async #search(query: CollectionQuery): Promise<[Document, number][]> {
    if (!(await this.#store.exists())) return []
    const [{ hits }] = await this.#store.documents.steps(WHERE, [['query', query]])
    return hits.map(hit => [documentOf(hit), hit.score])
  }

  async #delete(selection: DocumentSelection): Promise<void> {
    await this.#store.documents.steps(`${WHERE}.delete()`, [['delete', selection]])
  }

  #idsOf(method: string, documents: unknown, ids: readonly string[] | undefined): string[] {
    const where = `${WHERE}.${method}`
    if (!Array.isArray(documents)) {
      throw argumentError(where, 'documents', documents, 'an array of documents')
    }
    for (const [i, document] of (documents as unknown[]).entries()) {
      const { pageContent } = (document ?? {}) as { pageContent?: unknown }
      if (typeof pageContent !== 'string') {
        throw argumentError(where, `documents[${i}].pageContent`, pageContent, 'a string')
      }
    }
    if (ids !== undefined && (!Array.isArray(ids) || ids.length !== documents.length)) {
      throw new RangeError(`${where}: options.ids: expected an array of ${documents.length} ids`)
    }
    const given = documents as DocumentInterface[]
    return given.map((document, i) => ids?.[i] ?? document.id ?? this.#newId(document))
  }
}

function documentOf({ id, content, meta }: Hit): Document {
  return new Document({ id, pageContent: content ?? '', metadata: (meta ?? {}) as Metadata })
}

function requireEmbeddings(embeddings: unknown): void {
  const { embedQuery, embedDocuments } = (embeddings ?? {}) as Record<string, unknown>
  if (typeof embedQuery === 'function' && typeof embedDocuments === 'function') return
  throw argumentError(
    WHERE,
    'embeddings',
    embeddings,
    'Embeddings of LangChain, with embedQuery() and embedDocuments()',
  )
}

/** The name of the model, which OpenAIEmbeddings and others store under these properties. */
function modelOf(embeddings: EmbeddingsInterface): string | undefined {
  const { model, modelName } = embeddings as { model?: unknown; modelName?: unknown }
  const name = model ?? modelName
  return typeof name === 'string' && name.trim() !== '' ? name : undefined
}
