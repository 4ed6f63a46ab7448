import { COLUMN } from '../../search/schema/columns.ts'
import { catalogOf, quoteName, shadowTableName } from '../../search/schema/names.ts'
import type { Connection } from '../../sqlite/connection.ts'
import type { Location } from '../vec/vec-location.ts'
import { connectedTable, type VecTable } from '../vec/vec-table.ts'

/** The target of an operation: a vec table and a dataset of it. */
export interface Target {
  readonly table: VecTable
  /** The table as the user named it. */
  readonly name: string
  /** Empty for all datasets. */
  readonly dataset: string
}

/** Where an operation looks up the table that it names. */
export interface Place {
  /** The connection that runs the operation. */
  readonly db: Connection
  /** The file that a `dbpath` names; undefined if names include their schema. */
  readonly file: Location | undefined
}

/**
 * Parses 'shadow:dataset'. The shadow table is named as main._vec_docs, _vec_docs or docs; a name with colons or dots
 * is in double quotes. Datasets may contain colons: of several readings of the text, the first that names a vec table
 * is used.
 */
export function findTarget(place: Place, text: string): Target | undefined {
  for (let colon = text.indexOf(':'); colon >= 0; colon = text.indexOf(':', colon + 1)) {
    const name = text.slice(0, colon)
    const table = place.file ? tableOfFile(place.db, place.file, name) : tableOf(place.db, name)
    if (table) return { table, name, dataset: text.slice(colon + 1) }
  }
  return undefined
}

function tableOf(db: Connection, text: string): VecTable | undefined {
  const [qualifier, name] = parts(text)
  const schema = db.schemas().find(known => known.toLowerCase() === qualifier?.toLowerCase())
  const named = schema === undefined ? undefined : tableOver(db, schema, name)
  return named ?? tableOver(db, 'main', unquoted(text))
}

/** A vec table of that file, or a vec table of the connection whose rows are in that file. */
function tableOfFile(db: Connection, file: Location, text: string): VecTable | undefined {
  const [qualifier, name] = parts(text)
  const names = qualifier?.toLowerCase() === 'main' ? [name, unquoted(text)] : [unquoted(text)]
  for (const candidate of names) {
    const own = tableOver(file.db, file.schema, candidate)
    if (own) return own
    for (const schema of db.schemas()) {
      const table = tableOver(db, schema, candidate)
      const shadow = table?.searcher().shadow
      if (shadow?.db === file.db && shadow.schema === file.schema) return table
    }
  }
  return undefined
}

/** 'schema.name', each part plain or quoted. A name that contains a dot may also be one part. */
function parts(text: string): [schema: string | undefined, name: string] {
  const qualified = /^("(?:[^"]|"")+"|[^".]+)\.(.+)$/s.exec(text)
  return qualified ? [unquoted(qualified[1]), unquoted(qualified[2])] : [undefined, unquoted(text)]
}

function unquoted(name: string): string {
  const quoted = /^"((?:[^"]|"")*)"$/s.exec(name)
  return quoted ? quoted[1].replaceAll('""', '"') : name
}

/** The vec table with this name, or with a shadow table of this name. */
function tableOver(db: Connection, schema: string, name: string): VecTable | undefined {
  const prefix = shadowTableName('')
  const names = name.startsWith(prefix) ? [name.slice(prefix.length), name] : [name]
  for (const candidate of names) {
    if (!isVirtual(db, schema, candidate)) continue
    const sql = `${quoteName(schema)}.${quoteName(candidate)}`
    // A statement that names the table makes SQLite connect it. A table of another module may lack the column.
    db.prepare(`SELECT 1 FROM ${sql} WHERE "${COLUMN.dataset}" = ''`).finalize()
    const table = connectedTable(db, schema, candidate)
    if (table) return table
  }
  return undefined
}

function isVirtual(db: Connection, schema: string, name: string): boolean {
  const statement = db
    .prepare(
      `SELECT count(*) FROM ${catalogOf(schema)} WHERE type = 'table' AND rootpage = 0 AND name = ? COLLATE NOCASE`,
    )
    .pluck()
  try {
    return statement.get(name) === 1
  } finally {
    statement.finalize()
  }
}
