import { VecError } from '../../core/errors.ts'
import { hasVirtualTables } from '../../database/capabilities.ts'
import type { Database } from '../../database/database.ts'
import type { HandleUse } from '../../database/driver-of.ts'
import type { Statement } from '../../database/statement.ts'
import { shadowTableName } from '../../search/schema/names.ts'
import type { EmbedFunc } from '../embed.ts'
import { requireModel } from '../embedding-model.ts'
import { collectionTable, type CollectionTable } from './collection-table.ts'
import { declareTable, storedSpelling } from './declare-table.ts'

/** The function and the model that make vectors. */
export interface Embedder {
  readonly embed: EmbedFunc | undefined
  readonly model: string | undefined
}

export interface DatasetPlace {
  readonly table: string
  readonly dataset: string
  /** The arguments of vec(...) for a table that may be missing. */
  readonly declaration: string | undefined
}

/** One dataset of a vec table on one connection, and its embedder. */
export class DatasetHandle {
  readonly dataset: string
  readonly tableName: string
  readonly shadow: string
  /** A migration to another model replaces it. */
  embedder: Embedder
  /** The embedder before a migration. */
  previous: Embedder | undefined
  readonly #use: HandleUse
  /** The arguments of vec(...) that the collection was given. */
  readonly #declared: readonly string[] | undefined
  #lookUp: Statement | undefined
  #closed = false

  constructor(use: HandleUse, place: DatasetPlace, embedder: Embedder) {
    const { dataset, declaration } = place
    // Our engine finds a vec table by its declaration.
    const table = hasVirtualTables(use.db) ? place.table : storedSpelling(use.db, place.table)
    this.#use = use
    this.dataset = dataset
    this.tableName = table
    this.shadow = shadowTableName(table)
    this.embedder = embedder
    this.#declared =
      declaration === undefined ? undefined : declareTable(use.db, table, declaration)
  }

  /** Throws VEC_CLOSED after the end of the collection, or of its database. */
  get db(): Database {
    const { db } = this.#use
    if (!this.#closed && db.open) return db
    const what = this.#closed ? 'collection' : 'database of the collection'
    throw new VecError('VEC_CLOSED', `Collection: the ${what} ${this.tableName} is closed`, {
      hint: 'make a new Collection() with an open database',
    })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.release()
    this.#use.close()
  }

  /** A statement that is kept until the next one: a store looks up the same before each search. */
  lookUp(sql: string): Statement {
    if (this.#lookUp?.source !== sql) {
      this.release()
      this.#lookUp = this.db.prepare(sql)
    }
    return this.#lookUp
  }

  /** Frees what is kept between calls. */
  release(): void {
    this.#lookUp?.finalize()
    this.#lookUp = undefined
  }

  /** The current table. Throws VEC_SHADOW if it does not exist. */
  open(): CollectionTable {
    return collectionTable(this.db, this.tableName, this.#declared)
  }

  /** The database for statements over the vec table itself. */
  requireVirtualTables(where: string, instead: string): Database {
    const { db } = this
    if (hasVirtualTables(db)) return db
    throw new TypeError(
      `${where} reads the virtual table ${this.tableName}, which is only in the engine of this package: use ${instead}`,
    )
  }

  requireEmbedder(where: string): Embedder & { readonly embed: EmbedFunc } {
    const { embed, model } = this.embedder
    if (embed) return { embed, model }
    throw new TypeError(
      `${where}: the collection was made without an embed function: expected one in the options of new Collection(), or a vector`,
    )
  }

  /** Throws if vectors of another model are stored. */
  requireModel({ shadow }: CollectionTable): void {
    const { model } = this.embedder
    if (model === undefined) return
    requireModel(this.db, shadow.refresh().columns, shadow.name, this.dataset, model)
  }
}
