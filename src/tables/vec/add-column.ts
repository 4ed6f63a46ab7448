import { VecError } from '../../core/errors.ts'
import { catalogOf, quoteName } from '../../search/schema/names.ts'
import type { ShadowTable } from '../../search/schema/shadow-table.ts'
import type { TableContext } from '../../sqlite/vtab/virtual-table.ts'
import { metadataColumn } from './metadata-columns.ts'
import { parseVecOptions } from './vec-options.ts'

/**
 * Adds a metadata column to a vec table: to its shadow table, to the columns that the triggers watch, and to the text
 * of CREATE VIRTUAL TABLE in the schema. All of it is part of the statement. The change of the schema makes every
 * connection, including this one, connect to the table again and read the new text.
 */
export function addColumn(
  { db, schema, table, args }: TableContext,
  shadow: ShadowTable,
  definition: string,
): void {
  const { column: id, metadata } = parseVecOptions(args, table)
  const column = metadataColumn(definition, [id, table, ...metadata.map(({ stored }) => stored)])
  if (!column) {
    throw new VecError('VEC_OPTION', `vec: '${definition}' does not declare a column`, {
      hint: `for instance INSERT INTO ${table}(${table}) VALUES ('add column year INTEGER'), or ... VALUES ('add column lang TEXT FROM ''$.lang''')`,
    })
  }
  // Triggers that were in place have missed nothing, so the indexes stay.
  const trusted = shadow.refresh().filterable
  declare(db, schema, table, [...argumentsOf(args), definition.trim()])
  if (!shadow.addColumns([column])) reload(db, schema)
  shadow.installHere(trusted)
}

/**
 * The arguments as written. A table without arguments has an id column by default, which must be named before others.
 */
function argumentsOf(args: readonly string[]): string[] {
  const given = args.map(arg => arg.trim()).filter(arg => arg !== '')
  return given.length === 0 ? ['doc_id'] : given
}

function declare(
  db: TableContext['db'],
  schema: string,
  table: string,
  args: readonly string[],
): void {
  const catalog = catalogOf(schema)
  const writable = db.pragma('writable_schema', { simple: true })
  db.exec('PRAGMA writable_schema = ON')
  try {
    db.prepare(
      `UPDATE ${catalog} SET sql = ? WHERE type = 'table' AND lower(name) = lower(?) AND rootpage = 0`,
    ).run(`CREATE VIRTUAL TABLE ${quoteName(table)} USING vec(${args.join(', ')})`, table)
  } finally {
    db.exec(`PRAGMA writable_schema = ${writable === 1 ? 'ON' : 'OFF'}`)
  }
}

/** ALTER TABLE makes connections read the schema again. Without it, a change of the schema version does. */
function reload(db: TableContext['db'], schema: string): void {
  const pragma = `PRAGMA ${quoteName(schema)}.schema_version`
  const version = db.prepare(pragma).pluck().get() as number
  db.exec(`${pragma} = ${version + 1}`)
}
