import { checkOptions, signal } from '../../core/check-options.ts'
import { VecError } from '../../core/errors.ts'
import type { EmbedOptions } from '../embed.ts'
import { PlannedWrites, type PlannedDocument } from '../planned-writes.ts'
import { writeEmbedded } from '../upsert-texts.ts'
import type { DatasetHandle } from './dataset-handle.ts'
import { readDocuments } from './given-documents.ts'
import { mergeInto } from './merge-meta.ts'

/** `existing`: only existing documents are updated, and metadata is merged. */
export interface GivenWrite {
  readonly where: string
  readonly documents: unknown
  readonly existing: boolean
}

/** Writes the documents of `upsert` and `update`. Returns how many were embedded, and how many were written. */
export async function writeGiven(
  handle: DatasetHandle,
  { where, documents, existing }: GivenWrite,
  options: EmbedOptions,
): Promise<{ readonly embedded: number; readonly written: number }> {
  checkOptions(where, options, { signal })
  const given = readDocuments(where, documents, existing, columnsOf(handle))
  const { db, shadow, dataset } = handle
  for (;;) {
    const { embedder } = handle
    const { embed, model } = embedder
    const planned = plan(handle, given, existing)
    const adapt = existing ? mergeInto(db, shadow, dataset) : undefined
    try {
      const written = embed
        ? await writeEmbedded(db, shadow, dataset, planned, { ...options, embed, model }, adapt)
        : planned.write([], undefined, adapt)
      return { embedded: planned.texts.length, written }
    } catch (error) {
      // A migration has changed the model while the old one embedded the texts.
      const isOtherModel = error instanceof VecError && error.code === 'VEC_MODEL'
      if (!isOtherModel || handle.embedder === embedder) throw error
    }
  }
}

/** The synchronous form, for documents that need no embedding. Returns how many were written. */
export function writeGivenSync(
  handle: DatasetHandle,
  { where, documents, existing }: GivenWrite,
): number {
  const planned = plan(
    handle,
    readDocuments(where, documents, existing, columnsOf(handle)),
    existing,
  )
  if (planned.changed.length > 0) {
    throw new TypeError(
      `${where}: the content of document '${planned.changed[0]}' has to be embedded: give its vector, or use ${where.replace('Sync', '')}`,
    )
  }
  const adapt = existing ? mergeInto(handle.db, handle.shadow, handle.dataset) : undefined
  return planned.write([], undefined, adapt)
}

/** The declared columns, read if a document has some. */
const columnsOf = (handle: DatasetHandle) => () => handle.open().options.metadata

function plan(
  { db, shadow, dataset, embedder }: DatasetHandle,
  documents: readonly PlannedDocument[],
  existing: boolean,
): PlannedWrites {
  const { embed, model } = embedder
  const mode = { model, embeds: embed !== undefined, existing }
  return new PlannedWrites(db, shadow, dataset, documents, mode)
}
