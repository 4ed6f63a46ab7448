import type { Database } from '../database/database.ts'
import { WaitingUpsert } from './call-order.ts'
import { embedTexts, type EmbedFunc, type EmbedOptions } from './embed.ts'
import { PlannedWrites, type PlannedDocument } from './planned-writes.ts'
import type { Adapt } from './write-documents.ts'

export interface TextOptions extends EmbedOptions {
  readonly embed: EmbedFunc
  /**
   * The name of the model behind `embed`. It is stored with every embedding, and must stay the same within a dataset.
   */
  readonly model?: string | undefined
}

/**
 * Embeds the contents that are new or changed, or were embedded by another model, then writes all documents. Returns
 * how many were embedded. Fields that later calls write in the meantime keep their values. The documents must have
 * different ids.
 */
export async function upsertTexts(
  db: Database,
  shadow: string,
  dataset: string,
  documents: readonly PlannedDocument[],
  options: TextOptions,
): Promise<number> {
  const planned = new PlannedWrites(db, shadow, dataset, documents, {
    model: options.model,
    embeds: true,
  })
  await writeEmbedded(db, shadow, dataset, planned, options)
  return planned.texts.length
}

/** Embeds the texts of a plan and writes it. Returns the number of written documents. */
export async function writeEmbedded(
  db: Database,
  shadow: string,
  dataset: string,
  planned: PlannedWrites,
  options: TextOptions,
  adapt?: Adapt,
): Promise<number> {
  const call = new WaitingUpsert(db, shadow, dataset, planned.ids)
  try {
    return planned.write(await embedTexts(options.embed, planned.texts, options), call, adapt)
  } finally {
    call.end()
  }
}
