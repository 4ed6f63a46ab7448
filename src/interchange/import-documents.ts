import { setImmediate as nextTurn } from 'node:timers/promises'
import { argumentError } from '../core/argument-error.ts'
import * as check from '../core/check-options.ts'
import { counted } from '../core/counted.ts'
import { METRIC_NAMES } from '../core/metric.ts'
import { requireDatabase } from '../database/require-database.ts'
import { embedTexts, type EmbedFunc } from '../documents/embed.ts'
import type { Connection } from '../sqlite/connection.ts'
import { describeTable, type TableDescription } from '../tables/describe-table.ts'
import { batchesOf, documentsOf, type Batch } from './batches.ts'
import { storedColumns } from './declared-column.ts'
import type { Document, DocumentSource } from './document.ts'
import { CONFLICT_MODES, Importer, type ConflictMode } from './importer.ts'
import { InterchangeError, optionText } from './interchange-error.ts'
import { chooseSource, SOURCE_FORMATS, type SourceOptions } from './sources/choose-source.ts'
import { PARTS } from './sources/record-mapper.ts'

/** The dataset of documents that name none. */
export const DEFAULT_DATASET = 'default'
/** Each transaction waits for the disk once. With few of them, an import is as fast as one bulk load. */
export const DEFAULT_BATCH = 200_000
/** An embed function may take seconds for each hundred texts. */
const EMBED_BATCH = 256

export interface ImportOptions extends SourceOptions {
  /** The vec table. */
  readonly table: string
  /** The dataset of all documents. Without it, each goes to the dataset it names, or to 'default'. */
  readonly dataset?: string | undefined
  /**
   * What happens when an id already exists in its dataset. 'error' (the default) stores nothing of the batch,
   * 'replace' takes the new document, 'skip' keeps the old one, 'merge' updates the old one with the fields of the
   * new one.
   */
  readonly onConflict?: ConflictMode | undefined
  /** Written as `embedding_model` of all documents. Without it, each keeps the model it names. */
  readonly model?: string | undefined
  /** Embeds the content of documents that come without an embedding. */
  readonly embed?: EmbedFunc | undefined
  /** Documents per transaction: 200,000, or 256 with `embed`. A batch ends after 128 MB in any case. */
  readonly batch?: number | undefined
  /** Called after each batch. */
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined
  /** Ends the import after the current batch: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

export interface ImportProgress {
  /** How much of the source has been read, in bytes or rows, and its size if known. */
  readonly done: number
  readonly total: number | undefined
  /** The number of documents stored so far. */
  readonly written: number
  readonly skipped: number
}

/** The result of an import, and how much of it a search will find. */
export interface ImportReport {
  readonly source: string
  readonly table: string
  /** The number of documents that were inserted, replaced or merged. */
  readonly written: number
  /** The number of documents that were skipped, because their ids already existed. */
  readonly skipped: number
  /** Of those written, the number that replaced documents with the same id. */
  readonly replaced: number
  /** Of those written, the number that were merged into documents with the same id. */
  readonly merged: number
  /**
   * The number of documents that are stored, but that no search finds: without an embedding, archived, or all zeros
   * under cosine.
   */
  readonly unembedded: number
  readonly archived: number
  readonly zero: number
  /** The number of documents whose meta was not JSON. It is stored as a JSON string. */
  readonly wrapped: number
  /** The dimension of each dataset that received vectors. */
  readonly dimensions: Readonly<Record<string, number>>
  /** Notes on how the source was read, where that may surprise. */
  readonly notes: readonly string[]
  readonly seconds: number
}

const CHECKS: Readonly<Record<keyof ImportOptions, check.Check>> = {
  table: check.text,
  source: check.input('bytes', 'records'),
  format: check.oneOf(SOURCE_FORMATS),
  dataset: check.text,
  onConflict: check.oneOf(CONFLICT_MODES),
  dim: check.wholeNumber(1, 65_536),
  ids: check.input('bytes'),
  fromTable: check.text,
  vectorColumn: check.text,
  model: check.text,
  fields: (where, name, value) =>
    check.checkOptions(where, value, Object.fromEntries(PARTS.map(p => [p, check.text])), name),
  noEmbedding: check.flag,
  dropRest: check.flag,
  embed: check.callback,
  batch: check.wholeNumber(1, 1_000_000),
  onProgress: check.callback,
  signal: check.signal,
}

/**
 * Imports documents with their vectors into a vec table: from JSONL, JSON, CSV, TSV, .npy, raw float32 (each also
 * packed with gzip), from a table of another SQLite file (a vec table, a vec0 table of sqlite-vec, an ordinary
 * table), or from objects of the program. The source is streamed. Documents are stored in batches, one transaction
 * each. After an error or an abort, the earlier batches are in the file, and `onConflict: 'skip'` continues from
 * there.
 *
 * Throws InterchangeError: VEC_SOURCE with the place in the source, VEC_OPTION for options that are missing or
 * contradict each other; VEC_QUERY and VEC_SHADOW when the table cannot be written; TypeError and RangeError for
 * misuse.
 *
 *     const { written } = await importDocuments(db, { table: 'docs', source: 'docs.jsonl' })
 */
export async function importDocuments(
  db: Connection,
  options: ImportOptions,
): Promise<ImportReport> {
  const where = 'importDocuments()'
  requireDatabase(where, db)
  check.checkOptions(where, options, CHECKS)
  for (const name of ['table', 'source'] as const) {
    if (options[name] === undefined) CHECKS[name](where, `options.${name}`, undefined)
  }
  const { ids, source: given, signal } = options
  if (typeof ids === 'object' && typeof given === 'object' && 'bytes' in given) {
    if (ids.bytes === given.bytes) {
      throw argumentError(where, 'options.ids', ids, 'a stream other than the source')
    }
  }
  signal?.throwIfAborted()
  const table = describeTable(db, options.table, { counts: false })
  const target = { db, table: table.name, columns: storedColumns(table) }
  const source = await chooseSource(options, target, options.embed !== undefined)
  let importer: Importer | undefined
  try {
    importer = new Importer(
      db,
      {
        table,
        dataset: options.dataset ?? DEFAULT_DATASET,
        forceDataset: options.dataset !== undefined,
        onConflict: options.onConflict ?? 'error',
        model: options.model,
      },
      source,
    )
    const began = performance.now()
    await copy(source, importer, options)
    return reportOf(importer, table, source, (performance.now() - began) / 1000)
  } finally {
    importer?.close()
    source.close()
  }
}

async function copy(
  source: DocumentSource,
  importer: Importer,
  { embed, batch: size, onProgress, signal }: ImportOptions,
): Promise<void> {
  const rows = size ?? (embed ? EMBED_BATCH : DEFAULT_BATCH)
  let first = true
  try {
    for await (const batch of batchesOf(source.documents(), rows)) {
      const doubt = first ? source.doubt() : undefined
      if (doubt) throw doubt
      first = false
      importer.write(embed ? await withEmbeddings(batch, embed, signal) : batch)
      const { written, skipped } = importer
      onProgress?.({ done: source.done, total: source.total, written, skipped })
      // Signals arrive between the turns of the event loop.
      await nextTurn()
      signal?.throwIfAborted()
    }
  } catch (error) {
    // After an abort, its reason is thrown, whatever error the abort caused.
    throw signal?.aborted === true ? signal.reason : whatIsStored(error, importer.written)
  }
}

async function withEmbeddings(
  batch: Batch,
  embed: EmbedFunc,
  signal: AbortSignal | undefined,
): Promise<Batch> {
  const documents = [...documentsOf(batch)]
  const bare = documents.filter(({ embedding, content }) => embedding === null && content !== null)
  const texts = bare.map(({ content }) => content ?? '')
  const embeddings = await embedTexts(embed, texts, signal === undefined ? {} : { signal })
  const embedded: Document[] = []
  let next = 0
  for (const document of documents) {
    if (document !== bare[next]) embedded.push(document)
    else embedded.push({ ...document, embedding: embeddings[next++] })
  }
  return [embedded]
}

/** Adds to an error how much is already in the file. */
function whatIsStored(error: unknown, written: number): unknown {
  if (!(error instanceof InterchangeError) || written === 0) return error
  const stored = `the earlier batches are in the file (${counted(written, 'document')}); ${optionText('onConflict', 'skip')} continues after them`
  const { message, hint, place, option } = error
  return new InterchangeError(message, {
    hint: hint === undefined ? stored : `${hint}; ${stored}`,
    place,
    option,
    cause: error,
  })
}

function reportOf(
  importer: Importer,
  table: TableDescription,
  source: DocumentSource,
  seconds: number,
): ImportReport {
  const { written, skipped, replaced, merged, wrapped, dims } = importer
  const theirs = source.metric && (METRIC_NAMES[source.metric] ?? source.metric)
  const differs = theirs !== undefined && theirs !== table.metric
  return {
    source: source.name,
    table: table.name,
    written,
    skipped,
    replaced,
    merged,
    ...importer.unfindable(),
    wrapped,
    dimensions: Object.fromEntries(dims),
    notes: [
      ...(differs
        ? [
            `the source uses metric ${theirs}, but ${table.name} uses ${table.metric}: scores will differ, and the order may differ`,
          ]
        : []),
      ...source.notes(),
    ],
    seconds,
  }
}
