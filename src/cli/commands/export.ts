import { counted } from '../../core/counted.ts'
import { exportDocuments, type ExportFormat, type VectorText } from '../../entries/interchange.ts'
import type { Connection } from '../../entries/main.ts'
import { maintain } from '../../entries/vecadmin.ts'
import { usageError } from '../cli-error.ts'
import type { CommandBody } from '../command.ts'
import type { Context } from '../context.ts'
import { DATABASE_OPTIONS, withDatabase } from '../database.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { FILTER_OPTION, filterOf } from '../filter-flag.ts'
import { adminDataset, isTrouble, showFindings } from '../findings.ts'
import { chosenTable, datasetOption, TABLE_OPTION } from '../vec-tables.ts'

const FORMATS = ['jsonl', 'csv', 'npy', 'f32', 'brute', 'cover'] as const
const VECTORS: readonly VectorText[] = ['json', 'base64', 'none']

export const exportCommand: CommandBody = {
  details: [
    'jsonl and csv contain everything, and svec import reads them back. npy and f32 contain the vectors of one',
    'dataset, and --ids names the file for their ids. brute and cover write the index that the original Go',
    'program reads into the SQLite file itself. An output file appears only when it is complete.',
  ],
  arguments: [
    { name: 'file', description: 'the SQLite file' },
    { name: 'output', description: 'the file to write (stdout)', optional: true },
  ],
  options: {
    ...TABLE_OPTION,
    dataset: datasetOption('only this dataset'),
    format: {
      type: 'string',
      short: 'f',
      value: 'name',
      description: 'jsonl, csv, npy, f32, brute or cover (from the output name, or jsonl)',
    },
    ids: { type: 'string', value: 'file', description: 'npy, f32: the file for the ids' },
    vectors: {
      type: 'string',
      value: 'how',
      description: 'jsonl, csv: json (default), base64 (faster, shorter) or none',
    },
    ...FILTER_OPTION,
    force: { type: 'boolean', description: 'overwrite an existing file' },
    ...DATABASE_OPTIONS,
  },
  examples: [
    { line: 'export docs.sqlite docs.jsonl', says: 'everything, one JSON object per line' },
    {
      line: 'export docs.sqlite words.npy --ids words.txt -d words',
      says: 'a NumPy matrix, and its ids',
    },
    { line: 'export docs.sqlite --format cover', says: 'indexes for the original Go program' },
  ],
  run: context => {
    const path = context.arg('file')
    const format = context.flags.oneOf('format', FORMATS)
    if (format === 'brute' || format === 'cover') {
      refuseStray(context, format)
      return withDatabase(context, path, {}, db => exportIndex(context, db, path, format))
    }
    return withDatabase(context, path, { readonly: true }, db =>
      exportRows(context, db, path, format),
    )
  },
}

function refuseStray(context: Context, format: 'brute' | 'cover'): void {
  const stray = ['ids', 'vectors', 'filter'].find(name => context.flags.has(name))
  if (stray !== undefined) throw usageError(`--${stray} does not apply to ${format}`)
  const output = context.args.get('output')
  if (output === undefined) return
  throw usageError(
    `${format} is written into the SQLite file itself, not to ${output}`,
    'omit the output',
  )
}

async function exportIndex(
  context: Context,
  db: Connection,
  path: string,
  format: 'brute' | 'cover',
): Promise<ExitCode> {
  const table = chosenTable(context, db, path)
  const dataset = adminDataset(context, [table])
  const findings = maintain(db, table.name, `export:${format}`, { dataset })
  await showFindings(context, path, [{ table: table.name, findings }])
  return findings.some(isTrouble) ? EXIT.found : EXIT.ok
}

async function exportRows(
  context: Context,
  db: Connection,
  path: string,
  format: ExportFormat | undefined,
): Promise<ExitCode> {
  const { flags, signal, stdout } = context
  const output = context.args.get('output')
  if (output === undefined && (format === 'npy' || format === 'f32')) {
    throw usageError(`${format} needs an output file`, 'name it after the SQLite file')
  }
  const table = chosenTable(context, db, path)
  const ids = flags.text('ids')
  // Documents on the terminal show the progress, and a bar would be drawn between them.
  const progress = output === undefined ? undefined : context.progress('exporting')
  const { written, dim, notes } = await exportDocuments(db, {
    table: table.name,
    target: output ?? { write: piece => stdout.write(String(piece)) },
    format,
    dataset: flags.text('dataset'),
    filter: filterOf(flags),
    vectors: flags.oneOf('vectors', VECTORS),
    ids,
    overwrite: flags.on('force'),
    signal,
    onProgress: ({ written: done, total }) => {
      progress?.update(done, counted(done, 'document'), total)
    },
  }).finally(() => progress?.end())
  for (const note of notes) await context.note(`note: ${note}`)
  if (output === undefined) return EXIT.ok
  const what =
    dim === undefined
      ? `exported ${counted(written, 'document')} to ${output}`
      : `exported ${counted(written, 'vector')} of ${counted(dim, 'dimension')} to ${output}, their ids to ${ids}`
  await context.print({ exported: written, dim, output, ids }, [what])
  return EXIT.ok
}
