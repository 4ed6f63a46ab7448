import type { Connection } from '../engine/connection.ts'
import { catalogOf, quoteName, shadowTableName } from '../store/names.ts'
import { connectedTable, type VecTable } from './vec-table.ts'

/** What an operation is about: a vec table, and a dataset of it. */
export interface Target {
  readonly table: VecTable
  /** The table as it was named. */
  readonly name: string
  /** Empty: all of them. */
  readonly dataset: string
}

/**
 * Reads 'shadow:dataset'. The shadow table is named as main._vec_docs, _vec_docs or docs, a name with colons or dots in
 * double quotes. Datasets may hold colons: of several ways to read the text the first that names a vec table is meant.
 */
export function findTarget(db: Connection, text: string): Target | undefined {
  for (let colon = text.indexOf(':'); colon >= 0; colon = text.indexOf(':', colon + 1)) {
    for (const [schema, name] of readings(db, text.slice(0, colon))) {
      const table = tableOver(db, schema, name)
      if (table) return { table, name: text.slice(0, colon), dataset: text.slice(colon + 1) }
    }
  }
  return undefined
}

/** 'schema.name', or a name in main that holds a dot. */
function readings(db: Connection, text: string): [schema: string, name: string][] {
  const qualified = /^("(?:[^"]|"")+"|[^".]+)\.(.+)$/s.exec(text)
  const plain: [string, string] = ['main', unquoted(text)]
  if (!qualified) return [plain]
  const schema = unquoted(qualified[1]).toLowerCase()
  const known = db.schemas().find(name => name.toLowerCase() === schema)
  return known === undefined ? [plain] : [[known, unquoted(qualified[2])], plain]
}

function unquoted(name: string): string {
  const quoted = /^"((?:[^"]|"")*)"$/s.exec(name)
  return quoted ? quoted[1].replaceAll('""', '"') : name
}

/** The vec table that a name means, or that stands over the shadow table of that name. */
function tableOver(db: Connection, schema: string, name: string): VecTable | undefined {
  const prefix = shadowTableName('')
  const names = name.startsWith(prefix) ? [name.slice(prefix.length), name] : [name]
  for (const candidate of names) {
    if (!isVirtual(db, schema, candidate)) continue
    const sql = `${quoteName(schema)}.${quoteName(candidate)}`
    // Naming the table in a statement is what makes SQLite connect it. A table of another module may lack the column.
    db.prepare(`SELECT 1 FROM ${sql} WHERE "dataset_id" = ''`).finalize()
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
