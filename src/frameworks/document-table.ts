import type { Metric } from '../core/metrics/definition.ts'
import { hasVirtualTables } from '../database/capabilities.ts'
import type { Database } from '../database/database.ts'
import { databaseOf, type SqliteHandle } from '../database/driver-of.ts'
import { run, scalar } from '../database/query.ts'
import { Collection } from '../documents/collection.ts'
import { quoteName } from '../search/schema/names.ts'

/** The vec table of a store. */
export interface StoreTable {
  readonly table: string
  /** Whether it has a text index of the contents. */
  readonly words: boolean
  /** Default: cosine. */
  readonly metric?: Metric
}

/** Whether the main database has a table of that name. */
export function hasTable(db: Database, table: string): boolean {
  const sql = 'SELECT 1 FROM sqlite_schema WHERE lower(name) = lower(?1)'
  return scalar(db, sql, table) !== undefined
}

/** Creates the vec table of a store if there is none. In another driver, `openCollection` has created it. */
export function createDocumentTable(db: Database, store: StoreTable): void {
  const { table } = store
  if (!hasVirtualTables(db) || hasTable(db, table)) return
  run(
    db,
    `CREATE VIRTUAL TABLE IF NOT EXISTS ${quoteName(table)} USING vec(${declarationOf(store)})`,
  )
}

/** Whether the vec table of a store exists. In another driver, `openCollection` has created it. */
export function hasDocumentTable(db: Database, table: string): boolean {
  return !hasVirtualTables(db) || hasTable(db, table)
}

/**
 * A dataset of the vec table of a store. Another driver is without virtual tables: the collection then has the declaration
 * from here, and creates what is missing at once.
 */
export function openCollection(
  handle: SqliteHandle,
  store: StoreTable,
  names: { readonly dataset: string; readonly model?: string | undefined },
): Collection {
  const use = databaseOf('openCollection()', handle)
  try {
    const { table } = store
    const declaration = hasVirtualTables(use.db) ? undefined : declarationOf(store)
    return new Collection(handle, { table, declaration, ...names })
  } finally {
    use.close()
  }
}

function declarationOf({ words, metric = 'cosine' }: StoreTable): string {
  return [
    'doc_id',
    ...(words ? ['text=content'] : []),
    ...(metric === 'cosine' ? [] : [`metric=${metric}`]),
  ].join(', ')
}
