import { numberOf } from '../../database/query.ts'
import { CHUNKS, foreignStorageTable, hasTable, STORAGE } from '../schema/layout.ts'
import { quoteName, storageName } from '../schema/names.ts'
import type { ShadowTable } from '../schema/shadow-table.ts'
import { census, type Census } from './census.ts'
import { checkMemory } from './check-index.ts'
import { checkJournal } from './check-journal.ts'
import { checkOrphans } from './check-orphans.ts'
import { checkRows } from './check-rows.ts'
import { checkSchema } from './check-schema.ts'
import { checkSaved } from './check-storage.ts'
import { isShadowError, type Defect, type Inspected } from './defect.ts'
import { finding, type Finding } from './finding.ts'

/** Compares what is kept of a table and its datasets with its rows, and changes nothing. */
export function check(inspected: Inspected, datasets: readonly string[]): Finding[] {
  try {
    return [
      ...tableDefects(inspected),
      ...datasets.flatMap(dataset => {
        const counted = census(inspected.searcher.shadow, dataset)
        return [
          ...checkRows(inspected, dataset, counted),
          ...indexDefects(inspected, dataset, counted),
          checkSize(inspected, dataset, counted),
        ]
      }),
    ]
  } catch (error) {
    if (isShadowError(error)) return [shadowFinding(error)]
    throw error
  }
}

/** Findings that concern the whole table. */
export function tableDefects(inspected: Inspected): Defect[] {
  const { db, schema } = inspected.searcher.shadow
  const foreign = foreignStorageTable(db, schema)
  return [
    ...checkSchema(inspected),
    ...(foreign === undefined
      ? [...checkJournal(inspected), ...checkOrphans(inspected)]
      : [foreignStorage(schema, foreign)]),
    ...checkDatasetNames(inspected),
  ]
}

function foreignStorage(schema: string, table: string): Finding {
  return finding(
    'error',
    'storage',
    `${table} is not as this library makes it, so that no index can be saved: drop it, then repair`,
    { remedy: `DROP TABLE ${quoteName(schema)}.${table}` },
  )
}

/** Findings about the indexes of a dataset, in memory and saved. */
export function indexDefects(inspected: Inspected, dataset: string, counted: Census): Defect[] {
  const { db, schema } = inspected.searcher.shadow
  const memory = checkMemory(inspected, dataset, counted)
  if (foreignStorageTable(db, schema) !== undefined) return memory
  return [...memory, ...checkSaved(inspected, dataset, counted)]
}

/** A shadow table that is not there, or cannot serve. */
export function shadowFinding(error: { message: string; hint: string | undefined }): Finding {
  return finding('error', 'shadow-table', `${error.message}: ${error.hint ?? 'no query can work'}`)
}

function checkDatasetNames({ searcher }: Inspected): Finding[] {
  const { db, sql } = searcher.shadow
  const condition = `typeof(dataset_id) <> 'text' OR trim(dataset_id) = ''`
  const unnamed = numberOf(db, `SELECT count(*) FROM ${sql} WHERE ${condition}`)
  if (unnamed === 0) return []
  return [
    finding(
      'error',
      'dataset-ids',
      `${unnamed} rows have a dataset_id that no query can name (no text, or blank): give them one`,
      { remedy: `SELECT dataset_id, id FROM ${sql} WHERE ${condition}` },
    ),
  ]
}

function checkSize({ searcher }: Inspected, dataset: string, counted: Census): Finding {
  const { shadow, slices } = searcher
  const memory = slices.inMemory(dataset)?.slice.bytes ?? 0
  const saved =
    storedBytes(shadow, STORAGE, '"index"', dataset) + storedBytes(shadow, CHUNKS, 'data', dataset)
  return finding(
    'info',
    'size',
    `${counted.members * counted.dim * 4} bytes of vectors; its index takes ${memory} bytes of memory and ${saved} of the file`,
    { dataset },
  )
}

function storedBytes(shadow: ShadowTable, table: string, column: string, dataset: string): number {
  const { db, schema, name } = shadow
  if (!hasTable(db, schema, table) || foreignStorageTable(db, schema) !== undefined) return 0
  const sql = `SELECT sum(length(${column})) FROM ${quoteName(schema)}.${table}
    WHERE shadow_table_name = ? AND dataset_id = ?`
  return numberOf(db, sql, storageName(name), dataset)
}
