import { argumentError } from '../../core/argument-error.ts'
import * as check from '../../core/check-options.ts'
import { counted } from '../../core/counted.ts'
import { VecError } from '../../core/errors.ts'
import type { Utf8 } from '../../core/utf8.ts'
import { COLUMN } from '../../search/schema/columns.ts'
import { OF_DATASET, quoteName } from '../../search/schema/names.ts'
import { requireEmbed, requireModelName } from '../arguments.ts'
import type { DatasetHandle } from '../collection/dataset-handle.ts'
import { embedTexts, type EmbedFunc } from '../embed.ts'
import { VectorsBeside } from './vectors-beside.ts'

/** The progress of a migration. */
export interface MigrationProgress {
  readonly phase: 'embed' | 'switch'
  /** Documents that have a vector of the new model. */
  readonly done: number
  /** Documents that need one. */
  readonly total: number
}

export interface MigrateOptions {
  /** The new embed function and model; default: those of the collection. */
  readonly embed?: EmbedFunc | undefined
  readonly model?: string | undefined
  /** Documents per call of `embed`; default 100. */
  readonly batch?: number | undefined
  readonly onProgress?: ((progress: MigrationProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface RollbackOptions {
  /** Makes old vectors for documents written since the switch. Not needed if this collection ran the migration. */
  readonly embed?: EmbedFunc | undefined
  readonly batch?: number | undefined
  readonly onProgress?: ((progress: MigrationProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface MigrationReport {
  /** The model in use now. */
  readonly model: string | null
  /** The number of documents that this call embedded. */
  readonly embedded: number
  /** The number of documents whose vectors were exchanged; 0 if the model was already in use. */
  readonly switched: number
}

/** Vectors of another model, beside those in use. */
export interface MigrationStatus {
  /** Their model. */
  readonly model: string | null
  /** 'running': they are being made. 'switched': they were in use before, and are kept for rollback(). */
  readonly state: 'running' | 'switched'
  readonly done: number
  readonly total: number
}

const DEFAULT_BATCH = 100
const CHECKS = {
  embed: check.callback,
  batch: check.wholeNumber(1, 1_000_000),
  onProgress: check.callback,
  signal: check.signal,
}

/** Embeds a dataset with another model beside the vectors in use, then exchanges them. */
export async function migrate(
  handle: DatasetHandle,
  options: MigrateOptions,
): Promise<MigrationReport> {
  check.checkOptions('migrate()', options, { ...CHECKS, model: check.text })
  const { embed = handle.embedder.embed, model = handle.embedder.model } = options
  requireEmbed(embed, 'options.embed')
  requireModelName(model)
  if (model === undefined) throw argumentError('migrate()', 'options.model', model, 'a text')
  const beside = open(handle)
  const record = beside.record()
  // Also true for a dataset without vectors.
  if (isServed(handle, model)) {
    adopt(handle, embed!, model)
    return { model, embedded: 0, switched: 0 }
  }
  if (record && record.model !== model) throw otherMigration(handle.dataset, record, model)
  beside.begin(model)
  const report = await run(handle, beside, { ...options, embed: embed!, model })
  adopt(handle, embed!, model)
  return report
}

/** Exchanges the vectors back, so that the vectors from before the switch are in use again. */
export async function rollback(
  handle: DatasetHandle,
  options: RollbackOptions,
): Promise<MigrationReport> {
  check.checkOptions('rollback()', options, CHECKS)
  const beside = open(handle)
  const record = beside.record()
  if (record?.switched !== true) {
    throw new VecError(
      'VEC_MODEL',
      `rollback(): dataset '${handle.dataset}' has not been switched to another model, or the old vectors were discarded`,
      { hint: 'migration() tells what there is' },
    )
  }
  const { previous } = handle
  const embed = options.embed ?? (previous?.model === record.model ? previous?.embed : undefined)
  const { model } = record
  const report = await run(handle, beside, { ...options, embed, model })
  const { embedder } = handle
  handle.embedder = { embed: embed ?? embedder.embed, model: model ?? undefined }
  handle.previous = embedder
  return report
}

/**
 * Deletes the vectors that are not in use: a migration ends, or can no longer be rolled back. Returns whether there
 * were any.
 */
export function discard(handle: DatasetHandle): boolean {
  return open(handle).discard()
}

/** The state of the vectors beside those in use; undefined if there are none. */
export function migrationStatus(handle: DatasetHandle): MigrationStatus | undefined {
  const beside = open(handle)
  const record = beside.record()
  if (!record) return undefined
  const state = record.switched ? 'switched' : 'running'
  const { done, total } = beside.counts()
  return { model: record.model, state, done, total }
}

interface Run {
  readonly embed: EmbedFunc | undefined
  readonly model: string | null
  readonly batch?: number | undefined
  readonly onProgress?: ((progress: MigrationProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** Makes the missing vectors until none is missing at one moment. Then it switches. */
async function run(
  handle: DatasetHandle,
  beside: VectorsBeside,
  options: Run,
): Promise<MigrationReport> {
  const { model, onProgress, signal } = options
  let embedded = 0
  try {
    for (;;) {
      requireEmbeddable(handle, beside)
      embedded += await embedPending(handle, beside, options)
      signal?.throwIfAborted()
      const { total, done } = beside.counts()
      onProgress?.({ phase: 'switch', total, done })
      if (beside.exchange(model)) return { model, embedded, switched: total }
    }
  } catch (error) {
    // Another process has switched meanwhile.
    const raced = error instanceof VecError && error.code === 'VEC_MODEL'
    if (!raced || !isServed(handle, model)) throw error
    return { model, embedded, switched: 0 }
  }
}

async function embedPending(
  handle: DatasetHandle,
  beside: VectorsBeside,
  { embed, model, batch = DEFAULT_BATCH, onProgress, signal }: Run,
): Promise<number> {
  const { total, done } = beside.counts()
  let embedded = 0
  let behind: Utf8 | undefined
  for (;;) {
    const pending = beside.pending(behind, batch)
    if (pending.length === 0) return embedded
    if (!embed) throw withoutOldModel(handle.dataset, model)
    const texts = pending.map(({ content }) => String(content))
    const embeddings = await embedTexts(embed, texts, signal === undefined ? {} : { signal })
    embedded += beside.store(model, pending, embeddings)
    behind = pending.at(-1)!.id
    onProgress?.({ phase: 'embed', done: Math.min(total, done + embedded), total })
  }
}

function open(handle: DatasetHandle): VectorsBeside {
  const { shadow } = handle.open()
  const { columns } = shadow.refresh()
  const absent = [COLUMN.content, COLUMN.model].find(column => !columns.has(column))
  if (absent !== undefined) {
    throw new VecError('VEC_SHADOW', `migrate(): ${shadow.name} lacks the column ${absent}`, {
      hint: `ALTER TABLE ${quoteName(shadow.name)} ADD COLUMN ${absent} TEXT`,
    })
  }
  return new VectorsBeside(shadow, handle.dataset)
}

/** Whether all vectors in use come from a model. */
function isServed(handle: DatasetHandle, model: string | null): boolean {
  const sql = `SELECT 1 FROM {table} WHERE ${OF_DATASET}
     AND length(${COLUMN.embedding}) > 0 AND ${COLUMN.model} IS NOT ?2 LIMIT 1`
  return !handle.open().shadow.first(sql, [handle.dataset, model], () => true)
}

function adopt(handle: DatasetHandle, embed: EmbedFunc, model: string): void {
  if (handle.embedder.embed === embed && handle.embedder.model === model) return
  handle.previous = handle.embedder
  handle.embedder = { embed, model }
}

function requireEmbeddable({ dataset }: DatasetHandle, beside: VectorsBeside): void {
  const count = beside.unembeddable()
  if (count === 0) return
  throw new VecError(
    'VEC_MODEL',
    `migrate(): ${counted(count, 'document')} of dataset '${dataset}' with a vector, but without a content that could be embedded again`,
    { hint: 'give them a content, erase their vectors, or delete them; then call migrate() again' },
  )
}

function otherMigration(
  dataset: string,
  { model, switched }: { readonly model: string | null; readonly switched: boolean },
  wanted: string,
): VecError {
  const what = switched
    ? `vectors of model '${model}' are kept for a rollback`
    : `a migration to model '${model}' is under way`
  return new VecError(
    'VEC_MODEL',
    `migrate(): dataset '${dataset}' cannot go to model '${wanted}': ${what}`,
    { hint: switched ? 'discard() forgets them' : 'go on with that model, or discard() it' },
  )
}

function withoutOldModel(dataset: string, model: string | null): VecError {
  return new VecError(
    'VEC_MODEL',
    `rollback(): documents of dataset '${dataset}' were written since the switch, and are without a vector of model '${model}'`,
    { hint: 'give the old model: rollback({ embed })' },
  )
}
