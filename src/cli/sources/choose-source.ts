import { statSync } from 'node:fs'
import { extname } from 'node:path'
import { readDatabaseHeader } from '../../entries/engine.ts'
import { inputError, usageError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { ByteStream, folderError, startOf } from './byte-stream.ts'
import { CsvSource } from './csv-source.ts'
import { databaseSource } from './database-source.ts'
import type { DocumentSource } from './document.ts'
import { isGzip, isSqlite, refuseOtherFiles } from './file-signature.ts'
import { JsonSource } from './json-source.ts'
import { JsonlSource } from './jsonl-source.ts'
import { MatrixSource } from './matrix-source.ts'
import { RecordMapper } from './record-mapper.ts'
import { documentLabels, lineLabels, NumberedRows, type RowLabels } from './row-labels.ts'

const FORMATS = ['jsonl', 'json', 'csv', 'tsv', 'npy', 'f32', 'sqlite'] as const
export type SourceFormat = (typeof FORMATS)[number]
type TextFormat = 'jsonl' | 'json' | 'csv' | 'tsv'

const BY_EXTENSION: Readonly<Record<string, SourceFormat>> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.json': 'json',
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.npy': 'npy',
  '.f32': 'f32',
  '.bin': 'f32',
}

/** The source that the arguments of `svec import` name. */
export async function chooseSource(
  context: Context,
  path: string,
  target: { readonly path: string; readonly table: string },
): Promise<DocumentSource> {
  const { flags } = context
  if (path !== '-' && statSync(path).isDirectory()) throw folderError(path)
  const format = flags.oneOf('format', FORMATS) ?? (await formatOf(path))
  refuseStray(context, format)
  if (format === 'sqlite') {
    if (path === '-') {
      throw usageError('an SQLite file cannot be read from stdin', 'name the file as the source')
    }
    return databaseSource(context, path, target)
  }
  if (format === 'npy') {
    return new MatrixSource(new ByteStream(context, path, 'npy'), labels(context, path), undefined)
  }
  if (format === 'f32') {
    const dim = flags.integer('dim', 1, 65_536)
    if (dim === undefined) {
      throw usageError(
        `${path} is raw float32, which does not say its dimensions`,
        'give them with --dim; other formats are named with --format',
      )
    }
    return new MatrixSource(new ByteStream(context, path, 'f32'), labels(context, path), dim)
  }
  return textSource(context, new ByteStream(context, path), format, false)
}

function textSource(
  context: Context,
  stream: ByteStream,
  format: TextFormat,
  idsAlone: boolean,
): DocumentSource {
  const mapper = new RecordMapper(context.flags)
  if (format === 'jsonl') return new JsonlSource(stream, mapper)
  if (format === 'json') return new JsonSource(stream, mapper, idsAlone)
  return new CsvSource(stream, mapper, format === 'csv' ? ',' : '\t')
}

/** What stdin brings cannot be told from its name: JSONL, unless --format says something else. */
async function formatOf(path: string): Promise<SourceFormat> {
  if (path === '-') return 'jsonl'
  if (typeof (await readDatabaseHeader(path)) === 'object') return 'sqlite'
  const start = statSync(path).isFile() ? startOf(path) : new Uint8Array(0)
  if (isSqlite(start)) return 'sqlite'
  const known = formatByName(path)
  if (known) return known
  refuseOtherFiles(start, path, 'text')
  if (isGzip(start)) {
    throw inputError(`${path} is compressed with gzip`, `gunzip it, or say what is in it: --format`)
  }
  throw usageError(
    `${path}: its name does not tell what it is`,
    `say it with --format: ${FORMATS.join(', ')}`,
  )
}

/** `docs.jsonl.gz` is JSONL. */
function formatByName(path: string): SourceFormat | undefined {
  const plain = path.replace(/\.gz$/i, '')
  return BY_EXTENSION[extname(plain).toLowerCase()]
}

function labels(context: Context, matrix: string): RowLabels {
  const path = context.flags.text('ids')
  if (path === undefined) return new NumberedRows()
  if (path === '-' && matrix === '-') throw usageError('stdin cannot be the numbers and the ids')
  const stream = new ByteStream(context, path)
  const format = formatByName(path)
  if (format === 'jsonl' || format === 'json' || format === 'csv' || format === 'tsv') {
    return documentLabels(textSource(context, stream, format, true))
  }
  return lineLabels(stream, path === '-' ? undefined : () => new ByteStream(context, path))
}

/** An option that would be ignored is a mistake that would go unseen. */
function refuseStray(context: Context, format: SourceFormat): void {
  const matrix = format === 'npy' || format === 'f32'
  const belongs: readonly (readonly [string, boolean, string])[] = [
    ['dim', format === 'f32', 'f32'],
    ['ids', matrix, 'npy and f32'],
    ['no-embedding', !matrix, 'jsonl, json, csv, tsv and sqlite'],
    ['from-table', format === 'sqlite', 'sqlite'],
    ['vector-column', format === 'sqlite', 'sqlite'],
  ]
  for (const [name, fits, formats] of belongs) {
    if (context.flags.has(name) && !fits) {
      throw usageError(`--${name} is for the format ${formats}, the source is ${format}`)
    }
  }
}
