import { counted } from '../../core/counted.ts'
import { VecError } from '../../core/errors.ts'
import { COLUMN } from '../../search/schema/columns.ts'
import { OF_DATASET, quoteName } from '../../search/schema/names.ts'
import type { DatasetHandle } from '../collection/dataset-handle.ts'
import { VectorsBeside, type PendingDocument } from './vectors-beside.ts'

/** Vectors of another model, beside those in use. */
export interface MigrationStatus {
  /** Their model. */
  readonly model: string | null
  /** 'running': they are being made. 'switched': they were in use before, and are kept for rollback(). */
  readonly state: 'running' | 'switched'
  readonly done: number
  readonly total: number
}

/** Documents whose vector of the new model is missing, with the numbers of all documents. */
export interface PendingBatch {
  readonly documents: readonly PendingDocument[]
  readonly done: number
  readonly total: number
}

/** What each step of a migration that reads takes, and what it returns. */
export interface MigrationReads {
  /** Undefined: there are no vectors but those in use. */
  migrationStatus: [[], MigrationStatus | undefined]
  /** Whether all vectors in use come from a model. Also true for a dataset without vectors. */
  migrationServed: [[model: string | null], boolean]
  /** The next documents after an id. The first batch also checks that all documents can be embedded. */
  migrationPending: [[behind: Uint8Array | undefined, limit: number], PendingBatch]
}

/** What each step of a migration that writes takes, and what it returns. */
export interface MigrationWrites {
  /** Begins or continues. Returns false if the model is in use already. */
  migrationBegin: [[model: string], boolean]
  /** Stores vectors for documents whose content is still the embedded one. Returns their number. */
  migrationStore: [
    [
      model: string | null,
      documents: readonly PendingDocument[],
      embeddings: readonly Uint8Array[],
    ],
    number,
  ]
  /** Exchanges all vectors, and returns their number; undefined if some are missing. */
  migrationSwitch: [[model: string | null], number | undefined]
  /** Deletes the vectors that are not in use. Returns whether there were any. */
  migrationDiscard: [[], boolean]
}

type Methods<S extends { [Name in keyof S]: [unknown[], unknown] }> = {
  readonly [Name in keyof S]: (handle: DatasetHandle, ...args: S[Name][0]) => S[Name][1]
}

export const MIGRATION_READS: Methods<MigrationReads> = {
  migrationStatus: handle => {
    const beside = open(handle)
    const record = beside.record()
    if (!record) return undefined
    const state = record.switched ? 'switched' : 'running'
    return { model: record.model, state, ...beside.counts() }
  },
  migrationServed: isServed,
  migrationPending: (handle, behind, limit) => {
    const beside = open(handle)
    if (behind === undefined) requireEmbeddable(handle, beside)
    return { documents: beside.pending(behind, limit), ...beside.counts() }
  },
}

export const MIGRATION_WRITES: Methods<MigrationWrites> = {
  migrationBegin: (handle, model) => {
    const beside = open(handle)
    const record = beside.record()
    if (isServed(handle, model)) return false
    if (record && record.model !== model) throw otherMigration(handle.dataset, record, model)
    beside.begin(model)
    return true
  },
  migrationStore: (handle, model, documents, embeddings) =>
    open(handle).store(model, documents, embeddings),
  migrationSwitch: (handle, model) => open(handle).exchange(model),
  migrationDiscard: handle => open(handle).discard(),
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
