import type { Metric } from '../core/metrics/definition.ts'
import { hasVirtualTables } from '../database/capabilities.ts'
import type { Database } from '../database/database.ts'
import { databaseOf, type HandleUse, type SqliteHandle } from '../database/driver-of.ts'
import { run, texts } from '../database/query.ts'
import { transaction } from '../database/transaction.ts'
import type { BindValue } from '../database/values.ts'
import { Collection } from '../documents/collection.ts'
import { DatasetHandle } from '../documents/collection/dataset-handle.ts'
import { onlyReads } from '../documents/collection/only-reads.ts'
import { runStep, type Results, type Step } from '../documents/collection/steps.ts'
import { quoteName } from '../search/schema/names.ts'
import type { AsyncDatabase } from '../worker/async-database.ts'
import { callerOf, type Caller } from '../worker/callers.ts'
import { AsyncCollection } from '../worker/collections/async-collection.ts'
import { CollectionCaller } from '../worker/collections/collection-caller.ts'

/**
 * What a store works on: what `open()` or `connect()` resolves to, or a handle of better-sqlite3, node:sqlite,
 * bun:sqlite or libsql.
 */
export type StoreHandle = SqliteHandle | AsyncDatabase

/** The collection over a handle: the methods of an asynchronous one return Promises. */
export type CollectionOf<H extends StoreHandle> = H extends AsyncDatabase
  ? AsyncCollection
  : Collection

/** The vec table of a store. */
export interface StoreTable {
  readonly table: string
  /** Whether it has a text index of the contents. */
  readonly words: boolean
  /** Default: cosine. */
  readonly metric?: Metric
}

interface DatasetNames {
  readonly dataset: string
  readonly model?: string | undefined
}

type Statement = readonly [sql: string, ...parameters: (string | number | null)[]]

/** The documents of a store. */
export interface StoreDocuments {
  readonly collection: Collection | AsyncCollection
  /** Runs steps and returns their results. Steps of which one writes are one transaction. */
  steps<const S extends readonly Step[]>(where: string, steps: S): Promise<Results<S>>
  close(): void
}

/** The database of a store, in this thread or in a worker. */
export interface StoreDatabase {
  /** The database, if it is in this thread. */
  readonly local: Database | undefined
  /** Whether SQL creates vec tables. Otherwise `documents()` does. */
  readonly hasVirtualTables: boolean
  documents(store: StoreTable, names: DatasetNames): StoreDocuments
  /** The first column of a statement that only reads. */
  texts(sql: string, ...parameters: (string | number | null)[]): Promise<string[]>
  /** Runs statements in one transaction. Returns the number of changed rows of each. */
  transaction(statements: readonly Statement[]): Promise<number[]>
  close(): void
}

/** The database behind a handle. Throws TypeError for anything that is not one. */
export function storeDatabase(where: string, handle: StoreHandle): StoreDatabase {
  const caller = callerOf(handle)
  return caller === undefined
    ? new LocalDatabase(handle as SqliteHandle, databaseOf(where, handle))
    : new RemoteDatabase(handle as AsyncDatabase, caller)
}

/** Whether the main database has a table of that name. */
export async function hasTable(db: StoreDatabase, table: string): Promise<boolean> {
  const sql = 'SELECT name FROM sqlite_schema WHERE lower(name) = lower(?1)'
  return (await db.texts(sql, table)).length > 0
}

/** Whether the vec table of a store exists. Without virtual tables, `documents()` has created it. */
export async function hasDocumentTable(db: StoreDatabase, table: string): Promise<boolean> {
  return !db.hasVirtualTables || hasTable(db, table)
}

/** The statement that creates the vec table of a store, if it is missing and SQL creates it. */
export function createTable(db: StoreDatabase, store: StoreTable): string[] {
  if (!db.hasVirtualTables) return []
  const { table } = store
  return [
    `CREATE VIRTUAL TABLE IF NOT EXISTS ${quoteName(table)} USING vec(${declarationOf(store)})`,
  ]
}

function declarationOf({ words, metric = 'cosine' }: StoreTable): string {
  return [
    'doc_id',
    ...(words ? ['text=content'] : []),
    ...(metric === 'cosine' ? [] : [`metric=${metric}`]),
  ].join(', ')
}

class LocalDatabase implements StoreDatabase {
  readonly local: Database
  readonly #handle: SqliteHandle
  readonly #use: HandleUse

  constructor(handle: SqliteHandle, use: HandleUse) {
    this.#handle = handle
    this.#use = use
    this.local = use.db
  }

  get hasVirtualTables(): boolean {
    return hasVirtualTables(this.local)
  }

  /** Without virtual tables, the collection has the declaration from here, and creates what is missing at once. */
  documents(store: StoreTable, { dataset, model }: DatasetNames): StoreDocuments {
    const { table } = store
    const declaration = this.hasVirtualTables ? undefined : declarationOf(store)
    const collection = new Collection(this.#handle, { table, dataset, declaration, model })
    return new LocalDocuments(collection, this.local, { table, dataset, declaration }, model)
  }

  async texts(sql: string, ...parameters: BindValue[]): Promise<string[]> {
    return texts(this.local, sql, ...parameters)
  }

  async transaction(statements: readonly Statement[]): Promise<number[]> {
    return transaction(this.local, () =>
      statements.map(([sql, ...parameters]) => run(this.local, sql, ...parameters).changes),
    ).immediate()
  }

  close(): void {
    this.#use.close()
  }
}

class LocalDocuments implements StoreDocuments {
  readonly collection: Collection
  readonly #db: Database
  readonly #handle: DatasetHandle

  constructor(
    collection: Collection,
    db: Database,
    place: ConstructorParameters<typeof DatasetHandle>[1],
    model: string | undefined,
  ) {
    this.collection = collection
    this.#db = db
    // The use by the collection is the one that counts: its end saves indexes.
    const use = { db, close: () => undefined }
    this.#handle = new DatasetHandle(use, place, { embed: undefined, model })
  }

  async steps<const S extends readonly Step[]>(_where: string, steps: S): Promise<Results<S>> {
    const runAll = (): unknown[] => steps.map(step => runStep(this.#handle, step))
    const results = onlyReads(steps) ? runAll() : transaction(this.#db, runAll).immediate()
    return results as Results<S>
  }

  close(): void {
    this.#handle.close()
    this.collection.close()
  }
}

class RemoteDatabase implements StoreDatabase {
  readonly local = undefined
  readonly hasVirtualTables = true
  readonly #client: AsyncDatabase
  readonly #caller: Caller

  constructor(client: AsyncDatabase, caller: Caller) {
    this.#client = client
    this.#caller = caller
  }

  documents({ table }: StoreTable, { dataset, model }: DatasetNames): StoreDocuments {
    const calls = new CollectionCaller(this.#caller, { table, dataset, model })
    return {
      collection: new AsyncCollection(this.#client, { table, dataset, model }),
      steps: async (where, steps) => calls.steps(where, steps),
      close: () => undefined,
    }
  }

  async texts(sql: string, ...parameters: (string | number | null)[]): Promise<string[]> {
    return this.#client.all<string>(sql, parameters, { rows: 'values' })
  }

  async transaction(statements: readonly Statement[]): Promise<number[]> {
    const results = await this.#client.transaction(
      statements.map(([sql, ...parameters]) => [sql, parameters] as const),
    )
    return results.map(result => (Array.isArray(result) ? 0 : result.changes))
  }

  close(): void {}
}
