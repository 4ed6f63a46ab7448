import type { Database } from '../database/database.ts'
import { quoteName } from '../search/schema/names.ts'
import { VECUTIL } from './arguments.ts'
import { isAwaited, WaitingUpsert } from './call-order.ts'
import type { DocumentWrite, TextDocument } from './document-fields.ts'
import type { DocumentTable } from './document-table.ts'
import { embedTexts, type EmbedFunc, type EmbedOptions } from './embed.ts'
import { requireModel } from './embedding-model.ts'
import { documentTable } from './find-table.ts'
import { writeDocuments } from './write-documents.ts'

export interface TextOptions extends EmbedOptions {
  readonly embed: EmbedFunc
  /** Name of the model behind `embed`: kept beside every embedding, and must stay the same in a dataset. */
  readonly model?: string | undefined
}

/**
 * Embeds the contents that are new or changed, or were embedded by another model, then writes all documents; how many
 * were embedded. What later calls write in the meantime stays. Documents have different ids.
 */
export async function upsertTexts(
  db: Database,
  shadow: string,
  dataset: string,
  documents: readonly TextDocument[],
  options: TextOptions,
): Promise<number> {
  const { embed, model } = options
  // Before anything is paid for: what cannot be written need not be embedded.
  const table = documentTable(db, shadow)
  if (model !== undefined) requireModel(db, table.columns, shadow, dataset, model)
  for (const { id, content } of documents) {
    if (content !== undefined || table.has(dataset, id) || isAwaited(db, shadow, dataset, id))
      continue
    throw new RangeError(
      `${VECUTIL}: the content of document '${id}' is undefined, and there is no such document yet: a text is expected`,
    )
  }
  const stored = embedded(db, table, shadow, dataset, model, documents)
  const changed = documents.filter(
    ({ id, content }) => typeof content === 'string' && stored.get(id)?.content !== content,
  )
  const call = new WaitingUpsert(
    db,
    shadow,
    dataset,
    documents.map(({ id }) => id),
  )
  try {
    const embeddings = await embedTexts(
      embed,
      changed.map(({ content }) => content!),
      options,
    )
    const fresh = new Map(changed.map(({ id }, at) => [id, embeddings[at]]))
    const writes = documents.map(({ id, content, meta }): DocumentWrite => {
      const metaField = meta === undefined ? {} : { meta }
      if (content === undefined) return { id, fields: metaField }
      const embedding = content === null ? null : (fresh.get(id) ?? stored.get(id)!.embedding)
      const embedding_model = content === null ? null : (model ?? null)
      return { id, fields: { content, ...metaField, embedding, embedding_model } }
    })
    writeDocuments(db, shadow, dataset, writes, call)
    return changed.length
  } finally {
    call.end()
  }
}

interface Embedded {
  readonly content: string
  readonly embedding: Uint8Array
}

/** Those of the documents that have an embedding of this model, by id. */
function embedded(
  db: Database,
  { columns }: DocumentTable,
  shadow: string,
  dataset: string,
  model: string | undefined,
  documents: readonly TextDocument[],
): Map<string, Embedded> {
  const known = new Map<string, Embedded>()
  using select = db.prepare(
    `SELECT content, embedding FROM ${quoteName(shadow)}
     WHERE dataset_id = ? AND id = ? AND ${columns.has('embedding_model') ? 'embedding_model' : 'NULL'} IS ?
       AND typeof(embedding) = 'blob' AND length(embedding) > 0 AND length(embedding) % 4 = 0`,
  )
  for (const { id } of documents) {
    select.first([dataset, id, model ?? null], row => {
      known.set(id, { content: row.value(0) as string, embedding: row.bytes(1).slice() })
    })
  }
  return known
}
