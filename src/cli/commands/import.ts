import { counted } from '../../core/counted.ts'
import { shellWord } from '../../core/shell-word.ts'
import {
  DEFAULT_BATCH,
  DEFAULT_DATASET,
  importDocuments,
  USUAL_FIELDS,
  type ByteInput,
  type ConflictMode,
  type ImportOptions,
  type ImportReport,
  type SourceFormat,
} from '../../entries/interchange.ts'
import type { Connection } from '../../entries/main.ts'
import { maintain } from '../../entries/vecadmin.ts'
import { CliError, usageError } from '../cli-error.ts'
import { COLUMN_OPTION, declareColumns, givenColumns } from '../column-flag.ts'
import type { CommandBody, CommandOptions } from '../command.ts'
import type { Context } from '../context.ts'
import { DATABASE_OPTIONS, withDatabase } from '../database.ts'
import { embedderOf, EMBED_OPTIONS } from '../embedder-flags.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { chosenTable, datasetOption, TABLE_OPTION } from '../vec-tables.ts'

/** From this number of documents on, building the index takes a moment. */
const LARGE = 50_000

const CONFLICTS: readonly ConflictMode[] = ['error', 'replace', 'skip', 'merge']
const FORMATS: readonly SourceFormat[] = ['jsonl', 'json', 'csv', 'tsv', 'npy', 'f32', 'sqlite']
const PARTS = Object.keys(USUAL_FIELDS) as (keyof typeof USUAL_FIELDS)[]

const FIELD_OPTIONS: CommandOptions = {
  ...Object.fromEntries(
    PARTS.map(part => [
      `${part}-field`,
      {
        type: 'string' as const,
        value: 'name',
        description: `the field with the ${part} (${USUAL_FIELDS[part].join(', ')})`,
      },
    ]),
  ),
  'no-embedding': {
    type: 'boolean',
    description: 'do not treat any field as an embedding',
  },
  'drop-rest': {
    type: 'boolean',
    description: 'drop other fields, instead of collecting them in meta',
  },
}

export const importCommand: CommandBody = {
  details: [
    'Sources: JSONL, JSON, CSV or TSV (with a header line), .npy, raw float32 (--dim), each also',
    'compressed with gzip; or another SQLite file: a vec table of svec or of the original Go program,',
    'a vec0 table of sqlite-vec, or with --from-table an ordinary table.',
    'Documents are stored in batches, each completely or not at all. After an error or Ctrl-C, the',
    'earlier batches are in the file; --on-conflict skip continues from there.',
  ],
  arguments: [
    { name: 'file', description: 'the SQLite file, created with svec init' },
    { name: 'source', description: 'the file to read; - is stdin' },
  ],
  options: {
    ...TABLE_OPTION,
    dataset: datasetOption(
      `the dataset of all documents (what each document says, or '${DEFAULT_DATASET}')`,
    ),
    'on-conflict': {
      type: 'string',
      value: 'what',
      description: 'when an id already exists: error (default), replace, merge or skip',
    },
    format: {
      type: 'string',
      short: 'f',
      value: 'name',
      description: 'jsonl, json, csv, tsv, npy, f32 or sqlite (from the file name)',
    },
    dim: { type: 'string', value: 'n', description: 'f32: dimensions of a vector' },
    ids: {
      type: 'string',
      value: 'file',
      description: 'npy, f32: one id per line; or JSONL, JSON or CSV with ids, content and meta',
    },
    'from-table': { type: 'string', value: 'name', description: 'sqlite: the table to read' },
    'vector-column': {
      type: 'string',
      value: 'name',
      description: 'sqlite: the vector column of a vec0 table that has several',
    },
    model: { type: 'string', value: 'name', description: 'the value to store as embedding_model' },
    optimize: {
      type: 'boolean',
      description: 'then build and save the index, so that the first search is fast',
    },
    batch: {
      type: 'string',
      value: 'n',
      description: `documents per transaction (${DEFAULT_BATCH})`,
    },
    ...FIELD_OPTIONS,
    ...COLUMN_OPTION,
    ...EMBED_OPTIONS,
    ...DATABASE_OPTIONS,
  },
  examples: [
    {
      line: 'import docs.sqlite docs.jsonl',
      says: 'one JSON object per line: id, embedding, content',
    },
    {
      line: 'import docs.sqlite vectors.npy --ids names.txt --dataset words',
      says: 'a NumPy matrix, with its ids in a second file',
    },
    {
      line: 'import docs.sqlite app.db --from-table items --content-field body',
      says: 'a vec0 table of sqlite-vec',
    },
    {
      line: 'import docs.sqlite app.db --from-table notes --id-field slug --embedding-field vector',
      says: 'an ordinary table with a float32 column',
    },
    {
      line: 'import docs.sqlite titles.csv --on-conflict merge',
      says: 'add to existing documents: what a row does not mention stays',
    },
    {
      line: 'import docs.sqlite texts.csv --embed-command ./embed.py',
      says: 'texts without vectors, embedded during the import',
    },
    {
      line: 'import docs.sqlite docs.jsonl --column lang=TEXT --column year=INTEGER',
      says: 'fields as columns, which make filters fast',
    },
  ],
  run: context => {
    const path = context.arg('file')
    return withDatabase(context, path, {}, db => importInto(context, db, path))
  },
}

async function importInto(context: Context, db: Connection, path: string): Promise<ExitCode> {
  const { signal } = context
  const table = chosenTable(context, db, path)
  const options = await importOptions(context)
  declareColumns(db, table, givenColumns(context.flags))
  const progress = context.progress('importing')
  let stored = 0
  let report: ImportReport
  try {
    report = await importDocuments(db, {
      ...options,
      table: table.name,
      signal,
      onProgress: ({ done, total, written, skipped }) => {
        stored = written
        progress.update(done, counted(written + skipped, 'document'), total)
      },
    })
  } catch (error) {
    throw withStored(error, stored)
  } finally {
    progress.end()
  }
  await show(context, report)
  if (context.flags.on('optimize')) {
    const building = context.progress('building the index')
    building.update(0, '...')
    maintain(db, table.name, 'optimize')
    building.end()
  } else if (report.written >= LARGE) {
    const command = `svec optimize ${shellWord(path)}`
    await context.note(
      `note: the first search builds the index; ${command} builds and saves it now`,
    )
  }
  return EXIT.ok
}

/** Converts the flags to options of importDocuments(). */
async function importOptions(context: Context): Promise<Omit<ImportOptions, 'table'>> {
  const { flags } = context
  const given = context.arg('source')
  const ids = flags.text('ids')
  const input = (path: string): ByteInput => (path === '-' ? context.stdinBytes : path)
  if (ids === '-' && given === '-') throw usageError('stdin cannot be both the vectors and the ids')
  const embedder = await embedderOf(context)
  return {
    source: input(given),
    format: flags.oneOf('format', FORMATS),
    dataset: flags.text('dataset'),
    onConflict: flags.oneOf('on-conflict', CONFLICTS),
    dim: flags.integer('dim', 1, 65_536),
    ids: ids === undefined ? undefined : input(ids),
    fromTable: flags.text('from-table'),
    vectorColumn: flags.text('vector-column'),
    model: flags.text('model') ?? embedder?.model,
    fields: Object.fromEntries(PARTS.map(part => [part, flags.text(`${part}-field`)])),
    noEmbedding: flags.on('no-embedding') || undefined,
    dropRest: flags.on('drop-rest') || undefined,
    embed: embedder?.embed,
    batch: flags.integer('batch', 1, 1_000_000),
  }
}

/** Adds how much is stored to an interruption or a failure of the embed command, as errors of the source do. */
function withStored(error: unknown, stored: number): unknown {
  if (!(error instanceof CliError)) return error
  if (stored === 0 && error.code !== 'CLI_INTERRUPTED') return error
  const what =
    stored === 0
      ? 'nothing was stored'
      : `the earlier batches are in the file (${counted(stored, 'document')}); --on-conflict skip continues after them`
  return new CliError(error.code, error.message, {
    hint: error.hint === undefined ? what : `${error.hint}; ${what}`,
    cause: error,
  })
}

async function show(context: Context, report: ImportReport): Promise<void> {
  const { source, table, written, dimensions, notes, seconds } = report
  const lines = [
    `imported ${counted(written, 'document')} from ${source} into ${table} in ${seconds.toFixed(1)} s`,
  ]
  for (const [name, says] of FATES) {
    if (report[name] > 0) lines.push(`${counted(report[name], 'document')} ${says}`)
  }
  lines.push(...notes.map(note => `note: ${note}`))
  for (const [dataset, dim] of Object.entries(dimensions).slice(0, 20)) {
    lines.push(`dataset ${dataset}: ${counted(dim, 'dimension')}`)
  }
  const { skipped, replaced, merged, unembedded, archived, zero, wrapped } = report
  const value = {
    table,
    imported: written,
    skipped,
    replaced,
    merged,
    unembedded,
    archived,
    zero,
    wrapped,
    notes,
    dimensions,
    seconds: Number(seconds.toFixed(3)),
  }
  await context.print(value, lines)
}

/** The outcomes of documents that are worth a line. */
const FATES = [
  ['skipped', 'skipped: their ids already existed'],
  ['replaced', 'replaced others with the same id'],
  ['merged', 'completed others with the same id'],
  ['unembedded', 'without an embedding: searches cannot find them'],
  ['archived', 'archived: searches do not find them'],
  ['zero', 'whose vector is all zeros: searches by cosine cannot find them'],
  ['wrapped', 'whose meta is not JSON: stored as a JSON string'],
] as const
