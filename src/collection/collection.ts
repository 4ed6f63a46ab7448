import type { Connection } from '../engine/connection.ts'
import { VecError } from '../errors.ts'
import { quoteName, shadowTableName } from '../store/names.ts'
import { embedTexts, type EmbedFunc, type EmbedOptions } from './embed.ts'
import { deleteShadowDocuments, upsertShadowDocuments } from './shadow-documents.ts'

export interface TextDocument {
  readonly id: string
  readonly content: string
  /** JSON or any other text. */
  readonly meta?: string | null
}

export interface TextHit {
  readonly id: string
  readonly score: number
  readonly content: string | null
  readonly meta: string | null
}

export interface CollectionOptions {
  /** Name of the vec table. */
  readonly table: string
  readonly dataset: string
  readonly embed: EmbedFunc
  /** Name of the model behind `embed`; it is kept beside every embedding and must stay the same in a dataset. */
  readonly model: string
}

/** The embedding of a query text, as a MATCH of a vec table takes it. */
export async function matchText(
  embed: EmbedFunc,
  query: string,
  options: EmbedOptions = {},
): Promise<Uint8Array> {
  return (await embedTexts(embed, [query], options))[0]
}

/** One dataset of a vec table, seen as texts. */
export class Collection {
  readonly #db: Connection
  readonly #options: CollectionOptions
  readonly #shadow: string

  constructor(db: Connection, options: CollectionOptions) {
    this.#db = db
    this.#options = options
    this.#shadow = shadowTableName(options.table)
  }

  /**
   * Inserts or replaces documents, all or none. Only contents that are new or changed are embedded, before the
   * transaction opens; the number of them is returned. Of two documents with one id the last one counts.
   */
  async upsertDocumentsText(
    documents: readonly TextDocument[],
    options: EmbedOptions = {},
  ): Promise<number> {
    const { dataset, embed, model } = this.#options
    this.#requireModelColumn()
    const wanted = [...new Map(documents.map(document => [document.id, document])).values()]
    const stored = this.#stored(wanted.map(document => document.id))
    const changed = wanted.filter(({ id, content }) => stored.get(id)?.content !== content)
    const embeddings = await embedTexts(
      embed,
      changed.map(document => document.content),
      options,
    )
    const fresh = new Map(changed.map(({ id }, at) => [id, embeddings[at]]))
    const rows = wanted.map(({ id, content, meta }) => ({
      id,
      content,
      meta: meta ?? null,
      model,
      embedding: fresh.get(id) ?? stored.get(id)!.embedding,
    }))
    upsertShadowDocuments(this.#db, this.#shadow, dataset, rows)
    return changed.length
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
    this.#requireModel(dataset, model)
    const embedding = await matchText(embed, query, options)
    const id = quoteName(this.#idColumn())
    const search = this.#db.prepare(
      `SELECT ${id} AS id, match_score AS score, content, meta FROM ${quoteName(table)}
       WHERE dataset_id = ? AND ${id} MATCH ? AND k = ? ORDER BY match_score DESC`,
    )
    try {
      return search.all(dataset, embedding, k) as TextHit[]
    } finally {
      search.finalize()
    }
  }

  /** The second column of a vec table, whatever it is called. */
  #idColumn(): string {
    const { table } = this.#options
    const columns = this.#db.pragma(`table_info(${quoteName(table)})`) as { name: string }[]
    if (columns.length >= 2) return columns[1].name
    throw new VecError('VEC_SHADOW', `vecutil: there is no vec table ${table}`, {
      hint: `CREATE VIRTUAL TABLE ${table} USING vec(doc_id)`,
    })
  }

  /** Documents of this model that have an embedding, by id. */
  #stored(ids: readonly string[]): Map<string, { content: string; embedding: Uint8Array }> {
    const { dataset, model } = this.#options
    const known = new Map<string, { content: string; embedding: Uint8Array }>()
    const select = this.#db.prepare(
      `SELECT content, embedding FROM ${quoteName(this.#shadow)}
       WHERE dataset_id = ? AND id = ? AND embedding_model = ? AND length(embedding) > 0`,
    )
    try {
      for (const id of ids) {
        const row = select.get(dataset, id, model)
        if (row) known.set(id, row as { content: string; embedding: Uint8Array })
      }
    } finally {
      select.finalize()
    }
    return known
  }

  /** Without the column nobody can tell which model made an embedding. */
  #requireModelColumn(): void {
    const columns = this.#db.pragma(`table_info(${quoteName(this.#shadow)})`) as { name: string }[]
    if (columns.some(({ name }) => name.toLowerCase() === 'embedding_model')) return
    throw new VecError(
      'VEC_SHADOW',
      `vecutil: the table ${this.#shadow} has no column embedding_model: a collection keeps the name of the model there`,
      { hint: `ALTER TABLE ${quoteName(this.#shadow)} ADD COLUMN embedding_model TEXT` },
    )
  }

  #requireModel(dataset: string, model: string): void {
    this.#requireModelColumn()
    const select = this.#db.prepare(
      `SELECT embedding_model FROM ${quoteName(this.#shadow)}
       WHERE dataset_id = ? AND embedding_model IS NOT NULL LIMIT 1`,
    )
    let known: string | undefined
    try {
      known = select.pluck().get(dataset) as string | undefined
    } finally {
      select.finalize()
    }
    if (known === undefined || known === model) return
    throw new VecError(
      'VEC_MODEL',
      `vecutil: a query of model '${model}' for dataset '${dataset}', which holds embeddings of model '${known}'`,
      { hint: 'embed the query with the model that embedded the documents' },
    )
  }
}
