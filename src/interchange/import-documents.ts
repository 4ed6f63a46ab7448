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
import type { Document, DocumentSource } from './document.ts'
import { CONFLICT_MODES, Importer, type ConflictMode } from './importer.ts'
import { InterchangeError, optionText } from './interchange-error.ts'
import { chooseSource, SOURCE_FORMATS, type SourceOptions } from './sources/choose-source.ts'
import { PARTS } from './sources/record-mapper.ts'

/** Documents go here that name no dataset themselves. */
export const DEFAULT_DATASET = 'default'
/** A transaction takes the disk's time once: with few of them an import is as fast as one bulk load. */
export const DEFAULT_BATCH = 200_000
/** An embed function may take seconds for each hundred texts. */
const EMBED_BATCH = 256

export interface ImportOptions extends SourceOptions {
  /** The vec table. */
  readonly table: string
  /** All documents go to this dataset; otherwise where they say, or to 'default'. */
  readonly dataset?: string | undefined
  /**
   * When an id is in its dataset already: 'error' (the default) stores nothing of the batch, 'replace' takes the new
   * document, 'skip' keeps the old one, 'merge' completes the old one with what the new one says.
   */
  readonly onConflict?: ConflictMode | undefined
  /** Written as `embedding_model` of all documents; otherwise what they say. */
  readonly model?: string | undefined
  /** Embeds contents that come without an embedding. */
  readonly embed?: EmbedFunc | undefined
  /** Documents in a transaction: 200,000, or 256 with `embed`. A batch ends after 128 MB in any case. */
  readonly batch?: number | undefined
  /** Called after each batch. */
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined
  /** Ends the import after the batch that is being written: the promise is rejected with its reason. */
  readonly signal?: AbortSignal | undefined
}

export interface ImportProgress {
  /** How far the source was read, in bytes or rows, and its size where that is known. */
  readonly done: number
  readonly total: number | undefined
  /** Documents in the file now. */
  readonly written: number
  readonly skipped: number
}

/** What an import did, and what a search will find of it. */
export interface ImportReport {
  readonly source: string
  readonly table: string
  /** Documents in the file now that were not before, or were replaced or completed. */
  readonly written: number
  /** Left out, as their ids were there already. */
  readonly skipped: number
  /** Of those written: took the place of others of the same id. */
  readonly replaced: number
  /** Of those written: completed others of the same id. */
  readonly merged: number
  /** Stored, and found by no search: without an embedding, archived, or all zeros under cosine. */
  readonly unembedded: number
  readonly archived: number
  readonly zero: number
  /** Whose meta was not JSON: it is stored as a JSON string. */
  readonly wrapped: number
  /** Numbers in a vector, by dataset, of those that got vectors. */
  readonly dimensions: Readonly<Record<string, number>>
  /** How the source was read, where that may surprise. */
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
 * Reads documents with their vectors into a vec table: from JSONL, JSON, CSV, TSV, .npy, raw float32 (each also packed
 * with gzip), from a table of another SQLite file (a vec table, a vec0 table of sqlite-vec, an ordinary table), or from
 * objects of the program. Reading is streaming. Documents are stored in batches, each one transaction; after an error or
 * an abort the earlier batches are in the file, and `onConflict: 'skip'` goes on from there.
 *
 * Throws InterchangeError: VEC_SOURCE with the place in the source, VEC_OPTION for options that are missing or contradict
 * each other; VEC_QUERY and VEC_SHADOW when the table cannot be written; TypeError and RangeError for misuse.
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
  const source = await chooseSource(options, { db, table: table.name }, options.embed !== undefined)
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
    // Whatever an interruption broke, the interruption is what happened.
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

/** An error in the middle says what is in the file already. */
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
