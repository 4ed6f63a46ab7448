import { rows } from '../../core/row-sample.ts'
import { numberOf } from '../../database/query.ts'
import { BLOCKS, hasTable, STORAGE } from '../schema/layout.ts'
import { catalogOf, quoteName, quoteText, storageName } from '../schema/names.ts'
import { diagnostic } from './diagnostic.ts'
import type { Problem, Inspection } from './problem.ts'

/** Finds saved parts that are never read: of dropped tables and deleted datasets, and chunks without a manifest. */
export function checkOrphans({ searcher, fix }: Inspection): Problem[] {
  const { shadow } = searcher
  const { db, schema } = shadow
  if (!hasTable(db, schema, STORAGE)) return []
  const inSchema = `${quoteName(schema)}.`
  const noTable = `NOT EXISTS (SELECT 1 FROM ${catalogOf(schema)} AS t WHERE t.type = 'table' AND ('main.' || t.name = s.shadow_table_name OR 'main.' || t.name || '(' = substr(s.shadow_table_name, 1, length(t.name) + 6)))`
  const noDataset = `s.shadow_table_name = ${quoteText(storageName(shadow.key))} AND NOT EXISTS (SELECT 1 FROM ${shadow.sql} AS d WHERE ${shadow.documents.belongsTo('d', 's.dataset_id')})`
  const noHead = `NOT EXISTS (SELECT 1 FROM ${inSchema}${STORAGE} AS h WHERE h.shadow_table_name = s.shadow_table_name AND h.dataset_id = s.dataset_id AND hex(substr(h."index", 1, 4)) = '53565431')`
  const kinds: readonly [table: string, what: string, where: string][] = [
    [STORAGE, 'of tables that do not exist', noTable],
    [STORAGE, 'of datasets without rows', noDataset],
    [BLOCKS, 'of saved indexes that do not exist', noHead],
  ]
  const found: Problem[] = []
  for (const [table, what, where] of kinds) {
    if (!hasTable(db, schema, table)) continue
    const orphans = numberOf(db, `SELECT count(*) FROM ${inSchema}${table} AS s WHERE ${where}`)
    if (orphans === 0) continue
    found.push({
      ...diagnostic('warning', 'orphans', `${table} has ${rows(orphans)} ${what}`, {
        fix: fix('repair', ''),
      }),
      repair: () => {
        db.exec(`DELETE FROM ${inSchema}${table} AS s WHERE ${where}`)
        return `${rows(orphans)} of ${table} ${what}: deleted`
      },
    })
  }
  return found
}
