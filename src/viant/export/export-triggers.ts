import type { Database } from '../../database/database.ts'
import { numberOf, texts } from '../../database/query.ts'
import {
  hasTable,
  STORAGE,
  storedSql,
  storedText,
  type SchemaObject,
} from '../../search/schema/layout.ts'
import { catalogOf, quoteName, quoteText, storageName } from '../../search/schema/names.ts'

/** SQL that distinguishes an index of the original in STORAGE from a manifest of ours ('SVT1'). */
export const OF_THE_ORIGINAL = `hex(substr("index", 1, 4)) IS NOT '53565431'`

/**
 * The triggers for a table whose index was written for the original. The original trusts what it finds in
 * `vector_storage`. So the first write to a dataset, by any program, deletes its index. The triggers exist beside
 * those of the journal while there is such an index.
 */
export function exportTriggers(shadow: string): SchemaObject[] {
  const on = `ON ${quoteName(shadow)}`
  const trigger = (event: string, when: string, datasets: string): SchemaObject => ({
    type: 'trigger',
    name: `vec_export_${shadow}_${event}`,
    body: `AFTER ${when} ${on} BEGIN DELETE FROM ${STORAGE} WHERE shadow_table_name = ${quoteText(storageName(shadow))} AND dataset_id IN (${datasets}) AND ${OF_THE_ORIGINAL}; END`,
  })
  return [
    trigger('inserted', 'INSERT', 'NEW.dataset_id'),
    trigger('deleted', 'DELETE', 'OLD.dataset_id'),
    trigger('updated', 'UPDATE', 'OLD.dataset_id, NEW.dataset_id'),
  ]
}

/** Whether writes delete an index of the original: all triggers exist, word for word. */
export function hasExportTriggers(db: Database, schema: string, shadow: string): boolean {
  return exportTriggers(shadow).every(
    trigger => storedSql(db, schema, trigger.name) === storedText(trigger),
  )
}

/** Drops the triggers. */
export function dropExportTriggers(db: Database, schema: string, shadow: string): void {
  for (const { name } of exportTriggers(shadow)) {
    db.exec(`DROP TRIGGER IF EXISTS ${quoteName(schema)}.${quoteName(name)}`)
  }
}

/** Whether a table, or a dataset of it, has an index that the original could find. */
export function hasOriginalIndex(
  db: Database,
  schema: string,
  shadow: string,
  dataset?: string,
): boolean {
  if (!hasTable(db, schema, STORAGE)) return false
  const sql = `SELECT count(*) FROM ${quoteName(schema)}.${STORAGE}
    WHERE shadow_table_name = ?1 AND (?2 IS NULL OR dataset_id = ?2) AND ${OF_THE_ORIGINAL}`
  return numberOf(db, sql, storageName(shadow), dataset ?? null) > 0
}

/** Whether a valid index for the original is in the place of our manifest. It is then left unchanged. */
export function isExported(db: Database, schema: string, shadow: string, dataset: string): boolean {
  return hasExportTriggers(db, schema, shadow) && hasOriginalIndex(db, schema, shadow, dataset)
}

/** Drops all triggers that no longer guard an index. */
export function retireExportTriggers(db: Database, schema: string): void {
  const sql = `SELECT tbl_name FROM ${catalogOf(schema)} WHERE type = 'trigger' AND name = 'vec_export_' || tbl_name || '_inserted'`
  for (const shadow of texts(db, sql)) {
    if (!hasOriginalIndex(db, schema, shadow)) dropExportTriggers(db, schema, shadow)
  }
}
