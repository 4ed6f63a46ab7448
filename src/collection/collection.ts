import type { Connection } from '../engine/connection.ts'
import { shadowTableName } from '../store/names.ts'
import { requireEmbed, type EmbedFunc, type EmbedOptions } from './embed.ts'
import { searchText, type TextHit } from './match-text.ts'
import {
  deleteShadowDocuments,
  upsertShadowDocuments,
  type TextDocument,
} from './shadow-documents.ts'

export interface CollectionOptions {
  /** Name of the vec table. */
  readonly table: string
  readonly dataset: string
  readonly embed: EmbedFunc
  /** Name of the model behind `embed`; it is kept beside every embedding and must stay the same in a dataset. */
  readonly model: string
}

/** One dataset of a vec table, seen as texts. */
export class Collection {
  readonly #db: Connection
  readonly #options: CollectionOptions
  readonly #shadow: string

  constructor(db: Connection, options: CollectionOptions) {
    for (const name of ['table', 'dataset', 'model'] as const) {
      const value: unknown = options[name]
      if (typeof value === 'string' && value !== '') continue
      throw new TypeError(
        `new Collection() needs a ${name}, a text that is not empty, not ${value === '' ? "''" : String(value)}`,
      )
    }
    requireEmbed(options.embed)
    this.#db = db
    this.#options = options
    this.#shadow = shadowTableName(options.table)
  }

  /**
   * Inserts or replaces documents, all or none. Only contents that are new or changed are embedded, before the
   * transaction opens; the number of them is returned. Of two documents with one id the last one counts.
   */
  upsertDocumentsText(
    documents: readonly TextDocument[],
    options: EmbedOptions = {},
  ): Promise<number> {
    const { dataset, embed, model } = this.#options
    return upsertShadowDocuments(this.#db, this.#shadow, dataset, documents, {
      ...options,
      embed,
      model,
    })
  }

  /** Deletes documents, all or none; returns how many there were. */
  deleteDocuments(ids: readonly string[]): number {
    return deleteShadowDocuments(this.#db, this.#shadow, this.#options.dataset, ids)
  }

  /** The k documents nearest to a text, nearest first. */
  async queryText(query: string, k: number, options: EmbedOptions = {}): Promise<TextHit[]> {
    if (!Number.isInteger(k) || k < 0) {
      throw new RangeError(`queryText() takes a whole number of documents from 0, not ${k}`)
    }
    const { table, dataset, embed, model } = this.#options
    return searchText(this.#db, table, dataset, embed, query, { ...options, limit: k, model })
  }
}
