import type { Database } from '../../database/database.ts'
import { shadowTableName } from '../../search/schema/names.ts'
import type { EmbedFunc } from '../embed.ts'
import { requireModel } from '../embedding-model.ts'
import { collectionTable, type CollectionTable } from './collection-table.ts'

/** The function and the model that make vectors. */
export interface Embedder {
  readonly embed: EmbedFunc | undefined
  readonly model: string | undefined
}

/** One dataset of a vec table on one connection, and its embedder. */
export class DatasetHandle {
  readonly db: Database
  readonly dataset: string
  readonly tableName: string
  readonly shadow: string
  /** A migration to another model replaces it. */
  embedder: Embedder
  /** The embedder before a migration. */
  previous: Embedder | undefined

  constructor(db: Database, table: string, dataset: string, embedder: Embedder) {
    this.db = db
    this.dataset = dataset
    this.tableName = table
    this.shadow = shadowTableName(table)
    this.embedder = embedder
  }

  /** The current table. Throws VEC_SHADOW if it does not exist. */
  open(): CollectionTable {
    return collectionTable(this.db, this.tableName)
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
