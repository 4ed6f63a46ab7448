import { numberOf } from '../../database/query.ts'
import { BLOCKS, foreignStorageTable, hasTable, STORAGE } from '../schema/layout.ts'
import { quoteName, storageName } from '../schema/names.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'
import { checkMemory } from './check-index.ts'
import { checkJournal } from './check-journal.ts'
import { checkOrphans } from './check-orphans.ts'
import { checkRows } from './check-rows.ts'
import { checkSchema } from './check-schema.ts'
import { checkSaved } from './check-storage.ts'
import { checkText } from './check-text.ts'
import { datasetStatistics, type DatasetStatistics } from './dataset-statistics.ts'
import { diagnostic, type Diagnostic } from './diagnostic.ts'
import { isShadowError, type Problem, type Inspection } from './problem.ts'

/** Compares the indexes, the journal and the storage of a table with its rows, and changes nothing. */
export function check(inspected: Inspection, datasets: readonly string[]): Diagnostic[] {
  try {
    return [
      ...tableProblems(inspected),
      ...datasets.flatMap(dataset => {
        const statistics = datasetStatistics(inspected.searcher.shadow, dataset)
        return [
          ...checkRows(inspected, dataset, statistics),
          ...indexProblems(inspected, dataset, statistics),
          checkSize(inspected, dataset, statistics),
        ]
      }),
    ]
  } catch (error) {
    if (isShadowError(error)) return [shadowTableProblem(error)]
    throw error
  }
}

/** Findings that concern the whole table. */
export function tableProblems(inspected: Inspection): Problem[] {
  const { db, schema } = inspected.searcher.shadow
  const foreign = foreignStorageTable(db, schema)
  return [
    ...checkSchema(inspected),
    ...(foreign === undefined
      ? [...checkJournal(inspected), ...checkOrphans(inspected)]
      : [foreignStorage(schema, foreign)]),
    ...checkText(inspected),
    ...checkDatasetNames(inspected),
  ]
}

function foreignStorage(schema: string, table: string): Diagnostic {
  return diagnostic(
    'error',
    'storage',
    `${table} differs from the table of that name that this library creates, so indexes cannot be saved: drop it, then repair`,
    { fix: `DROP TABLE ${quoteName(schema)}.${table}` },
  )
}

/** Findings about the indexes of a dataset, in memory and saved. */
export function indexProblems(
  inspected: Inspection,
  dataset: string,
  statistics: DatasetStatistics,
): Problem[] {
  const { db, schema } = inspected.searcher.shadow
  const memory = checkMemory(inspected, dataset, statistics)
  if (foreignStorageTable(db, schema) !== undefined) return memory
  return [...memory, ...checkSaved(inspected, dataset, statistics)]
}

/** The finding for a missing or unsuitable shadow table. */
export function shadowTableProblem(error: {
  message: string
  hint: string | undefined
}): Diagnostic {
  return diagnostic(
    'error',
    'shadow-table',
    `${error.message}: ${error.hint ?? 'no query can work'}`,
  )
}

function checkDatasetNames({ searcher }: Inspection): Diagnostic[] {
  const { db, sql, documents } = searcher.shadow
  const condition = documents.unnamedDataset
  if (condition === undefined) return []
  const [dataset, id] = documents.key
  const unnamed = numberOf(db, `SELECT count(*) FROM ${sql} WHERE ${condition}`)
  if (unnamed === 0) return []
  return [
    diagnostic(
      'error',
      'dataset-ids',
      `${unnamed} rows have a ${dataset} that no query can name (${documents.roles.dataset?.kind === 'integer' ? 'not an integer' : 'no text, or blank'}): give them one`,
      { fix: `SELECT ${dataset}, ${id} FROM ${sql} WHERE ${condition}` },
    ),
  ]
}

function checkSize(
  { searcher }: Inspection,
  dataset: string,
  statistics: DatasetStatistics,
): Diagnostic {
  const { shadow, indexes } = searcher
  const memory = indexes.inMemory(dataset)?.datasetIndex.bytes ?? 0
  const saved =
    storedBytes(shadow, STORAGE, '"index"', dataset) + storedBytes(shadow, BLOCKS, 'data', dataset)
  return diagnostic(
    'info',
    'size',
    `${statistics.members * statistics.dim * shadow.refresh().type.bytes} bytes of vectors; the index takes ${memory} bytes of memory and ${saved} bytes of the file`,
    { dataset },
  )
}

function storedBytes(shadow: ShadowTable, table: string, column: string, dataset: string): number {
  const { db, schema, key } = shadow
  if (!hasTable(db, schema, table) || foreignStorageTable(db, schema) !== undefined) return 0
  const sql = `SELECT sum(length(${column})) FROM ${quoteName(schema)}.${table}
    WHERE shadow_table_name = ? AND dataset_id = ?`
  return numberOf(db, sql, storageName(key), dataset)
}
