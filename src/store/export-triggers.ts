import type { Connection } from '../engine/connection.ts'
import { hasTable, OF_THE_ORIGINAL, STORAGE, storedText, type SchemaObject } from './layout.ts'
import { quoteName, quoteText, storageName } from './names.ts'

/** The part of a shadow table that its triggers need. */
interface Guarded {
  readonly db: Connection
  readonly schema: string
  readonly name: string
  storedSql(name: string): string | undefined
}

/**
 * The original believes what it finds in `vector_storage`. So an index that was written for it goes with the first write
 * to its dataset, whoever writes: these triggers stand beside those of the journal while such an index is there.
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

/** Whether an index of the original goes when its rows change: all triggers are there, word for word. */
export function hasExportTriggers(shadow: Guarded): boolean {
  return exportTriggers(shadow.name).every(
    trigger => shadow.storedSql(trigger.name) === storedText(trigger),
  )
}

/** Takes the triggers off. */
export function dropExportTriggers(shadow: Guarded): number {
  const there = exportTriggers(shadow.name).filter(
    ({ name }) => shadow.storedSql(name) !== undefined,
  )
  for (const { name } of there) {
    shadow.db.exec(`DROP TRIGGER ${quoteName(shadow.schema)}.${quoteName(name)}`)
  }
  return there.length
}

/** Whether the original could find an index of its own for a table, or for a dataset of it. */
export function hasOriginalIndex(shadow: Guarded, dataset?: string): boolean {
  const { db, schema } = shadow
  if (!hasTable(db, schema, STORAGE)) return false
  const statement = db.prepare(
    `SELECT count(*) FROM ${quoteName(schema)}.${STORAGE}
     WHERE shadow_table_name = ?1 AND (?2 IS NULL OR dataset_id = ?2) AND ${OF_THE_ORIGINAL}`,
  )
  try {
    return (statement.pluck().get(storageName(shadow.name), dataset ?? null) as number) > 0
  } finally {
    statement.finalize()
  }
}
