import { checkOptions, signal } from '../../core/check-options.ts'
import { VecError } from '../../core/errors.ts'
import type { EmbedOptions } from '../embed.ts'
import { PlannedWrites } from '../planned-writes.ts'
import { writeEmbedded } from '../upsert-texts.ts'
import type { Adapt } from '../write-documents.ts'
import type { DatasetHandle } from './dataset-handle.ts'
import { checkDocuments, plannedDocuments, type GivenDocument } from './given-documents.ts'
import { mergeInto } from './merge-meta.ts'

/**
 * 'upsert' inserts documents or replaces fields of existing ones. 'update' changes existing documents and merges
 * metadata. 'replace' replaces fields of existing documents.
 */
export type WriteKind = 'upsert' | 'update' | 'replace'

export interface GivenWrite {
  readonly where: string
  readonly documents: unknown
  readonly kind: WriteKind
}

/** A write whose documents are checked, as far as they can be without the table. */
export interface CheckedWrite extends GivenWrite {
  readonly documents: readonly GivenDocument[]
}

/** Writes the documents of `upsert` and `update`. Returns how many were embedded, and how many were written. */
export async function writeGiven(
  handle: DatasetHandle,
  { where, documents, kind }: GivenWrite,
  options: EmbedOptions,
): Promise<{ readonly embedded: number; readonly written: number }> {
  checkOptions(where, options, { signal })
  const write = { where, documents: checkDocuments(where, documents), kind }
  const { db, shadow, dataset } = handle
  for (;;) {
    const { embedder } = handle
    const { embed, model } = embedder
    const planned = planChecked(handle, write, embed !== undefined)
    const adapt = adaptOf(handle, kind)
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
  { where, documents, kind }: GivenWrite,
): number {
  const checked = { where, documents: checkDocuments(where, documents), kind }
  return writeChecked(handle, checked, handle.embedder.embed !== undefined)
}

/** Writes documents that need no embedding. `embeds`: whether the collection has an embed function. */
export function writeChecked(handle: DatasetHandle, write: CheckedWrite, embeds: boolean): number {
  const { where, kind } = write
  const planned = planChecked(handle, write, embeds)
  if (planned.changed.length > 0) {
    throw new TypeError(
      `${where}: the content of document '${planned.changed[0]}' has to be embedded: give its vector, or use ${kind}()`,
    )
  }
  return planned.write([], undefined, adaptOf(handle, kind))
}

/** What a write needs from the stored documents. */
export function adaptOf(
  { db, shadow, dataset }: DatasetHandle,
  kind: WriteKind,
): Adapt | undefined {
  if (kind === 'upsert') return undefined
  if (kind === 'update') return mergeInto(db, shadow, dataset)
  return (table, write) => (table.has(dataset, write.id) ? write : undefined)
}

/** A write with the texts that it has to embed. */
export function planChecked(
  handle: DatasetHandle,
  { where, documents, kind }: CheckedWrite,
  embeds: boolean,
): PlannedWrites {
  const { db, shadow, dataset, embedder } = handle
  const existing = kind !== 'upsert'
  const planned = plannedDocuments(
    where,
    documents,
    existing,
    // Read if a document has columns.
    () => handle.open().options.metadata,
  )
  return new PlannedWrites(db, shadow, dataset, planned, {
    model: embedder.model,
    embeds,
    existing,
  })
}
