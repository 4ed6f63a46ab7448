import { setImmediate as nextTurn } from 'node:timers/promises'
import { requireObject } from '../core/argument-error.ts'
import * as check from '../core/check-options.ts'
import { doubleQuoted } from '../core/quote.ts'
import { didYouMean } from '../core/suggest.ts'
import { requireDatabase } from '../database/require-database.ts'
import type { BindValue } from '../database/values.ts'
import type { Connection } from '../sqlite/connection.ts'
import { describeTable, type TableDescription } from '../tables/describe-table.ts'
import { VECTOR_TEXTS, type VectorText } from './document-text.ts'
import { exportMatrix } from './export-matrix.ts'
import type { ExportRun, Sink } from './export-run.ts'
import { exportText } from './export-text.ts'
import { optionError, optionText, sourceError } from './interchange-error.ts'
import { RowFilter, type RowCondition } from './row-filter.ts'
import { TargetFile } from './target-file.ts'

export const EXPORT_FORMATS = ['jsonl', 'csv', 'npy', 'f32'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

export interface ExportOptions {
  /** The vec table. */
  readonly table: string
  /** The path of a file, which appears when it is complete, or a sink that takes the pieces. */
  readonly target: string | Sink
  /** By default, the format that the file's name implies, or 'jsonl'. */
  readonly format?: ExportFormat | undefined
  /** Exports only this dataset. npy and f32 hold one dataset; the name may be omitted if the table has only one. */
  readonly dataset?: string | undefined
  /** Exports only the documents that match this condition. */
  readonly filter?: RowCondition | undefined
  /** jsonl, csv: 'json' (the default), 'base64' (quicker, shorter) or 'none'. */
  readonly vectors?: VectorText | undefined
  /** npy, f32: the file or sink for the ids, one per line. */
  readonly ids?: string | Sink | undefined
  /** Overwrites existing files. */
  readonly overwrite?: boolean | undefined
  readonly onProgress?: ((progress: ExportProgress) => void) | undefined
  /** Ends the export: the promise is rejected with the signal's reason, and no file remains. */
  readonly signal?: AbortSignal | undefined
}

export interface ExportProgress {
  readonly written: number
  /** The total number of documents, if known. */
  readonly total: number | undefined
}

export interface ExportReport {
  /** The number of documents, or vectors. */
  readonly written: number
  /** npy, f32: numbers in a vector. */
  readonly dim: number | undefined
  /** Notes, for instance about documents that a filter could not read. */
  readonly notes: readonly string[]
}

const sink: check.Check = (where, name, value) => {
  if (typeof value === 'string') {
    check.text(where, name, value)
    return
  }
  requireObject(where, name, value, 'a path or an object with write()')
  check.callback(where, `${name}.write`, (value as { write?: unknown }).write)
}

const CHECKS: Readonly<Record<keyof ExportOptions, check.Check>> = {
  table: check.text,
  target: sink,
  format: check.oneOf(EXPORT_FORMATS),
  dataset: check.text,
  filter: (where, name, value) =>
    (typeof value === 'string' ? check.text : check.object)(where, name, value),
  vectors: check.oneOf(VECTOR_TEXTS),
  ids: sink,
  overwrite: check.flag,
  onProgress: check.callback,
  signal: check.signal,
}

/**
 * Writes documents of a vec table. jsonl and csv hold everything, and importDocuments() reads them back; npy and f32
 * hold the vectors of one dataset row by row, and `ids` receives their ids. The whole export shows one state of the
 * table.
 *
 * Throws InterchangeError: VEC_SOURCE for data that cannot be written, VEC_OPTION for options that are missing or
 * contradict each other; VEC_FILTER for a filter that cannot be read; TypeError and RangeError for misuse.
 *
 *     await exportDocuments(db, { table: 'docs', target: 'docs.jsonl' })
 */
export async function exportDocuments(
  db: Connection,
  options: ExportOptions,
): Promise<ExportReport> {
  const where = 'exportDocuments()'
  requireDatabase(where, db)
  check.checkOptions(where, options, CHECKS)
  for (const name of ['table', 'target'] as const) {
    if (options[name] === undefined) CHECKS[name](where, `options.${name}`, undefined)
  }
  const format = formatOf(options)
  const matrix = format === 'npy' || format === 'f32'
  if (matrix && options.ids === undefined) {
    throw optionError(
      'ids',
      `${format} stores only vectors: without their ids, they cannot be told apart`,
      `name a file for the ids: ${optionText('ids', 'ids.txt')}`,
    )
  }
  const table = describeTable(db, options.table, { counts: false })
  if (table.columns.length === 0) {
    throw sourceError(table.problem ?? `the documents of ${table.name} are missing`)
  }
  const dataset = datasetOf(options.dataset, table, matrix)
  const notes: string[] = []
  const { condition, parameters } = conditionOf(db, table, options, dataset, notes)
  const from = `main.${doubleQuoted(table.shadow)} WHERE ${condition}`
  const { onProgress, signal } = options
  const turn: ExportRun['turn'] = async (written, total) => {
    onProgress?.({ written, total })
    await nextTurn()
    signal?.throwIfAborted()
  }
  const targets = new Targets(db, options)
  try {
    const run = { db, table, from, parameters, target: targets.target, turn }
    const { written, dim } = matrix
      ? await exportMatrix({ ...run, dataset: dataset ?? '', format, ids: targets.ids })
      : await exportText({ ...run, format, vectors: options.vectors ?? 'json' })
    targets.finish()
    return { written, dim, notes }
  } finally {
    targets.discard()
  }
}

/** The files that are written, or the sinks that replace them. */
class Targets {
  readonly target: Sink
  readonly ids: Sink
  readonly #files: TargetFile[] = []

  constructor(db: Connection, { target, ids, overwrite = false }: ExportOptions) {
    const others = [db.filename()].filter(path => path !== '')
    const open = (given: string | Sink): Sink => {
      if (typeof given !== 'string') return given
      const file = new TargetFile(given, overwrite, others)
      this.#files.push(file)
      others.push(given)
      return file
    }
    try {
      this.target = open(target)
      this.ids = ids === undefined ? { write: () => undefined } : open(ids)
    } catch (error) {
      this.discard()
      throw error
    }
  }

  finish(): void {
    for (const file of this.#files) file.finish()
  }

  discard(): void {
    for (const file of this.#files) file.discard()
  }
}

/** The extensions of formats other than JSONL, for a clear error. */
const OTHER_EXTENSIONS = /\.(json|tsv|sqlite3?|db|parquet|arrow|xlsx|npz|gz|zip)$/i

function formatOf(options: ExportOptions): ExportFormat {
  const path = typeof options.target === 'string' ? options.target : ''
  const extension = /\.(\w+)$/.exec(path)?.[1].toLowerCase()
  const named = options.format ?? EXPORT_FORMATS.find(format => format === extension)
  if (named === undefined && OTHER_EXTENSIONS.test(path)) {
    throw optionError(
      'format',
      `cannot write ${path}: expected the name of a jsonl, csv, npy or f32 file`,
      `name it docs.jsonl, or set the format: ${optionText('format')}`,
    )
  }
  const format = named ?? 'jsonl'
  const matrix = format === 'npy' || format === 'f32'
  for (const [name, fits] of [
    ['ids', matrix],
    ['vectors', !matrix],
  ] as const) {
    if (options[name] === undefined || fits) continue
    throw optionError(name, `${optionText(name)} does not apply to ${format}`, 'omit the option')
  }
  return format
}

function datasetOf(
  wanted: string | undefined,
  { name, datasets }: TableDescription,
  required: boolean,
): string | undefined {
  const names = datasets.map(dataset => dataset.name)
  const some = names.slice(0, 20).join(', ')
  if (wanted !== undefined && !names.includes(wanted)) {
    throw optionError(
      'dataset',
      `there is no dataset '${wanted}'${didYouMean(wanted, names)}`,
      `the datasets are ${some || 'none'}`,
    )
  }
  if (wanted !== undefined || !required) return wanted
  if (names.length === 0) throw sourceError(`the table ${name} is empty`)
  if (names.length === 1) return names[0]
  throw optionError(
    'dataset',
    `the table ${name} has ${names.length} datasets: ${some}`,
    `choose one: ${optionText('dataset')}`,
  )
}

function conditionOf(
  db: Connection,
  table: TableDescription,
  { filter }: ExportOptions,
  dataset: string | undefined,
  notes: string[],
): { condition: string; parameters: readonly BindValue[] } {
  const parameters = dataset === undefined ? [] : [dataset]
  const conditions = dataset === undefined ? ['1'] : ['dataset_id = ?']
  if (filter === undefined) return { condition: conditions.join(' AND '), parameters }
  const rows = new RowFilter(db, table, filter)
  conditions.push(rows.safe(parameters, note => notes.push(note)))
  return {
    condition: conditions.join(' AND '),
    parameters: [...parameters, ...rows.parameters],
  }
}
