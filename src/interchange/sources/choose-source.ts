import { extname } from 'node:path'
import { readDatabaseHeader } from '../../sqlite/load-engine.ts'
import type { Typing } from '../declared-column.ts'
import type { DocumentSource } from '../document.ts'
import { optionError, optionText, sourceError } from '../interchange-error.ts'
import type { ByteInput, NamedBytes } from './byte-input.ts'
import { ByteStream, folderError, startOf, statOf } from './byte-stream.ts'
import { CsvSource } from './csv-source.ts'
import { databaseSource, type TableChoice, type TargetTable } from './database-source.ts'
import { isGzip, refuseOtherFiles } from './file-signature.ts'
import { JsonSource } from './json-source.ts'
import { JsonlSource } from './jsonl-source.ts'
import { MatrixSource } from './matrix-source.ts'
import { RecordMapper } from './record-mapper.ts'
import { RecordSource, type NamedRecords } from './record-source.ts'
import { documentLabels, lineLabels, NumberedRows, type RowLabels } from './row-labels.ts'

export const SOURCE_FORMATS = ['jsonl', 'json', 'csv', 'tsv', 'npy', 'f32', 'sqlite'] as const
export type SourceFormat = (typeof SOURCE_FORMATS)[number]
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

/** What to read, and how. */
export interface SourceOptions extends TableChoice {
  /** The path of a file, a stream of bytes, or objects of the program. */
  readonly source: string | NamedBytes | NamedRecords
  /** Required if the name of the file does not tell. A stream of bytes is JSONL by default. */
  readonly format?: SourceFormat | undefined
  /** f32: the dimension of the vectors. */
  readonly dim?: number | undefined
  /**
   * npy, f32: a file with one id per line, or JSONL, JSON or CSV with ids, contents and metadata. Default: row
   * numbers from 0.
   */
  readonly ids?: ByteInput | undefined
}

/** Maps records that are typed, or not. */
type NewMapper = (typing?: Typing) => RecordMapper

/** `embeds`: contents without an embedding will get one. */
export async function chooseSource(
  options: SourceOptions,
  target: TargetTable,
  embeds: boolean,
): Promise<DocumentSource> {
  const { source, dim, ids } = options
  const mapper: NewMapper = (typing = 'typed') =>
    new RecordMapper(options, embeds, { columns: target.columns, typing })
  if (typeof source === 'object' && 'records' in source) {
    refuseStray(options, 'records')
    return new RecordSource(source, mapper())
  }
  if (typeof source === 'string' && statOf(source).isDirectory()) throw folderError(source)
  const format = options.format ?? (await formatOf(source))
  refuseStray(options, format)
  if (format === 'sqlite') {
    if (typeof source === 'string') return databaseSource(options, source, target, embeds)
    throw optionError(
      'source',
      `cannot read a SQLite file from ${source.name}`,
      'pass the path of the file',
    )
  }
  if (format === 'npy') {
    return new MatrixSource(new ByteStream(source, 'npy'), labels(ids, mapper), undefined)
  }
  if (format === 'f32') {
    if (dim !== undefined) {
      return new MatrixSource(new ByteStream(source, 'f32'), labels(ids, mapper), dim)
    }
    throw optionError(
      'dim',
      `${nameOf(source)} is raw float32, which does not include its dimensions`,
      `set them: ${optionText('dim')}; for another format: ${optionText('format')}`,
    )
  }
  return textSource(new ByteStream(source), format, mapper, false)
}

function textSource(
  stream: ByteStream,
  format: TextFormat,
  mapper: NewMapper,
  idsAlone: boolean,
): DocumentSource {
  if (format === 'jsonl') return new JsonlSource(stream, mapper())
  if (format === 'json') return new JsonSource(stream, mapper(), idsAlone)
  return new CsvSource(stream, mapper('untyped'), format === 'csv' ? ',' : '\t')
}

async function formatOf(source: ByteInput): Promise<SourceFormat> {
  if (typeof source !== 'string') return 'jsonl'
  // Not by its first bytes: closing a database that this process has open would drop its locks.
  if (typeof (await readDatabaseHeader(source)) === 'object') return 'sqlite'
  const known = formatByName(source)
  if (known) return known
  const start = statOf(source).isFile() ? startOf(source) : new Uint8Array(0)
  refuseOtherFiles(start, source, 'text')
  if (isGzip(start)) {
    throw sourceError(
      `${source} is compressed with gzip`,
      `gunzip it, or set the format of its content: ${optionText('format')}`,
    )
  }
  throw optionError(
    'format',
    `cannot tell the format of ${source} from its name`,
    `set it: ${optionText('format')}, one of ${SOURCE_FORMATS.join(', ')}`,
  )
}

/** `docs.jsonl.gz` is JSONL. */
function formatByName(path: string): SourceFormat | undefined {
  const plain = path.replace(/\.gz$/i, '')
  return BY_EXTENSION[extname(plain).toLowerCase()]
}

function nameOf(input: ByteInput): string {
  return typeof input === 'string' ? input : input.name
}

function labels(ids: ByteInput | undefined, mapper: NewMapper): RowLabels {
  if (ids === undefined) return new NumberedRows()
  const stream = new ByteStream(ids)
  const format = typeof ids === 'string' ? formatByName(ids) : undefined
  if (format === 'jsonl' || format === 'json' || format === 'csv' || format === 'tsv') {
    return documentLabels(textSource(stream, format, mapper, true))
  }
  return lineLabels(stream, typeof ids === 'string' ? () => new ByteStream(ids) : undefined)
}

/** Throws for an option that does not apply. Ignoring it would hide a mistake. */
function refuseStray(options: SourceOptions, format: SourceFormat | 'records'): void {
  const matrix = format === 'npy' || format === 'f32'
  const belongs = [
    ['format', format !== 'records', 'files and bytes'],
    ['dim', format === 'f32', 'f32'],
    ['ids', matrix, 'npy and f32'],
    ['noEmbedding', !matrix, 'jsonl, json, csv, tsv and sqlite'],
    ['fromTable', format === 'sqlite', 'sqlite'],
    ['vectorColumn', format === 'sqlite', 'sqlite'],
  ] as const
  for (const [name, fits, formats] of belongs) {
    if (options[name] === undefined || fits) continue
    throw optionError(
      name,
      `${optionText(name)} applies to ${formats}, but the source is ${format}`,
      'omit the option',
    )
  }
}
