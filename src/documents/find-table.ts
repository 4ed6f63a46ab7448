import { VecError } from '../core/errors.ts'
import { schemasOf } from '../database/capabilities.ts'
import type { Database } from '../database/database.ts'
import { numberOf, eachRow } from '../database/query.ts'
import { quoteName } from '../search/schema/names.ts'
import { DocumentTable } from './document-table.ts'

/** The table that a name refers to, and the state of the schemas in which that holds. */
interface Found {
  readonly table: DocumentTable
  readonly state: string
}

const found = new WeakMap<Database, Map<string, Found>>()

/** The shadow table of a name, as SQL would find it. Throws VEC_SHADOW if it does not exist. */
export function documentTable(db: Database, shadow: string): DocumentTable {
  const known = found.get(db) ?? new Map<string, Found>()
  found.set(db, known)
  const schemas = schemasOf(db)
  const state = stateOfSchemas(db, schemas)
  const kept = known.get(shadow)
  if (kept && kept.state === state) return kept.table
  const { schema, name } = findShadow(db, schemas, shadow)
  const table = kept?.table.is(schema, name) ? kept.table : new DocumentTable(db, schema, name)
  // An uncommitted schema may be rolled back, and its number may then be used for another one.
  if (db.inTransaction) known.delete(shadow)
  else known.set(shadow, { table, state })
  return table
}

/** The version numbers of all schemas. Every change of a schema changes them. */
export function stateOfSchemas(db: Database, schemas: readonly string[]): string {
  return schemas
    .map(schema => `${schema} ${numberOf(db, `PRAGMA ${quoteName(schema)}.schema_version`)}`)
    .join('\n')
}

/** SQLite looks up a name without a schema in temp, then in main, then in the attached schemas. */
export function searchOrder(schemas: readonly string[]): ReadonlySet<string> {
  return new Set(['temp', ...schemas])
}

/** The schema of the shadow table of a name. Throws VEC_SHADOW if it does not exist. */
export function findShadow(
  db: Database,
  schemas: readonly string[],
  shadow: string,
): { schema: string; name: string } {
  const tables: { schema: string; name: string; type: string }[] = []
  const sql = 'SELECT schema, name, type FROM pragma_table_list WHERE name = ? COLLATE NOCASE'
  eachRow(db, sql, [shadow], row => {
    tables.push({ schema: row.text(0), name: row.text(1), type: row.text(2) })
  })
  for (const schema of searchOrder(schemas)) {
    const table = tables.find(row => row.schema === schema)
    if (table?.type === 'table') return table
    if (table) {
      throw new VecError(
        'VEC_SHADOW',
        `vecutil: ${shadow} is a ${table.type} table, not a table of documents`,
        {
          hint: `the documents of a vec table are in its shadow table: pass shadowTableName('${shadow}')`,
        },
      )
    }
  }
  throw new VecError('VEC_SHADOW', `vecutil: there is no table ${shadow}`, {
    hint: 'CREATE VIRTUAL TABLE ... USING vec(doc_id) makes it',
  })
}
