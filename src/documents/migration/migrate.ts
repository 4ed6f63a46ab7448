import { argumentError } from '../../core/argument-error.ts'
import * as check from '../../core/check-options.ts'
import { VecError } from '../../core/errors.ts'
import { Utf8 } from '../../core/utf8.ts'
import { requireEmbed, requireModelName } from '../arguments.ts'
import type { Embedder } from '../collection/dataset-handle.ts'
import type { Results, Step } from '../collection/steps.ts'
import { embedTexts, type EmbedFunc } from '../embed.ts'
import type { MigrationReads, MigrationWrites } from './migration-steps.ts'

/** The model of a dataset, which a migration changes. */
export interface Embedders {
  readonly dataset: string
  embedder: Embedder
  /** The embedder before a migration. */
  previous: Embedder | undefined
}

type MigrationStep = Step<keyof (MigrationReads & MigrationWrites)>

/** Runs a step of a migration on the connection, here or in a worker. */
export type RunMigration = <const S extends MigrationStep>(step: S) => Promise<Results<[S]>[0]>

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

const DEFAULT_BATCH = 100
const CHECKS = {
  embed: check.callback,
  batch: check.wholeNumber(1, 1_000_000),
  onProgress: check.callback,
  signal: check.signal,
}

/**
 * Embeds a dataset with another model beside the vectors in use, then exchanges them. `step` runs each step in a
 * transaction of its own.
 */
export async function migrate(
  models: Embedders,
  step: RunMigration,
  options: MigrateOptions,
): Promise<MigrationReport> {
  check.checkOptions('migrate()', options, { ...CHECKS, model: check.text })
  const { embed = models.embedder.embed, model = models.embedder.model } = options
  requireEmbed(embed, 'options.embed')
  requireModelName(model)
  if (model === undefined) throw argumentError('migrate()', 'options.model', model, 'a text')
  const begun = await step(['migrationBegin', model])
  const report = begun
    ? await run(models, step, { ...options, embed: embed!, model })
    : { model, embedded: 0, switched: 0 }
  adopt(models, embed!, model)
  return report
}

/** Exchanges the vectors back, so that the vectors from before the switch are in use again. */
export async function rollback(
  models: Embedders,
  step: RunMigration,
  options: RollbackOptions,
): Promise<MigrationReport> {
  check.checkOptions('rollback()', options, CHECKS)
  const status = await step(['migrationStatus'])
  if (status?.state !== 'switched') {
    throw new VecError(
      'VEC_MODEL',
      `rollback(): dataset '${models.dataset}' has not been switched to another model, or the old vectors were discarded`,
      { hint: 'migration() tells what there is' },
    )
  }
  const { previous } = models
  const { model } = status
  const embed = options.embed ?? (previous?.model === model ? previous?.embed : undefined)
  const report = await run(models, step, { ...options, embed, model })
  const { embedder } = models
  models.embedder = { embed: embed ?? embedder.embed, model: model ?? undefined }
  models.previous = embedder
  return report
}

interface Run {
  readonly embed: EmbedFunc | undefined
  readonly model: string | null
  readonly batch?: number | undefined
  readonly onProgress?: ((progress: MigrationProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** Makes the missing vectors until none is missing at one moment. Then it switches. */
async function run(models: Embedders, step: RunMigration, options: Run): Promise<MigrationReport> {
  const { model, onProgress, signal } = options
  let embedded = 0
  try {
    for (;;) {
      const made = await embedPending(models, step, options)
      embedded += made.embedded
      signal?.throwIfAborted()
      onProgress?.({ phase: 'switch', total: made.total, done: made.done })
      const switched = await step(['migrationSwitch', model])
      if (switched !== undefined) return { model, embedded, switched }
    }
  } catch (error) {
    // Another process has switched meanwhile.
    const raced = error instanceof VecError && error.code === 'VEC_MODEL'
    if (!raced || !(await step(['migrationServed', model]))) throw error
    return { model, embedded, switched: 0 }
  }
}

/** Makes the vectors that are missing, in the order of the ids. */
async function embedPending(
  { dataset }: Embedders,
  step: RunMigration,
  { embed, model, batch = DEFAULT_BATCH, onProgress, signal }: Run,
): Promise<{ readonly embedded: number; readonly done: number; readonly total: number }> {
  let embedded = 0
  let behind: Uint8Array | undefined
  for (;;) {
    const { documents, done, total } = await step(['migrationPending', behind, batch])
    if (documents.length === 0) return { embedded, done, total }
    if (!embed) throw withoutOldModel(dataset, model)
    const texts = documents.map(({ content }) => String(new Utf8(content)))
    const embeddings = await embedTexts(embed, texts, signal === undefined ? {} : { signal })
    const stored = await step(['migrationStore', model, documents, embeddings])
    embedded += stored
    behind = documents.at(-1)!.id
    onProgress?.({ phase: 'embed', done: Math.min(total, done + stored), total })
  }
}

function adopt(models: Embedders, embed: EmbedFunc, model: string): void {
  if (models.embedder.embed === embed && models.embedder.model === model) return
  models.previous = models.embedder
  models.embedder = { embed, model }
}

function withoutOldModel(dataset: string, model: string | null): VecError {
  return new VecError(
    'VEC_MODEL',
    `rollback(): documents of dataset '${dataset}' were written since the switch, and are without a vector of model '${model}'`,
    { hint: 'give the old model: rollback({ embed })' },
  )
}
