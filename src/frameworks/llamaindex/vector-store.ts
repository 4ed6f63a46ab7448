import type { BaseEmbedding } from '@llamaindex/core/embeddings'
import {
  jsonToNode,
  MetadataMode,
  ObjectType,
  TextNode,
  type BaseNode,
  type Metadata,
} from '@llamaindex/core/schema'
import {
  BaseVectorStore,
  nodeToMetadata,
  type VectorStoreQuery,
  type VectorStoreQueryResult,
} from '@llamaindex/core/vector-store'
import { argumentError, requireObject } from '../../core/argument-error.ts'
import { flag, text, wholeNumber } from '../../core/check-options.ts'
import { knownWord } from '../../core/known-word.ts'
import type { SqliteHandle } from '../../database/driver-of.ts'
import { checkDocuments } from '../../documents/collection/given-documents.ts'
import type { Hit } from '../../documents/collection/hit.ts'
import type { CollectionQuery } from '../../documents/collection/read-query.ts'
import type { CollectionOf, StoreHandle } from '../store-database.ts'
import { anything, checkStoreOptions, Store, type StoreOptions } from '../store-options.ts'
import { filterOfLlamaIndex } from './llamaindex-filter.ts'

/** Where a vector store of LlamaIndex keeps its nodes. */
export interface SqliteVectorStoreConfig<
  H extends StoreHandle = StoreHandle,
> extends StoreOptions<H> {
  /** The name of the embedding model, stored with each vector; another model is refused in the same dataset. */
  readonly model?: string | undefined
  /** Whether a new table has a text index, for the modes 'sparse' and 'hybrid'; default true. */
  readonly words?: boolean | undefined
  /** Default: that of LlamaIndex's `Settings`. */
  readonly embedModel?: BaseEmbedding | undefined
}

/** `customParams` of a query: what our search has beyond LlamaIndex. */
export type SqliteVectorStoreParams = Pick<CollectionQuery, 'minScore' | 'recall' | 'hybrid'>

type Query = VectorStoreQuery<SqliteVectorStoreParams>

const WHERE = 'SqliteVectorStore'
const MODES = ['default', 'sparse', 'hybrid', 'mmr'] as const
const MAX_RESULTS = 1_000_000
/** The balance of vector and words without `alpha`. */
const BALANCED = 0.5

const OWN = { words: flag, embedModel: anything }

/**
 * A vector store of LlamaIndex.TS over a dataset of a vec table. Searches are exact. The similarity of a node is that of
 * the metric: 1 is the maximum for cosine. In the mode 'hybrid' it is the fused score, in the mode 'sparse' BM25.
 *
 *     const vectorStore = new SqliteVectorStore({ db: await open('docs.sqlite'), table: 'docs', embedModel })
 *     await vectorStore.add([new TextNode({ text: 'how to bake bread', embedding, metadata: { lang: 'en' } })])
 *     await vectorStore.query({ queryEmbedding, similarityTopK: 3, mode: VectorStoreQueryMode.DEFAULT })
 */
export class SqliteVectorStore<H extends StoreHandle = SqliteHandle> extends BaseVectorStore<
  H,
  SqliteVectorStoreParams
> {
  storesText: boolean = true
  readonly #client: H
  readonly #store: Store

  /** Opens and creates nothing: the first write creates a missing table. Throws TypeError for an invalid option. */
  constructor(config: SqliteVectorStoreConfig<H>) {
    checkStoreOptions(WHERE, config, OWN)
    const { model, words = true, embedModel } = config
    super({ embedModel })
    this.#client = config.db
    this.#store = new Store(WHERE, config, { words, model })
  }

  override client(): H {
    return this.#client
  }

  /**
   * The documents of the store, with all methods that LlamaIndex lacks (`list`, `count`, `facets`, ...). Over what
   * `connect()` resolves to, they return Promises.
   */
  get collection(): CollectionOf<H> {
    return this.#store.documents.collection as CollectionOf<H>
  }

  /** Stores nodes with their embeddings, all or none, and returns their ids. Replaces a stored node with the same id. */
  override async add(embeddingResults: BaseNode[]): Promise<string[]> {
    const where = `${WHERE}.add()`
    if (!Array.isArray(embeddingResults)) {
      throw argumentError(where, 'embeddingResults', embeddingResults, 'an array of nodes')
    }
    if (embeddingResults.length === 0) return []
    const documents = embeddingResults.map((node: unknown, i) => {
      if (!isNode(node)) {
        throw argumentError(where, `embeddingResults[${i}]`, node, 'a node of LlamaIndex')
      }
      const { id_: id } = node
      return {
        id,
        content: node.getContent(MetadataMode.NONE),
        meta: nodeToMetadata(node, true),
        vector: node.getEmbedding(),
      }
    })
    const write = ['write', 'upsert', checkDocuments(where, documents), false] as const
    await this.#store.documents.steps(where, [...this.#store.before, write])
    this.#store.written()
    return documents.map(({ id }) => id)
  }

  /** Deletes the nodes of a source document. An unknown id is not an error. */
  override async delete(refDocId: string): Promise<void> {
    const where = `${WHERE}.delete()`
    text(where, 'refDocId', refDocId)
    if (!(await this.#store.exists())) return
    const selection = { filter: { ref_doc_id: refDocId } }
    await this.#store.documents.steps(where, [['delete', selection]])
  }

  /**
   * The `similarityTopK` best nodes, best first. `filters` and `docIds`, the ids of source documents, are applied before
   * they are chosen. Modes: 'default' by vector, 'sparse' by words, 'hybrid' by both (`alpha` is the weight of the vector,
   * from 0 to 1, default 0.5), and 'mmr' (`mmrThreshold` is the weight of nearness, default 0.5). Throws VEC_OPTION for
   * other modes.
   */
  override async query(query: Query): Promise<VectorStoreQueryResult> {
    const where = `${WHERE}.query()`
    requireObject(where, 'query', query, 'an object with similarityTopK and mode')
    wholeNumber(1, MAX_RESULTS)(where, 'similarityTopK', query.similarityTopK)
    const search = searchOf(where, query)
    const [{ hits }] = (await this.#store.exists())
      ? await this.#store.documents.steps(where, [['query', search]])
      : [{ hits: [] }]
    return {
      nodes: hits.map(nodeOf),
      similarities: hits.map(({ score }) => score),
      ids: hits.map(({ id }) => id),
    }
  }
}

function searchOf(where: string, query: Query): CollectionQuery {
  const { queryEmbedding, queryStr, similarityTopK: k, filters, docIds, customParams } = query
  const { alpha = BALANCED, mmrThreshold: lambda } = query
  const mode = knownWord(`mode of ${where}`, query.mode, MODES)
  const conditions = [
    ...(filters ? [filterOfLlamaIndex(where, filters)] : []),
    ...(docIds ? [{ ref_doc_id: { $in: docIds } }] : []),
  ]
  const filter = conditions.length > 1 ? { $and: conditions } : conditions[0]
  const common = { k, filter, ...customParams }
  if (mode === 'sparse') return { ...common, mode: 'text', text: queryStr }
  if (mode === 'hybrid') {
    const weights = { vector: alpha, text: 1 - alpha }
    const hybrid = { weights, ...customParams?.hybrid }
    return { ...common, mode, text: queryStr, vector: queryEmbedding, hybrid }
  }
  return { ...common, vector: queryEmbedding, mmr: mode === 'mmr' ? { lambda } : undefined }
}

/** What nodeToMetadata() of LlamaIndex adds to the metadata of a node. */
const ADDED = new Set(['_node_content', '_node_type', 'document_id', 'doc_id', 'ref_doc_id'])

/** The node of a hit, as metadataDictToNode() makes it, without its copies of the metadata. */
function nodeOf({ id, content, meta }: Hit): BaseNode {
  const stored = (meta ?? {}) as Metadata
  const { _node_content: json, _node_type: type } = stored
  const own = content ?? ''
  // A document of another program lacks what LlamaIndex adds.
  if (typeof json !== 'string') return new TextNode({ id_: id, text: own, metadata: stored })
  const metadata: Metadata = {}
  for (const name of Object.keys(stored)) if (!ADDED.has(name)) metadata[name] = stored[name]
  const node: object = Object.assign(JSON.parse(json) as object, { text: own, metadata })
  return jsonToNode(node, type === 'IndexNode' ? ObjectType.INDEX : ObjectType.TEXT)
}

function isNode(value: unknown): value is BaseNode {
  const { getContent, getEmbedding } = (value ?? {}) as Record<string, unknown>
  return typeof getContent === 'function' && typeof getEmbedding === 'function'
}
