import { VecError } from '../core/errors.ts'
import { quoteName } from '../search/schema/names.ts'
import type { Connection } from '../sqlite/connection.ts'
import { DocumentTable } from './document-table.ts'

/** What a name was found to mean, and the state of the schemas in which that holds. */
interface Found {
  readonly table: DocumentTable
  readonly state: string
}

const found = new WeakMap<Connection, Map<string, Found>>()

/** The shadow table of a name, as SQL would find it. Throws VEC_SHADOW when there is none. */
export function documentTable(db: Connection, shadow: string): DocumentTable {
  const known = found.get(db) ?? new Map<string, Found>()
  found.set(db, known)
  const schemas = db.schemas()
  const state = stateOf(db, schemas)
  const kept = known.get(shadow)
  if (kept && kept.state === state) return kept.table
  const { schema, name } = find(db, schemas, shadow)
  const table = kept?.table.is(schema, name) ? kept.table : new DocumentTable(db, schema, name)
  // A schema that is not committed may be rolled back, and its number be given to another.
  if (db.inTransaction) known.delete(shadow)
  else known.set(shadow, { table, state })
  return table
}

/** The numbers of all schemas, which move with every change of them. */
function stateOf(db: Connection, schemas: readonly string[]): string {
  return schemas
    .map(
      schema =>
        `${schema} ${String(db.pragma(`${quoteName(schema)}.schema_version`, { simple: true }))}`,
    )
    .join('\n')
}

function find(
  db: Connection,
  schemas: readonly string[],
  shadow: string,
): { schema: string; name: string } {
  const list = db.prepare(
    'SELECT schema, name, type FROM pragma_table_list WHERE name = ? COLLATE NOCASE',
  )
  let tables: { schema: string; name: string; type: string }[]
  try {
    tables = list.all(shadow) as typeof tables
  } finally {
    list.finalize()
  }
  // SQLite looks for a name without a schema in temp, then in main, then in what is attached.
  const [main, temp, ...attached] = schemas
  for (const schema of [temp, main, ...attached]) {
    const table = tables.find(row => row.schema === schema)
    if (table?.type === 'table') return table
    if (table) {
      throw new VecError(
        'VEC_SHADOW',
        `vecutil: ${shadow} is a ${table.type} table, not a table of documents`,
        {
          hint: `the documents of a vec table stand in its shadow table, which shadowTableName('${shadow}') names`,
        },
      )
    }
  }
  throw new VecError('VEC_SHADOW', `vecutil: there is no table ${shadow}`, {
    hint: 'CREATE VIRTUAL TABLE ... USING vec(doc_id) makes it',
  })
}
