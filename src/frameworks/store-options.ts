import { checkOptions, text, type Check } from '../core/check-options.ts'
import type { Database } from '../database/database.ts'
import { databaseOf, type SqliteHandle } from '../database/driver-of.ts'
import type { Collection } from '../documents/collection.ts'
import { openCollection } from './document-table.ts'

/** The options that the stores of LangChain and LlamaIndex share. */
export interface StoreOptions {
  /**
   * What `open()` resolves to, or a handle of better-sqlite3, node:sqlite, bun:sqlite or libsql, in which the constructor
   * creates the table. The store does not close it.
   */
  readonly db: SqliteHandle
  /** The name of the vec table. The first write creates it if it does not exist. */
  readonly table: string
  /** The dataset of this store within the table; default 'default'. */
  readonly dataset?: string | undefined
}

export const DEFAULT_DATASET = 'default'

export const anything: Check = () => undefined

/** Checks the options of a store; `own` are the checks of those that other stores lack. */
export function checkStoreOptions(
  where: string,
  config: StoreOptions,
  own: Readonly<Record<string, Check>>,
): void {
  const shared = { db: anything, table: text, dataset: text, model: text }
  checkOptions(where, config, { ...shared, ...own }, 'config')
  databaseOf(where, config.db).close()
  text(where, 'config.table', config.table)
}

/** The database of a store, and its documents. `words`: whether a new table has a text index. */
export function openStore(
  where: string,
  { db: handle, table, dataset = DEFAULT_DATASET }: StoreOptions,
  { words, model }: { readonly words: boolean; readonly model: string | undefined },
): { readonly db: Database; readonly documents: Collection } {
  const use = databaseOf(where, handle)
  const documents = openCollection(handle, { table, words }, { dataset, model })
  // The use by the collection is the last one: its end saves indexes.
  use.close()
  return { db: use.db, documents }
}
