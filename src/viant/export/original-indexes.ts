import { run, texts } from '../../database/query.ts'
import type { ForeignIndexes } from '../../search/schema/foreign-indexes.ts'
import { hasTable, STORAGE } from '../../search/schema/layout.ts'
import { quoteName, storageName } from '../../search/schema/names.ts'
import {
  dropExportTriggers,
  hasExportTriggers,
  isExported,
  OF_THE_ORIGINAL,
  retireExportTriggers,
} from './export-triggers.ts'

/** The interface through which search handles the original's indexes and triggers. */
export const originalIndexes: ForeignIndexes = {
  triggers({ db, schema, name }) {
    if (schema === 'temp') return []
    const sql = `SELECT name FROM ${quoteName(schema)}.sqlite_schema
      WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE AND sql LIKE '%vec_invalidate(%'`
    return texts(db, sql, name)
  },
  isKept: ({ db, schema, name }, dataset) => isExported(db, schema, name, dataset),
  areGuarded: ({ db, schema, name }) => hasExportTriggers(db, schema, name),
  drop({ db, schema, name }) {
    dropExportTriggers(db, schema, name)
    if (!hasTable(db, schema, STORAGE)) return
    const table = `${quoteName(schema)}.${STORAGE}`
    run(
      db,
      `DELETE FROM ${table} WHERE shadow_table_name = ? AND ${OF_THE_ORIGINAL}`,
      storageName(name),
    )
  },
  retireGuards: retireExportTriggers,
}
