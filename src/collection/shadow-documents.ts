import type { Connection } from '../engine/connection.ts'
import { quoteName, shadowTableName } from '../store/names.ts'
import { embedTexts, type EmbedFunc, type EmbedOptions } from './embed.ts'
import { requireModel } from './embedding-model.ts'
import { columnsOf, requireId, writeShadowRows, type ShadowDocument } from './shadow-rows.ts'

export interface TextDocument {
  readonly id: string
  readonly content: string
  /** JSON or any other text. */
  readonly meta?: string | null
}

export interface TextOptions extends EmbedOptions {
  readonly embed: EmbedFunc
  /** Name of the model behind `embed`: kept beside every embedding, and must stay the same in a dataset. */
  readonly model?: string | undefined
}

/** Inserts a document into a shadow table, or replaces the one of the same id. */
export function upsertShadowDocument(
  db: Connection,
  shadow: string,
  dataset: string,
  document: ShadowDocument,
): void
/** The same with its content embedded on the way; how many were embedded, 0 or 1. */
export function upsertShadowDocument(
  db: Connection,
  shadow: string,
  dataset: string,
  document: TextDocument,
  options: TextOptions,
): Promise<number>
export function upsertShadowDocument(
  db: Connection,
  shadow: string,
  dataset: string,
  document: ShadowDocument | TextDocument,
  options?: TextOptions,
): void | Promise<number> {
  if (options === undefined) return writeShadowRows(db, shadow, dataset, [document])
  return upsertTexts(db, shadow, dataset, [document as TextDocument], options)
}

/** The same by the name of the vec table. */
export function upsertVirtualTableDocument(
  db: Connection,
  table: string,
  dataset: string,
  document: ShadowDocument,
): void
export function upsertVirtualTableDocument(
  db: Connection,
  table: string,
  dataset: string,
  document: TextDocument,
  options: TextOptions,
): Promise<number>
export function upsertVirtualTableDocument(
  db: Connection,
  table: string,
  dataset: string,
  document: ShadowDocument | TextDocument,
  options?: TextOptions,
): void | Promise<number> {
  const shadow = shadowTableName(table)
  if (options === undefined) return writeShadowRows(db, shadow, dataset, [document])
  return upsertTexts(db, shadow, dataset, [document as TextDocument], options)
}

/**
 * Inserts or replaces many documents, all or none, with one prepared statement in one transaction. Throws VEC_DIMENSION
 * and VEC_MODEL when an embedding does not fit those of the dataset, VEC_SHADOW when there is no such table.
 */
export function upsertShadowDocuments(
  db: Connection,
  shadow: string,
  dataset: string,
  documents: readonly ShadowDocument[],
): void
/**
 * The same with their contents embedded, before the transaction opens. Only contents that are new or changed, or were
 * embedded by another model, are embedded; their number is returned. Of two documents with one id the last one counts.
 */
export function upsertShadowDocuments(
  db: Connection,
  shadow: string,
  dataset: string,
  documents: readonly TextDocument[],
  options: TextOptions,
): Promise<number>
export function upsertShadowDocuments(
  db: Connection,
  shadow: string,
  dataset: string,
  documents: readonly (ShadowDocument | TextDocument)[],
  options?: TextOptions,
): void | Promise<number> {
  if (options === undefined) return writeShadowRows(db, shadow, dataset, documents)
  return upsertTexts(db, shadow, dataset, documents as readonly TextDocument[], options)
}

/** Deletes documents, all or none; returns how many there were. */
export function deleteShadowDocuments(
  db: Connection,
  shadow: string,
  dataset: string,
  ids: readonly string[],
): number {
  columnsOf(db, shadow)
  const remove = db.prepare(`DELETE FROM ${quoteName(shadow)} WHERE dataset_id = ? AND id = ?`)
  try {
    return db
      .transaction(() => ids.reduce((sum, id) => sum + remove.run(dataset, id).changes, 0))
      .immediate()
  } finally {
    remove.finalize()
  }
}

async function upsertTexts(
  db: Connection,
  shadow: string,
  dataset: string,
  documents: readonly TextDocument[],
  options: TextOptions,
): Promise<number> {
  const { embed, model } = options
  for (const { id, content } of documents) {
    requireId(id)
    if (typeof content === 'string') continue
    throw new RangeError(
      `vecutil: the content of document '${id}' is ${content === null ? 'null' : typeof content}: a text is embedded`,
    )
  }
  // Before anything is paid for: what cannot be written need not be embedded.
  if (model === undefined) columnsOf(db, shadow)
  else requireModel(db, shadow, dataset, model)
  const wanted = [...new Map(documents.map(document => [document.id, document])).values()]
  const stored = embedded(db, shadow, dataset, model, wanted)
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
    model: model ?? null,
    embedding: fresh.get(id) ?? stored.get(id)!.embedding,
  }))
  writeShadowRows(db, shadow, dataset, rows)
  return changed.length
}

interface Embedded {
  readonly content: string
  readonly embedding: Uint8Array
}

/** Those of the documents that have an embedding of this model, by id. */
function embedded(
  db: Connection,
  shadow: string,
  dataset: string,
  model: string | undefined,
  documents: readonly TextDocument[],
): Map<string, Embedded> {
  const known = new Map<string, Embedded>()
  const keepsModel = columnsOf(db, shadow).has('embedding_model')
  const select = db.prepare(
    `SELECT content, embedding FROM ${quoteName(shadow)}
     WHERE dataset_id = ? AND id = ? AND ${keepsModel ? 'embedding_model' : 'NULL'} IS ?
       AND typeof(embedding) = 'blob' AND length(embedding) > 0 AND length(embedding) % 4 = 0`,
  )
  try {
    for (const { id } of documents) {
      const row = select.get(dataset, id, model ?? null)
      if (row) known.set(id, row as Embedded)
    }
  } finally {
    select.finalize()
  }
  return known
}
