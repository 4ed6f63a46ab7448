import { argumentError, requirePlainObject } from '../../core/argument-error.ts'
import { checkOptions, object, signal } from '../../core/check-options.ts'
import { decodeEmbedding } from '../../core/embedding.ts'
import { VecError } from '../../core/errors.ts'
import { provideParser } from '../../core/filter/provide-parser.ts'
import { readVector, type VectorInput } from '../../core/read-vector.ts'
import { requireEmbed } from '../../documents/arguments.ts'
import {
  readCollectionOptions,
  type CollectionOptions,
} from '../../documents/collection/collection-options.ts'
import type { Embedder } from '../../documents/collection/dataset-handle.ts'
import type { Facet, FacetOptions, FieldValue } from '../../documents/collection/facets.ts'
import type { GetOptions } from '../../documents/collection/get-documents.ts'
import {
  checkDocuments,
  type CollectionDocument,
  type DocumentChange,
} from '../../documents/collection/given-documents.ts'
import type { Hit, HitPage } from '../../documents/collection/hit.ts'
import type { DocumentPage, ListOptions } from '../../documents/collection/list.ts'
import {
  readManyOptions,
  readQuery,
  type CollectionQuery,
  type QueryManyOptions,
} from '../../documents/collection/read-query.ts'
import { needsVector } from '../../documents/collection/read-query.ts'
import type { DocumentSelection } from '../../documents/collection/read-selection.ts'
import { rerankedBy } from '../../documents/collection/rerank.ts'
import type { Results, Step } from '../../documents/collection/steps.ts'
import type { StoredDocument } from '../../documents/collection/stored-document.ts'
import { embedTexts, type EmbedFunc, type EmbedOptions } from '../../documents/embed.ts'
import {
  migrate,
  rollback,
  type Embedders,
  type MigrateOptions,
  type MigrationReport,
  type RollbackOptions,
} from '../../documents/migration/migrate.ts'
import type { MigrationStatus } from '../../documents/migration/migration-steps.ts'
import type { AsyncDatabase } from '../async-database.ts'
import { callerOf } from '../callers.ts'
import { CollectionCaller } from './collection-caller.ts'

/** The signal ends a call, as in `CallOptions`. */
type Signalled<T> = T & { readonly signal?: AbortSignal | undefined }

/** A write within `transaction()`: the name of a method, and its first argument. */
export type CollectionWrite<M = unknown> =
  | readonly ['upsert', readonly CollectionDocument<M>[]]
  | readonly ['update', readonly DocumentChange<M>[]]
  | readonly ['delete', DocumentSelection<M>]

const NAME = 'AsyncCollection'
const CALL = { signal }

/**
 * The documents of one dataset of a vec table, in the database of `connect()`: the methods of a `Collection`, each of
 * which returns a Promise. Texts are embedded on the calling thread, and everything else runs in the worker. Errors are
 * those of a `Collection`.
 *
 *     const db = await connect('app.sqlite')
 *     const notes = new AsyncCollection(db, { table: 'notes', dataset: 'me', declaration: 'doc_id' })
 *     await notes.upsert([{ id: 'a', content: 'how to bake bread', vector, meta: { lang: 'en' } }])
 *     const { hits } = await notes.query({ vector, k: 5, filter: { lang: 'en' } })
 */
export class AsyncCollection<M = unknown> {
  readonly #models: Models

  /**
   * Sends nothing: the first call creates the table of a declaration. Throws TypeError for anything but what `connect()`
   * resolves to, and for invalid options.
   */
  constructor(db: AsyncDatabase, options: CollectionOptions) {
    const { embed, declaration, table, dataset, model } = readCollectionOptions(NAME, options)
    const caller = callerOf(db)
    if (caller === undefined)
      throw argumentError(`new ${NAME}()`, 'db', db, 'the AsyncDatabase of connect()')
    provideParser()
    const calls = new CollectionCaller(caller, { table, dataset, model }, declaration)
    this.#models = new Models(dataset, { embed, model }, calls)
  }

  /** `upsert` of a Collection: inserts or updates documents, all or none. Returns how many were embedded. */
  async upsert(
    documents: readonly CollectionDocument<M>[],
    options: EmbedOptions = {},
  ): Promise<number> {
    return (await this.#write('upsert', documents, options)).embedded
  }

  /** `update` of a Collection: changes existing documents, all or none. Returns how many there were. */
  async update(changes: readonly DocumentChange<M>[], options: EmbedOptions = {}): Promise<number> {
    return (await this.#write('update', changes, options)).written
  }

  /** Deletes the documents with these ids, or all that match a filter. Returns how many there were. */
  async delete(selection: DocumentSelection<M>, options: EmbedOptions = {}): Promise<number> {
    const where = 'delete()'
    checkOptions(where, options, CALL)
    const step = ['delete', selection as DocumentSelection] as const
    const [deleted] = await this.#calls.steps(where, [step], options.signal)
    return deleted
  }

  /**
   * Runs several writes in one transaction, all or none. Returns a number of documents for each write. Contents that have
   * to be embedded are refused: give their vectors.
   *
   *     await notes.transaction([['delete', { filter: { source: 'a.md' } }], ['upsert', chunks]])
   */
  async transaction(
    writes: readonly CollectionWrite<M>[],
    options: EmbedOptions = {},
  ): Promise<number[]> {
    const where = 'transaction()'
    checkOptions(where, options, CALL)
    if (!Array.isArray(writes))
      throw argumentError(
        where,
        'writes',
        writes,
        'an array of writes, such as ["upsert", documents]',
      )
    const steps = (writes as readonly CollectionWrite[]).map((write: CollectionWrite, i) => {
      const [method, argument] = Array.isArray(write) ? write : [write]
      if (method === 'delete') {
        return ['delete', argument] as const
      }
      if (method !== 'upsert' && method !== 'update')
        throw argumentError(
          where,
          `writes[${i}]`,
          write,
          "['upsert' | 'update' | 'delete', argument]",
        )
      const embeds = this.#models.embedder.embed !== undefined
      return ['write', method, checkDocuments(where, argument), embeds] as const
    })
    return [...(await this.#calls.steps(where, steps, options.signal))]
  }

  /** The document with an id, undefined if there is none; or the documents with several ids, in their order. */
  async get(id: string, options?: Signalled<GetOptions>): Promise<StoredDocument<M> | undefined>
  async get(
    ids: readonly string[],
    options?: Signalled<GetOptions>,
  ): Promise<(StoredDocument<M> | undefined)[]>
  async get(
    ids: string | readonly string[],
    options: Signalled<GetOptions> = {},
  ): Promise<StoredDocument<M> | undefined | (StoredDocument<M> | undefined)[]> {
    const [rest, abort] = split('get()', options)
    const list = typeof ids === 'string' ? [ids] : ids
    const [found] = await this.#calls.steps('get()', [['get', list, rest]], abort)
    const documents = found as (StoredDocument<M> | undefined)[]
    return typeof ids === 'string' ? documents[0] : documents
  }

  /** A page of documents, ordered by id or by a field, and a cursor for the next page; see `list` of a Collection. */
  async list(options: Signalled<ListOptions<M>> = {}): Promise<DocumentPage<M>> {
    const [rest, abort] = split('list()', options)
    const [page] = await this.#calls.steps('list()', [['list', rest as ListOptions]], abort)
    return page as DocumentPage<M>
  }

  /** The number of documents, or of those that match a filter, including documents without a vector. */
  async count(options: Signalled<Pick<ListOptions<M>, 'filter'>> = {}): Promise<number> {
    checkOptions('count()', options, { filter: object, signal })
    const { filter } = options as ListOptions
    const [count] = await this.#calls.steps('count()', [['count', filter]], options.signal)
    return count
  }

  /** The values of a field with the number of documents for each, most documents first. */
  async facets(field: string, options: Signalled<FacetOptions<M>> = {}): Promise<Facet[]> {
    const [rest, abort] = split('facets()', options)
    const step = ['facets', field, rest as FacetOptions] as const
    const [facets] = await this.#calls.steps('facets()', [step], abort)
    return facets
  }

  /** The distinct values of a field: true and false, then numbers, then texts, each in its own order. */
  async distinct(field: string, options: Signalled<FacetOptions<M>> = {}): Promise<FieldValue[]> {
    const [rest, abort] = split('distinct()', options)
    const step = ['distinct', field, rest as FacetOptions] as const
    const [values] = await this.#calls.steps('distinct()', [step], abort)
    return values
  }

  /**
   * The k documents nearest to a text or a vector, best first; see `query` of a Collection. `embed` and `rerank` run on
   * the calling thread.
   */
  async query(query: CollectionQuery<M>): Promise<HitPage<M>> {
    const where = 'query()'
    const read = readQuery(where, query)
    const { signal: abort, rerank, vector } = read
    abort?.throwIfAborted()
    const sent = { ...query, vector, signal: undefined, rerank: undefined } as CollectionQuery
    const steps = (embedded?: Float32Array) => [['query', sent, embedded, rerank?.fetchK]] as const
    const [page] = await this.#models.use(async ({ calls, embed }) => {
      const embedding = async () => steps(...(await vectorsOf(where, embed, [read.text!], abort)))
      return calls.steps(where, needsVector(read) ? embedding : steps(), abort)
    })
    const found = page as HitPage<M>
    if (!rerank) return found
    const asked = { text: read.text, vector, signal: abort }
    return rerankedBy(rerank.score, where, found.hits, asked, read)
  }

  /** The hits of each of many texts and vectors, in one snapshot; see `queryMany` of a Collection. */
  async queryMany(
    queries: readonly (string | VectorInput)[],
    options: QueryManyOptions<M> = {},
  ): Promise<Hit<M>[][]> {
    const where = 'queryMany()'
    if (!Array.isArray(queries))
      throw argumentError(where, 'queries', queries, 'an array of texts and vectors')
    const read = readManyOptions(where, options)
    const { signal: abort, rerank } = read
    const given = (queries as readonly (string | VectorInput)[]).map((query, i) =>
      typeof query === 'string' ? query : readVector(query, where, `queries[${i}]`),
    )
    const texts = given.filter(query => typeof query === 'string')
    abort?.throwIfAborted()
    const sent = { ...options, signal: undefined, rerank: undefined } as QueryManyOptions
    let vectors: readonly Float32Array[] = []
    const steps = (embedded: Float32Array[]) => {
      vectors = given.map(query => (typeof query === 'string' ? embedded.shift()! : query))
      return [['queryMany', vectors, sent, rerank?.fetchK]] as const
    }
    const [found] = await this.#models.use(async ({ calls, embed }) => {
      const embedding = async () => steps(await vectorsOf(where, embed, texts, abort))
      return calls.steps(where, texts.length > 0 ? embedding : steps([]), abort)
    })
    const pages = found as Hit<M>[][]
    if (!rerank) return pages
    const ranked: Hit<M>[][] = []
    for (const [i, hits] of pages.entries()) {
      const query = given[i]
      const text = typeof query === 'string' ? query : undefined
      const asked = { text, vector: vectors[i], signal: abort }
      ranked.push((await rerankedBy(rerank.score, where, hits, asked, read)).hits)
    }
    return ranked
  }

  /**
   * `migrate` of a Collection: changes the dataset to another model while searches use the old vectors. `close()` of the
   * database ends it between two batches, and the next call continues.
   *
   *     await notes.migrate({ embed, model: 'large', onProgress: ({ done, total }) => console.log(done, total) })
   */
  async migrate(options: MigrateOptions = {}): Promise<MigrationReport> {
    return migrate(this.#models, async step => this.#step('migrate()', step), options)
  }

  /** `rollback` of a Collection: searches use the vectors from before the switch again. */
  async rollback(options: RollbackOptions = {}): Promise<MigrationReport> {
    return rollback(this.#models, async step => this.#step('rollback()', step), options)
  }

  /** Deletes the vectors that searches do not use. Returns whether there were any. */
  async discard(): Promise<boolean> {
    return this.#step('discard()', ['migrationDiscard'])
  }

  /** The progress of a migration, or that it can be rolled back; undefined without vectors beside those in use. */
  async migration(): Promise<MigrationStatus | undefined> {
    return this.#step('migration()', ['migrationStatus'])
  }

  async #write(
    kind: 'upsert' | 'update',
    documents: readonly unknown[],
    options: EmbedOptions,
  ): Promise<{ readonly embedded: number; readonly written: number }> {
    const where = `${kind}()`
    checkOptions(where, options, CALL)
    const { signal: abort } = options
    const given = checkDocuments(where, documents)
    return this.#models.use(async ({ calls, embed }) => {
      if (embed !== undefined) {
        const embedAll = async (texts: readonly string[]) => embedTexts(embed, texts, options)
        return calls.write({ where, kind, documents: given, embed: embedAll }, abort)
      }
      const [written] = await calls.steps(where, [['write', kind, given, false]], abort)
      return { embedded: 0, written }
    })
  }

  async #step<const S extends Step>(where: string, step: S): Promise<Results<[S]>[0]> {
    const [result] = await this.#calls.steps<readonly Step[]>(where, [step])
    return result
  }

  get #calls(): CollectionCaller {
    return this.#models.calls
  }
}

/** The model of a collection, and the calls with its name. A migration changes both. */
class Models implements Embedders {
  readonly dataset: string
  previous: Embedder | undefined
  #embedder: Embedder
  #calls: CollectionCaller

  constructor(dataset: string, embedder: Embedder, calls: CollectionCaller) {
    this.dataset = dataset
    this.#embedder = embedder
    this.#calls = calls
  }

  get calls(): CollectionCaller {
    return this.#calls
  }

  get embedder(): Embedder {
    return this.#embedder
  }

  set embedder(embedder: Embedder) {
    this.#embedder = embedder
    this.#calls = this.#calls.withModel(embedder.model)
  }

  /** Runs a task that may embed. It runs again if a migration has changed the model meanwhile. */
  async use<R>(
    task: (use: {
      readonly calls: CollectionCaller
      readonly embed: EmbedFunc | undefined
    }) => Promise<R>,
  ): Promise<R> {
    for (;;) {
      const embedder = this.#embedder
      try {
        return await task({ calls: this.#calls, embed: embedder.embed })
      } catch (error) {
        const isOtherModel = error instanceof VecError && error.code === 'VEC_MODEL'
        if (!isOtherModel || this.#embedder === embedder) throw error
      }
    }
  }
}

async function vectorsOf(
  where: string,
  embed: EmbedFunc | undefined,
  texts: readonly string[],
  abort: AbortSignal | undefined,
): Promise<Float32Array[]> {
  requireEmbed(embed, `${where}: the option embed of new ${NAME}()`)
  const options = abort === undefined ? {} : { signal: abort }
  return (await embedTexts(embed!, texts, options)).map(decodeEmbedding)
}

/** The options of a read, without the signal of the call. */
function split<T extends object>(
  where: string,
  options: Signalled<T>,
): [rest: Omit<T, 'signal'>, abort: AbortSignal | undefined] {
  requirePlainObject(where, 'options', options, 'an object')
  const { signal: abort, ...rest } = options
  if (abort !== undefined) signal(where, 'options.signal', abort)
  return [rest, abort]
}
