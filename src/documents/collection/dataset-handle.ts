import type { Database } from '../../database/database.ts'
import { shadowTableName } from '../../search/schema/names.ts'
import type { EmbedFunc } from '../embed.ts'
import { requireModel } from '../embedding-model.ts'
import { collectionTable, type CollectionTable } from './collection-table.ts'

/** What vectors are made by. */
export interface Embedder {
  readonly embed: EmbedFunc | undefined
  readonly model: string | undefined
}

/** One dataset of a vec table on one connection, and what its vectors are made by. */
export class DatasetHandle {
  readonly db: Database
  readonly dataset: string
  readonly tableName: string
  readonly shadow: string
  /** A migration to another model replaces it. */
  embedder: Embedder
  /** What vectors were made by before a migration. */
  previous: Embedder | undefined

  constructor(db: Database, table: string, dataset: string, embedder: Embedder) {
    this.db = db
    this.dataset = dataset
    this.tableName = table
    this.shadow = shadowTableName(table)
    this.embedder = embedder
  }

  /** The table as it is now. Throws VEC_SHADOW when there is none. */
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

  /** Refuses where vectors of another model are stored. */
  requireModel({ shadow }: CollectionTable): void {
    const { model } = this.embedder
    if (model === undefined) return
    requireModel(this.db, shadow.refresh().columns, shadow.name, this.dataset, model)
  }
}
