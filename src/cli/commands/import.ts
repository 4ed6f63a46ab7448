import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Connection } from '../../entries/main.ts'
import { embedTexts, type EmbedFunc } from '../../entries/vecutil.ts'
import { askAdmin } from '../admin.ts'
import { batchesOf, documentsOf, type Batch } from '../batches.ts'
import { CliError } from '../cli-error.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { counted } from '../counted.ts'
import { DATABASE_OPTIONS, withDatabase } from '../database.ts'
import { EMBED_OPTIONS, embedCommand } from '../embed-command.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { Importer, type OnConflict } from '../importer.ts'
import { shellWord } from '../shell-word.ts'
import { chooseSource } from '../sources/choose-source.ts'
import type { Document, DocumentSource } from '../sources/document.ts'
import { FIELD_OPTIONS } from '../sources/record-mapper.ts'
import { vecMetric } from '../vec-metric.ts'
import { chosenTable, TABLE_OPTION, type VecTable } from '../vec-tables.ts'

const DEFAULT_DATASET = 'default'
const CONFLICTS: readonly OnConflict[] = ['error', 'replace', 'skip', 'merge']
/** A transaction takes the disk's time once: with few of them an import is as fast as one bulk load. */
const BATCH = 200_000
/** From here on the index takes a moment. */
const LARGE = 50_000
/** An embed command may take seconds for each hundred texts. */
const EMBED_BATCH = 256

export const importCommand: Command = {
  name: 'import',
  summary: 'read documents with their vectors into a vec table',
  details: [
    'Sources: JSONL, JSON, CSV or TSV (a line of names first), .npy, raw float32 (--dim), all of them',
    'also compressed with gzip; or another SQLite file: a vec table of ours or of the original Go program,',
    'a vec0 table of sqlite-vec, or with --from-table an ordinary table.',
    'Documents are stored in batches, each whole or not at all. After an error or Ctrl-C those of the',
    'earlier batches are in the file; --on-conflict skip goes on from there.',
  ],
  arguments: [
    { name: 'file', description: 'the SQLite file, made with svec init' },
    { name: 'source', description: 'the file to read; - is stdin' },
  ],
  options: {
    ...TABLE_OPTION,
    dataset: {
      type: 'string',
      short: 'd',
      value: 'name',
      description: `put all documents here; otherwise where they say, or '${DEFAULT_DATASET}'`,
    },
    'on-conflict': {
      type: 'string',
      value: 'what',
      description: 'when an id is there already: error (default), replace, merge or skip',
    },
    format: {
      type: 'string',
      short: 'f',
      value: 'name',
      description: 'jsonl, json, csv, tsv, npy, f32 or sqlite, where the name does not tell',
    },
    dim: { type: 'string', value: 'n', description: 'f32: numbers in a vector' },
    ids: {
      type: 'string',
      value: 'file',
      description: 'npy, f32: one id a line; or JSONL, JSON or CSV with ids, content and meta',
    },
    'from-table': { type: 'string', value: 'name', description: 'sqlite: the table to read' },
    'vector-column': {
      type: 'string',
      value: 'name',
      description: 'sqlite: which vectors of a vec0 table that has several',
    },
    model: { type: 'string', value: 'name', description: 'write this as embedding_model' },
    optimize: {
      type: 'boolean',
      description: 'then build and save the index, so that the first search need not',
    },
    batch: { type: 'string', value: 'n', description: `documents in a transaction (${BATCH})` },
    ...FIELD_OPTIONS,
    ...EMBED_OPTIONS,
    ...DATABASE_OPTIONS,
  },
  examples: [
    {
      line: 'import docs.sqlite docs.jsonl',
      says: 'one JSON object a line: id, embedding, content',
    },
    {
      line: 'import docs.sqlite vectors.npy --ids names.txt --dataset words',
      says: 'a matrix of numpy, its ids in a file beside it',
    },
    {
      line: 'import docs.sqlite app.db --from-table items --content-field body',
      says: 'a vec0 table of sqlite-vec',
    },
    {
      line: 'import docs.sqlite app.db --from-table notes --id-field slug --embedding-field vector',
      says: 'an ordinary table with float32 in a column',
    },
    {
      line: 'import docs.sqlite titles.csv --on-conflict merge',
      says: 'more about documents that are there: what a row does not say stays',
    },
    {
      line: 'import docs.sqlite texts.csv --embed-command ./embed.py',
      says: 'texts without vectors, embedded on the way',
    },
  ],
  run: context => {
    const path = context.arg('file')
    return withDatabase(context, path, {}, db => importInto(context, db, path))
  },
}

async function importInto(context: Context, db: Connection, path: string): Promise<ExitCode> {
  const { flags } = context
  const table = chosenTable(context, db, path)
  const onConflict = flags.oneOf('on-conflict', CONFLICTS) ?? 'error'
  const dataset = flags.text('dataset')
  const command = flags.text('embed-command')
  const embed = command === undefined ? undefined : embedCommand(command)
  const rows = flags.integer('batch', 1, 1_000_000) ?? (embed ? EMBED_BATCH : BATCH)
  const source = await chooseSource(context, context.arg('source'), { path, table: table.name })
  let importer: Importer | undefined
  try {
    const target = {
      table,
      dataset: dataset ?? DEFAULT_DATASET,
      forceDataset: dataset !== undefined,
      onConflict,
      model: flags.text('model'),
    }
    importer = new Importer(db, target, source)
    await tellMetric(context, db, table, source)
    const seconds = await copy(context, source, importer, {
      rows,
      embed,
    })
    await report(context, importer, table, source, seconds)
    await finish(context, db, path, table, importer)
    return EXIT.ok
  } finally {
    importer?.close()
    source.close()
  }
}

/** A large import leaves a long journal, and an index to be built by whoever searches first. */
async function finish(
  context: Context,
  db: Connection,
  path: string,
  table: VecTable,
  { written }: Importer,
): Promise<void> {
  if (context.flags.on('optimize')) {
    const progress = context.progress('building the index')
    progress.update(0, '...')
    askAdmin(db, 'optimize', table)
    progress.end()
  } else if (written >= LARGE) {
    const command = `svec optimize ${shellWord(path)}`
    await context.note(
      `note: the first search builds the index; ${command} builds and saves it now`,
    )
  }
}

interface CopyOptions {
  readonly rows: number
  readonly embed: EmbedFunc | undefined
}

/** Returns the seconds it took. */
async function copy(
  context: Context,
  source: DocumentSource,
  importer: Importer,
  { rows, embed }: CopyOptions,
): Promise<number> {
  const { signal } = context
  const progress = context.progress('importing', source.total)
  const began = performance.now()
  try {
    let asked = false
    for await (const batch of batchesOf(source.documents(), rows)) {
      const doubt = asked ? undefined : source.doubt?.()
      if (doubt) throw doubt
      asked = true
      importer.write(embed ? await withEmbeddings(batch, embed, signal) : batch)
      progress.update(source.done, counted(importer.written + importer.skipped, 'document'))
      // Signals arrive between the turns of the event loop.
      await nextTurn()
      signal.throwIfAborted()
    }
  } catch (error) {
    // Whatever an interruption broke, the interruption is what happened.
    throw told(signal.aborted ? signal.reason : error, importer)
  } finally {
    progress.end()
  }
  return (performance.now() - began) / 1000
}

async function withEmbeddings(batch: Batch, embed: EmbedFunc, signal: AbortSignal): Promise<Batch> {
  const documents = [...documentsOf(batch)]
  const bare = documents.filter(({ embedding, content }) => embedding === null && content !== null)
  const texts = bare.map(({ content }) => content ?? '')
  const embeddings = await embedTexts(embed, texts, { signal })
  const embedded: Document[] = []
  let next = 0
  for (const document of documents) {
    if (document !== bare[next]) embedded.push(document)
    else embedded.push({ ...document, embedding: embeddings[next++] })
  }
  return [embedded]
}

/** An error in the middle says what is in the file already. */
function told(error: unknown, { written }: Importer): unknown {
  if (!(error instanceof CliError)) return error
  if (written === 0 && error.code !== 'CLI_INTERRUPTED') return error
  const hint =
    written === 0
      ? 'nothing was stored'
      : `what came before is in the file (${counted(written, 'document')}); --on-conflict skip goes on behind it`
  return new CliError(error.code, error.message, {
    hint: error.hint === undefined ? hint : `${error.hint}; ${hint}`,
    cause: error,
  })
}

async function tellMetric(
  context: Context,
  db: Connection,
  table: VecTable,
  source: DocumentSource,
): Promise<void> {
  if (source.metric === undefined) return
  const metric = vecMetric(db, table.name)
  const theirs = source.metric === 'l2' ? 'euclidean' : source.metric
  if (theirs === metric) return
  await context.note(
    `note: the source compares by ${theirs}, ${table.name} by ${metric}: other scores, and maybe another order`,
  )
}

async function report(
  context: Context,
  importer: Importer,
  table: VecTable,
  source: DocumentSource,
  seconds: number,
): Promise<void> {
  const { written, skipped, merged, replaced, wrapped, dims } = importer
  const { unembedded, archived, zero } = importer.unfindable()
  const notes = source.notes?.() ?? []
  const lines = [
    `imported ${counted(written, 'document')} from ${source.name} into ${table.name} in ${seconds.toFixed(1)} s`,
  ]
  if (skipped > 0) lines.push(`skipped ${counted(skipped, 'document')} that were there already`)
  if (replaced > 0) lines.push(`${counted(replaced, 'document')} replaced others of the same id`)
  if (merged > 0) lines.push(`${counted(merged, 'document')} completed what was there`)
  if (unembedded > 0)
    lines.push(`${counted(unembedded, 'document')} without an embedding: they will not be found`)
  if (archived > 0) lines.push(`${counted(archived, 'document')} archived: they will not be found`)
  if (zero > 0)
    lines.push(`${counted(zero, 'document')} with zeros alone: by cosine they will not be found`)
  if (wrapped > 0)
    lines.push(`${counted(wrapped, 'document')} with a meta that is not JSON: stored as JSON text`)
  lines.push(...notes.map(note => `note: ${note}`))
  for (const [dataset, dim] of [...dims].slice(0, 20)) {
    lines.push(`dataset ${dataset}: ${dim} dimensions`)
  }
  const value = {
    table: table.name,
    imported: written,
    skipped,
    replaced,
    merged,
    unembedded,
    archived,
    zero,
    wrapped,
    notes,
    dimensions: Object.fromEntries(dims),
    seconds: Number(seconds.toFixed(3)),
  }
  await context.print(value, lines)
}
