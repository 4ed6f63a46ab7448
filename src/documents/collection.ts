import { requireObject } from '../core/argument-error.ts'
import type { Database } from '../database/database.ts'
import { shadowTableName } from '../search/schema/names.ts'
import {
  requireConnection,
  requireEmbed,
  requireName,
  requireOptions,
  VECUTIL,
} from './arguments.ts'
import type { TextDocument } from './document-fields.ts'
import type { EmbedFunc, EmbedOptions } from './embed.ts'
import { requireCount, searchText, type MatchOptions, type TextHit } from './match-text.ts'
import { deleteShadowDocuments, upsertShadowDocuments } from './shadow-documents.ts'

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
  readonly #db: Database
  readonly #options: CollectionOptions
  readonly #shadow: string

  constructor(db: Database, options: CollectionOptions) {
    requireConnection(db)
    requireObject(VECUTIL, 'options', options, 'an object with table, dataset, embed and model')
    for (const name of ['table', 'dataset', 'model'] as const)
      requireName(options[name], `options.${name}`)
    requireEmbed(options.embed, 'options.embed')
    this.#db = db
    this.#options = options
    this.#shadow = shadowTableName(options.table)
  }

  /**
   * Inserts documents, or changes those that are there, all or none: a field that is absent keeps what is stored, `null`
   * erases it. Only contents that are new or changed are embedded, before the transaction opens; the number of them is
   * returned. Of two documents with one id the last one counts; of two calls with one document, the one called last.
   */
  async upsertDocumentsText(
    documents: readonly TextDocument[],
    options: EmbedOptions = {},
  ): Promise<number> {
    requireOptions(options)
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

  /**
   * The k documents nearest to a text, nearest first; with `filter` the k nearest that pass it, never fewer when so many do.
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
    const { table, dataset, embed, model } = this.#options
    return searchText(this.#db, table, dataset, embed, query, { ...options, limit: k, model })
  }
}
