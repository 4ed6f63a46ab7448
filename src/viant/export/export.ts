import { VecError } from '../../core/errors.ts'
import { rows as countOf } from '../../core/row-sample.ts'
import { run, scalar } from '../../database/query.ts'
import { transaction } from '../../database/transaction.ts'
import { diagnostic, type Diagnostic } from '../../search/diagnostics/diagnostic.ts'
import { IndexStore } from '../../search/persistence/index-store.ts'
import type { Searcher } from '../../search/query/searcher.ts'
import { COLUMN } from '../../search/schema/columns.ts'
import { createStatement, STORAGE } from '../../search/schema/layout.ts'
import { OF_DATASET, quoteName, storageName } from '../../search/schema/names.ts'
import type { ShadowTable } from '../../search/schema/shadow-table.ts'
import { encodeBrute } from '../formats/brute-format.ts'
import { buildOriginalCover } from '../formats/build-original-cover.ts'
import { encodeCover } from '../formats/cover-format.ts'
import type { OriginalDistance, OriginalKind, OriginalRows } from '../formats/original-index.ts'
import { exportTriggers, hasExportTriggers } from './export-triggers.ts'
import { ORIGINAL_KINDS, originalRows } from './original-rows.ts'

/** The original's options of a cover tree. */
export interface CoverExport {
  readonly base: number
  /** Undefined when the original does not support the table's metric. */
  readonly distance: OriginalDistance | undefined
}

/**
 * Writes the index of a dataset into `vector_storage`, byte for byte as the original would, where the original looks
 * for it. Also creates the triggers that delete it when a row changes.
 */
export function exportDataset(
  { shadow, indexes }: Searcher,
  dataset: string,
  format: OriginalKind,
  cover: CoverExport,
): Diagnostic {
  const { db, schema, name } = shadow
  const exported = transaction(db, () => {
    const rows = originalRows(shadow, dataset)
    if (!hasRows(shadow, dataset)) {
      throw new VecError(
        'VEC_QUERY',
        `vec_admin: dataset '${dataset}' does not contain rows to export`,
        {
          hint: `SELECT DISTINCT ${COLUMN.dataset} FROM ${quoteName(name)}`,
        },
      )
    }
    const blob = encode(rows, format, cover)
    shadow.installHere()
    if (!hasExportTriggers(db, schema, name)) {
      shadow.foreign.drop(shadow)
      for (const trigger of exportTriggers(name)) db.exec(createStatement(schema, trigger))
    }
    new IndexStore(db, schema).drop(name, dataset)
    const insert = `INSERT INTO ${quoteName(schema)}.${STORAGE}(shadow_table_name, dataset_id, "index") VALUES (?, ?, ?)`
    run(db, insert, storageName(name), dataset, blob)
    return { rows, blob }
  }).immediate()
  indexes.unsaved(dataset)
  const { rows, blob } = exported
  const what = ORIGINAL_KINDS[format]
  return diagnostic(
    'ok',
    'export',
    `exported: ${countOf(rows.ids.count)} of ${rows.dim} dimensions as a ${what} of ${blob.length} bytes, valid until a row of the dataset changes`,
    { dataset },
  )
}

function encode(
  rows: OriginalRows,
  format: OriginalKind,
  { base, distance }: CoverExport,
): Uint8Array {
  switch (format) {
    case 'brute':
      return encodeBrute(rows)
    case 'cover':
      if (distance === undefined) {
        throw new VecError(
          'VEC_QUERY',
          'vec_admin: export:cover: the trees of the original support cosine and euclidean only, and the vec table uses another metric',
          { hint: 'use export:brute: to write a list, which the original compares by cosine' },
        )
      }
      return encodeCover(buildOriginalCover(rows, { base, distance }))
  }
}

function hasRows({ db, sql }: ShadowTable, dataset: string): boolean {
  return scalar(db, `SELECT 1 FROM ${sql} WHERE ${OF_DATASET} LIMIT 1`, dataset) === 1
}
