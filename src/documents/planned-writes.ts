import type { Database } from '../database/database.ts'
import { COLUMN } from '../search/schema/columns.ts'
import { quoteName } from '../search/schema/names.ts'
import { float32Bytes } from '../search/schema/stored-vector.ts'
import { VECUTIL } from './arguments.ts'
import { isAwaited, type WaitingUpsert } from './call-order.ts'
import type { DocumentWrite, TextDocument } from './document-fields.ts'
import type { DocumentTable } from './document-table.ts'
import { requireModel } from './embedding-model.ts'
import { documentTable } from './find-table.ts'
import { writeDocuments, type Adapt } from './write-documents.ts'

/** A document whose content is embedded unless it has a vector. */
export interface PlannedDocument extends TextDocument {
  readonly embedding?: Uint8Array | null
  readonly columns?: DocumentWrite['columns']
}

export interface WriteMode {
  readonly model: string | undefined
  /** Whether contents are embedded. Otherwise they are written as they are. */
  readonly embeds: boolean
  /** Whether only existing documents are written, and metadata is merged into the stored one. */
  readonly existing?: boolean
}

/** Checked writes of documents with different ids, with the texts that have to be embedded. */
export class PlannedWrites {
  /** The texts to embed: contents that are new or changed, or were embedded by another model. */
  readonly texts: readonly string[]
  /** The documents of the texts. */
  readonly changed: readonly string[]
  readonly #place: readonly [db: Database, shadow: string, dataset: string]
  readonly #documents: readonly PlannedDocument[]
  readonly #stored: ReadonlyMap<string, Embedded>
  readonly #mode: WriteMode

  /** Throws for documents that cannot be written, before any embedding is paid for. */
  constructor(
    db: Database,
    shadow: string,
    dataset: string,
    documents: readonly PlannedDocument[],
    mode: WriteMode,
  ) {
    const { model, existing = false } = mode
    const table = documentTable(db, shadow)
    if (model !== undefined) requireModel(db, table.columns, shadow, dataset, model)
    const isThere = (id: string): boolean =>
      table.has(dataset, id) || isAwaited(db, shadow, dataset, id)
    const planned = existing ? documents.filter(({ id }) => isThere(id)) : documents
    for (const { id, content, embedding } of existing ? [] : planned) {
      if (content !== undefined || embedding !== undefined || !mode.embeds || isThere(id)) continue
      throw new RangeError(
        `${VECUTIL}: the content of document '${id}' is undefined, and the document does not exist yet: expected a string`,
      )
    }
    const contents = mode.embeds ? planned.filter(isEmbedded) : []
    this.#place = [db, shadow, dataset]
    this.#documents = planned
    this.#mode = mode
    this.#stored = embedded(db, table, shadow, dataset, model, contents)
    const changed = contents.filter(({ id, content }) => this.#stored.get(id)?.content !== content)
    this.texts = changed.map(({ content }) => content)
    this.changed = changed.map(({ id }) => id)
  }

  get ids(): readonly string[] {
    return this.#documents.map(({ id }) => id)
  }

  /** Writes the documents. `embeddings` are those of `texts`. Returns the number of written documents. */
  write(embeddings: readonly Uint8Array[], call?: WaitingUpsert, adapt?: Adapt): number {
    const fresh = new Map(this.changed.map((id, at) => [id, embeddings[at]]))
    const writes = this.#documents.map(document => this.#writeOf(document, fresh))
    return writeDocuments(...this.#place, writes, call, adapt)
  }

  #writeOf(document: PlannedDocument, fresh: ReadonlyMap<string, Uint8Array>): DocumentWrite {
    const { id, content, meta, columns } = document
    const { model, embeds } = this.#mode
    const embedding =
      document.embedding === undefined && embeds && content !== undefined
        ? content === null
          ? null
          : (fresh.get(id) ?? this.#stored.get(id)!.embedding)
        : document.embedding
    return {
      id,
      ...(columns === undefined ? {} : { columns }),
      fields: {
        ...(content === undefined ? {} : { content }),
        ...(meta === undefined ? {} : { meta }),
        ...(embedding === undefined
          ? {}
          : { embedding, embedding_model: embedding === null ? null : (model ?? null) }),
      },
    }
  }
}

function isEmbedded(
  document: PlannedDocument,
): document is PlannedDocument & { readonly content: string } {
  return typeof document.content === 'string' && document.embedding === undefined
}

interface Embedded {
  readonly content: string
  readonly embedding: Uint8Array
}

/** The documents that have an embedding of this model, by id. */
function embedded(
  db: Database,
  { columns, type }: DocumentTable,
  shadow: string,
  dataset: string,
  model: string | undefined,
  documents: readonly PlannedDocument[],
): Map<string, Embedded> {
  const known = new Map<string, Embedded>()
  using select = db.prepare(
    `SELECT ${COLUMN.content}, ${COLUMN.embedding} FROM ${quoteName(shadow)}
     WHERE ${COLUMN.dataset} = ? AND ${COLUMN.id} = ? AND ${columns.has(COLUMN.model) ? COLUMN.model : 'NULL'} IS ?
       AND typeof(${COLUMN.embedding}) = 'blob' AND length(${COLUMN.embedding}) > 0 AND length(${COLUMN.embedding}) % ${type.bytes} = 0`,
  )
  for (const { id } of documents) {
    select.first([dataset, id, model ?? null], row => {
      const embedding = float32Bytes(type, row.bytes(1)).slice()
      known.set(id, { content: row.value(0) as string, embedding })
    })
  }
  return known
}
