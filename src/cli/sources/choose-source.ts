import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { extname } from 'node:path'
import { usageError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { ByteStream } from './byte-stream.ts'
import { CsvSource } from './csv-source.ts'
import { databaseSource } from './database-source.ts'
import type { DocumentSource } from './document.ts'
import { JsonlSource } from './jsonl-source.ts'
import { MatrixSource } from './matrix-source.ts'
import { RecordMapper } from './record-mapper.ts'
import { documentLabels, lineLabels, NumberedRows, type RowLabels } from './row-labels.ts'

const FORMATS = ['jsonl', 'csv', 'tsv', 'npy', 'f32', 'sqlite'] as const
export type SourceFormat = (typeof FORMATS)[number]

const BY_EXTENSION: Readonly<Record<string, SourceFormat>> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.npy': 'npy',
  '.f32': 'f32',
  '.bin': 'f32',
}

const SQLITE_MAGIC = 'SQLite format 3\0'

/** The source that the arguments of `svec import` name. */
export async function chooseSource(
  context: Context,
  path: string,
  target: { readonly path: string; readonly table: string },
): Promise<DocumentSource> {
  const { flags } = context
  const format = flags.oneOf('format', FORMATS) ?? formatOf(path)
  refuseStray(context, format)
  if (format === 'sqlite') return databaseSource(context, path, target)
  const stream = new ByteStream(context, path)
  if (format === 'npy') return new MatrixSource(stream, labels(context, path), undefined)
  if (format === 'f32') {
    const dim = flags.integer('dim', 1, 65_536)
    if (dim === undefined) {
      throw usageError(
        `${path} is raw float32, which does not say its dimensions`,
        'give them with --dim',
      )
    }
    return new MatrixSource(stream, labels(context, path), dim)
  }
  return textSource(context, stream, format)
}

function textSource(
  context: Context,
  stream: ByteStream,
  format: 'jsonl' | 'csv' | 'tsv',
): DocumentSource {
  const mapper = new RecordMapper(context.flags)
  if (format === 'jsonl') return new JsonlSource(stream, mapper)
  return new CsvSource(stream, mapper, format === 'csv' ? ',' : '\t')
}

/** What stdin brings cannot be told from its name: JSONL, unless --format says something else. */
function formatOf(path: string): SourceFormat {
  if (path === '-') return 'jsonl'
  if (statSync(path).isFile() && isSqlite(path)) return 'sqlite'
  const known = BY_EXTENSION[extname(path).toLowerCase()]
  if (known) return known
  throw usageError(
    `${path}: its name does not tell what it is`,
    `say it with --format: ${FORMATS.join(', ')}`,
  )
}

function isSqlite(path: string): boolean {
  const start = Buffer.alloc(SQLITE_MAGIC.length)
  const file = openSync(path, 'r')
  try {
    readSync(file, start, 0, start.length, 0)
  } finally {
    closeSync(file)
  }
  return start.toString('latin1') === SQLITE_MAGIC
}

function labels(context: Context, matrix: string): RowLabels {
  const path = context.flags.text('ids')
  if (path === undefined) return new NumberedRows()
  if (path === '-' && matrix === '-') throw usageError('stdin cannot be the numbers and the ids')
  const stream = new ByteStream(context, path)
  const format = BY_EXTENSION[extname(path).toLowerCase()]
  if (format === 'jsonl' || format === 'csv' || format === 'tsv') {
    return documentLabels(textSource(context, stream, format))
  }
  return lineLabels(stream, path === '-' ? undefined : () => new ByteStream(context, path))
}

/** An option that would be ignored is a mistake that would go unseen. */
function refuseStray(context: Context, format: SourceFormat): void {
  const matrix = format === 'npy' || format === 'f32'
  const belongs: readonly (readonly [string, boolean, string])[] = [
    ['dim', format === 'f32', 'f32'],
    ['ids', matrix, 'npy and f32'],
    ['from-table', format === 'sqlite', 'sqlite'],
    ['vector-column', format === 'sqlite', 'sqlite'],
  ]
  for (const [name, fits, formats] of belongs) {
    if (context.flags.has(name) && !fits) {
      throw usageError(`--${name} is for the format ${formats}, the source is ${format}`)
    }
  }
}
