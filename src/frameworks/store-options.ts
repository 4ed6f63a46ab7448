import { checkOptions, text, type Check } from '../core/check-options.ts'
import {
  hasDocumentTable,
  createTable,
  storeDatabase,
  type StoreDatabase,
  type StoreDocuments,
  type StoreHandle,
} from './store-database.ts'

/** The options that the stores of LangChain and LlamaIndex share. */
export interface StoreOptions<H extends StoreHandle = StoreHandle> {
  /**
   * What `open()` or `connect()` resolves to, or a handle of better-sqlite3, node:sqlite, bun:sqlite or libsql, in which
   * the constructor creates the table. The store does not close it.
   */
  readonly db: H
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
  storeDatabase(where, config.db).close()
  text(where, 'config.table', config.table)
}

/** The documents of one store, whose table the first write creates. */
export class Store {
  readonly documents: StoreDocuments
  readonly #db: StoreDatabase
  readonly #table: { readonly table: string; readonly words: boolean }
  #exists = false

  /** `words`: whether a new table has a text index. */
  constructor(
    where: string,
    { db: handle, table, dataset = DEFAULT_DATASET }: StoreOptions,
    { words, model }: { readonly words: boolean; readonly model: string | undefined },
  ) {
    this.#db = storeDatabase(where, handle)
    this.#table = { table, words }
    this.documents = this.#db.documents(this.#table, { dataset, model })
    // The use by the collection is the last one: its end saves indexes.
    this.#db.close()
  }

  /** The steps before the first write. Call `written` after it. */
  get before(): readonly (readonly ['run', string])[] {
    return this.#exists ? [] : createTable(this.#db, this.#table).map(sql => ['run', sql] as const)
  }

  written(): void {
    this.#exists = true
  }

  /** A store that was never written to finds nothing. */
  async exists(): Promise<boolean> {
    this.#exists ||= await hasDocumentTable(this.#db, this.#table.table)
    return this.#exists
  }
}
