import type { Connection, SqlValue } from '../../entries/main.ts'
import { adminDataset, askAdmin, isTrouble } from '../admin.ts'
import { usageError } from '../cli-error.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { DATABASE_OPTIONS, withDatabase } from '../database.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { exportMatrix } from '../export-matrix.ts'
import { exportText } from '../export-text.ts'
import { FILTER_OPTION } from '../filter.ts'
import { showFindings } from '../findings.ts'
import { chosenTable, TABLE_OPTION } from '../vec-tables.ts'

const FORMATS = ['jsonl', 'csv', 'npy', 'f32', 'brute', 'cover'] as const
type Format = (typeof FORMATS)[number]

/** Who names a file so expects something else than JSONL in it. */
const OTHER_EXTENSIONS = /\.(json|tsv|sqlite3?|db|parquet|arrow|xlsx|npz|gz|zip)$/i

export const exportCommand: Command = {
  name: 'export',
  summary: 'write documents and vectors to a file, or the index of the original program',
  details: [
    'jsonl and csv hold everything, and svec import reads them back. npy and f32 hold the vectors of one',
    'dataset, and --ids the ids that belong to them. brute and cover write the index that the original Go',
    'program reads into the SQLite file itself. A file that is written appears when it is complete.',
  ],
  arguments: [
    { name: 'file', description: 'the SQLite file' },
    { name: 'output', description: 'the file to write; stdout when left out', optional: true },
  ],
  options: {
    ...TABLE_OPTION,
    dataset: { type: 'string', short: 'd', value: 'name', description: 'this dataset alone' },
    format: {
      type: 'string',
      short: 'f',
      value: 'name',
      description: 'jsonl (default), csv, npy, f32, brute or cover; else as the output is named',
    },
    ids: { type: 'string', value: 'file', description: 'npy, f32: the file for the ids' },
    vectors: {
      type: 'string',
      value: 'how',
      description: 'jsonl, csv: json (default), base64 (quicker, shorter) or none',
    },
    ...FILTER_OPTION,
    force: { type: 'boolean', description: 'write over a file that exists' },
    ...DATABASE_OPTIONS,
  },
  examples: [
    { line: 'export docs.sqlite docs.jsonl', says: 'everything, one JSON object a line' },
    {
      line: 'export docs.sqlite words.npy --ids words.txt -d words',
      says: 'a matrix for numpy, and its ids',
    },
    { line: 'export docs.sqlite --format cover', says: 'indexes for the original Go program' },
  ],
  run: context => {
    const path = context.arg('file')
    const format = chosenFormat(context)
    const legacy = format === 'brute' || format === 'cover'
    return withDatabase(context, path, { readonly: !legacy }, db =>
      legacy ? exportLegacy(context, db, path, format) : exportDocuments(context, db, path, format),
    )
  },
}

function chosenFormat(context: Context): Format {
  const output = context.args.get('output')
  const extension = /\.(\w+)$/.exec(output ?? '')?.[1].toLowerCase()
  const byName = FORMATS.find(format => format === extension)
  const named = context.flags.oneOf('format', FORMATS) ?? byName
  if (named === undefined && OTHER_EXTENSIONS.test(output ?? '')) {
    throw usageError(
      `${output}: files of this kind are not written: jsonl, csv, npy and f32 are`,
      'name it docs.jsonl, or say with --format what it is to hold',
    )
  }
  const format = named ?? 'jsonl'
  const strays: readonly (readonly [string, boolean])[] = [
    ['ids', format === 'npy' || format === 'f32'],
    ['vectors', format === 'jsonl' || format === 'csv'],
    ['filter', format !== 'brute' && format !== 'cover'],
  ]
  for (const [name, fits] of strays) {
    if (context.flags.has(name) && !fits) throw usageError(`--${name} is not for ${format}`)
  }
  if ((format === 'brute' || format === 'cover') && output !== undefined) {
    throw usageError(
      `${format} is written into the SQLite file itself, not into ${output}`,
      'leave the output out',
    )
  }
  return format
}

async function exportLegacy(
  context: Context,
  db: Connection,
  path: string,
  format: 'brute' | 'cover',
): Promise<ExitCode> {
  const table = chosenTable(context, db, path)
  const dataset = adminDataset(context, db, [table])
  const findings = askAdmin(db, `export:${format}`, table, dataset)
  await showFindings(context, path, [{ table: table.name, findings }])
  return findings.some(isTrouble) ? EXIT.found : EXIT.ok
}

async function exportDocuments(
  context: Context,
  db: Connection,
  path: string,
  format: 'jsonl' | 'csv' | 'npy' | 'f32',
): Promise<ExitCode> {
  const table = chosenTable(context, db, path)
  const parameters: SqlValue[] = []
  const wanted = context.flags.text('dataset')
  if (wanted !== undefined) parameters.push(adminDataset(context, db, [table]))
  if (format === 'jsonl' || format === 'csv')
    await exportText(context, db, table, format, parameters)
  else await exportMatrix(context, db, table, format)
  return EXIT.ok
}
