import { VecError } from '../../core/errors.ts'
import { schemasOf } from '../../database/capabilities.ts'
import type { Database } from '../../database/database.ts'
import { firstRow } from '../../database/query.ts'
import { Searcher } from '../../search/query/searcher.ts'
import { catalogOf, quoteName, shadowTableName } from '../../search/schema/names.ts'
import { ShadowTable } from '../../search/schema/shadow-table.ts'
import { moduleUseOf } from '../../tables/vec/declared-arguments.ts'
import { indexSpecOf } from '../../tables/vec/index-spec.ts'
import { parseVecOptions, type VecOptions } from '../../tables/vec/vec-options.ts'
import { originalIndexes } from '../../viant/export/original-indexes.ts'
import { findShadow, searchOrder, stateOfSchemas } from '../find-table.ts'

/** The vec table of a name on one connection: its documents, and the search over them. */
export class CollectionTable {
  readonly options: VecOptions
  readonly searcher: Searcher
  /** The declaration it was created from. Another declaration means another table. */
  readonly declaration: string

  constructor(db: Database, schema: string, shadow: string, declaration: Declaration) {
    this.options = parseVecOptions(declaration.args, declaration.name)
    this.declaration = textOf(schema, shadow, declaration)
    const { includeArchived } = this.options
    this.searcher = new Searcher({
      shadow: new ShadowTable(db, schema, shadow, includeArchived, originalIndexes),
      spec: indexSpecOf(this.options),
      columns: this.options.metadata,
      recall: this.options.recall,
      text: this.options.text,
      type: this.options.type,
      mayInstall: true,
    })
  }

  get shadow(): ShadowTable {
    return this.searcher.shadow
  }

  dispose(): void {
    this.searcher.dispose()
    this.shadow.dispose()
  }
}

/** How a vec table is declared. */
export interface Declaration {
  /** The name in the schema. */
  readonly name: string
  /** The arguments of USING vec(...). */
  readonly args: readonly string[]
}

interface Known {
  readonly table: CollectionTable
  /** The state of the schemas in which the name refers to the table; undefined: look it up again. */
  readonly state: string | undefined
}

const known = new WeakMap<Database, Map<string, Known>>()

/**
 * The vec table of a name, as SQL would find it. `declared`: the arguments of a table that no schema declares. Throws
 * VEC_SHADOW if it does not exist, or its documents are in another file.
 */
export function collectionTable(
  db: Database,
  name: string,
  declared: readonly string[] | undefined,
): CollectionTable {
  const tables = tablesOf(db)
  const schemas = schemasOf(db)
  const state = stateOfSchemas(db, schemas)
  const key = JSON.stringify([name, declared])
  const kept = tables.get(key)
  if (kept?.state === state) return kept.table
  const declaration = findDeclaration(db, schemas, name) ?? given(name, declared)
  const shadow = findShadow(db, schemas, shadowTableName(declaration.name))
  let table = kept?.table
  if (table?.declaration !== textOf(shadow.schema, shadow.name, declaration)) {
    table?.dispose()
    table = new CollectionTable(db, shadow.schema, shadow.name, declaration)
  }
  // An uncommitted schema may be rolled back, and its number may then be used for another one.
  tables.set(key, { table, state: db.inTransaction ? undefined : state })
  return table
}

function tablesOf(db: Database): Map<string, Known> {
  let tables = known.get(db)
  if (!tables) {
    const opened = new Map<string, Known>()
    known.set(db, (tables = opened))
    // Registered before the tasks that save their indexes, it runs after them.
    db.onClose?.(() => {
      for (const { table } of opened.values()) table.dispose()
      opened.clear()
    })
  }
  return tables
}

/** The declaration of a vec table in a schema; undefined if there is no table of that name. */
export function findDeclaration(
  db: Database,
  schemas: readonly string[],
  name: string,
): Declaration | undefined {
  for (const schema of searchOrder(schemas)) {
    const sql = `SELECT name, sql FROM ${catalogOf(schema)}
      WHERE name = ? COLLATE NOCASE AND type IN ('table', 'view')`
    const found = firstRow(db, sql, [name], row => [row.text(0), row.text(1)] as const)
    if (!found) continue
    const use = moduleUseOf(found[1])
    if (use?.module === 'vec') return { name: found[0], args: use.args }
    throw new VecError('VEC_SHADOW', `Collection: ${schema}.${found[0]} is not a vec table`, {
      hint: 'give the name of a table that was made with CREATE VIRTUAL TABLE ... USING vec(...)',
    })
  }
  return undefined
}

function given(name: string, args: readonly string[] | undefined): Declaration {
  if (args) return { name, args }
  throw new VecError('VEC_SHADOW', `Collection: there is no vec table ${name}`, {
    hint: `CREATE VIRTUAL TABLE ${quoteName(name)} USING vec(doc_id), or give the options of the collection a declaration: 'doc_id'`,
  })
}

function textOf(schema: string, shadow: string, { name, args }: Declaration): string {
  return JSON.stringify([schema, shadow, name, args])
}
