import { RecordManager, type ListKeyOptions, type UpdateOptions } from '@langchain/core/indexing'
import { argumentError } from '../../core/argument-error.ts'
import { checkOptions, text } from '../../core/check-options.ts'
import { quoteName } from '../../search/schema/names.ts'
import { storeDatabase, type StoreDatabase, type StoreHandle } from '../store-database.ts'

export interface SqliteRecordManagerConfig {
  /**
   * What `open()` or `connect()` resolves to, or a handle of another driver. With that of the store, both are in one file.
   */
  readonly db: StoreHandle
  /** Separates the records of several stores, for example `docs/default`. */
  readonly namespace: string
  /** Default: 'langchain_records'. */
  readonly table?: string | undefined
}

const WHERE = 'SqliteRecordManager'
const anything = (): void => undefined
const DEFAULT_TABLE = 'langchain_records'

/**
 * Records which documents LangChain's `index()` has stored, so that the next run embeds only what has changed.
 *
 *     const records = new SqliteRecordManager({ db, namespace: 'docs' })
 *     await records.createSchema()
 *     await index({ docsSource, recordManager: records, vectorStore: store, options: { cleanup: 'full' } })
 */
export class SqliteRecordManager extends RecordManager {
  override lc_namespace: string[] = ['langchain', 'recordmanagers', 'sqlite-vec-ts']
  readonly #db: StoreDatabase
  readonly #namespace: string
  readonly #table: string

  constructor(config: SqliteRecordManagerConfig) {
    checkOptions(WHERE, config, { db: anything, namespace: text, table: text }, 'config')
    text(WHERE, 'config.namespace', config.namespace)
    super({ namespace: config.namespace })
    this.#db = storeDatabase(WHERE, config.db)
    this.#namespace = config.namespace
    this.#table = quoteName(config.table ?? DEFAULT_TABLE)
  }

  /** Creates the table of the records if it does not exist. */
  async createSchema(): Promise<void> {
    await this.#run(`CREATE TABLE IF NOT EXISTS ${this.#table} (
      namespace TEXT NOT NULL,
      key TEXT NOT NULL,
      group_id TEXT,
      updated_at INTEGER NOT NULL,
      PRIMARY KEY (namespace, key)
    ) WITHOUT ROWID`)
  }

  /**
   * Milliseconds since 1970, and later than every record. So the updates of one run of `index()` are older than the
   * next run, even if both are within a millisecond or the clock was set back.
   */
  async getTime(): Promise<number> {
    const [time] = await this.#db.texts(`SELECT ${this.#now}`, this.#namespace, Date.now())
    return Number(time)
  }

  /**
   * Adds keys, or sets their time to now. Throws if `timeAtLeast` is in the future, or the numbers of keys and groups
   * differ.
   */
  async update(keys: string[], options: UpdateOptions = {}): Promise<void> {
    const where = `${WHERE}.update()`
    requireKeys(where, keys)
    const { timeAtLeast, groupIds } = options
    if (groupIds !== undefined && groupIds.length !== keys.length) {
      throw new RangeError(
        `${where}: ${groupIds.length} groupIds for ${keys.length} keys: expected one for each key`,
      )
    }
    if (keys.length === 0) return
    // One statement: it computes its time once, before it writes.
    const changed = await this.#run(
      `INSERT INTO ${this.#table}(namespace, key, group_id, updated_at)
         SELECT ?1, k.value, (SELECT value FROM json_each(?4) WHERE key = k.key), ${this.#now}
         FROM json_each(?3) AS k WHERE coalesce(?5 <= ${this.#now}, true)
       ON CONFLICT DO UPDATE SET group_id = coalesce(excluded.group_id, group_id),
         updated_at = excluded.updated_at`,
      this.#namespace,
      Date.now(),
      JSON.stringify(keys),
      JSON.stringify(groupIds ?? []),
      timeAtLeast ?? null,
    )
    if (changed > 0) return
    throw new RangeError(
      `${where}: timeAtLeast is ${timeAtLeast}, and now is ${await this.getTime()}: expected a time that getTime() gave`,
    )
  }

  async exists(keys: string[]): Promise<boolean[]> {
    requireKeys(`${WHERE}.exists()`, keys)
    const found = new Set(
      await this.#db.texts(
        `SELECT key FROM ${this.#table} WHERE namespace = ?1
           AND key IN (SELECT value FROM json_each(?2))`,
        this.#namespace,
        JSON.stringify(keys),
      ),
    )
    return keys.map(key => found.has(key))
  }

  /** The keys whose time is between the given times, and whose group is one of the given groups, oldest first. */
  async listKeys(options: ListKeyOptions = {}): Promise<string[]> {
    const { before, after, limit, groupIds } = options
    return this.#db.texts(
      `SELECT key FROM ${this.#table} WHERE namespace = ?1
         AND (?2 IS NULL OR updated_at < ?2) AND (?3 IS NULL OR updated_at > ?3)
         AND (?4 IS NULL OR EXISTS (SELECT 1 FROM json_each(?4) WHERE value IS group_id))
       ORDER BY updated_at, key LIMIT coalesce(?5, -1)`,
      this.#namespace,
      before ?? null,
      after ?? null,
      groupIds === undefined ? null : JSON.stringify(groupIds),
      limit ?? null,
    )
  }

  async deleteKeys(keys: string[]): Promise<void> {
    requireKeys(`${WHERE}.deleteKeys()`, keys)
    await this.#run(
      `DELETE FROM ${this.#table} WHERE namespace = ?1
         AND key IN (SELECT value FROM json_each(?2))`,
      this.#namespace,
      JSON.stringify(keys),
    )
  }

  /** SQL: a time that is later than every record of namespace ?1, and not before ?2. */
  get #now(): string {
    return `(SELECT max(?2, coalesce(max(updated_at) + 1, 0)) FROM ${this.#table} WHERE namespace = ?1)`
  }

  async #run(sql: string, ...parameters: (string | number | null)[]): Promise<number> {
    const [changes] = await this.#db.transaction([[sql, ...parameters]])
    return changes
  }
}

function requireKeys(where: string, keys: unknown): void {
  if (!Array.isArray(keys)) throw argumentError(where, 'keys', keys, 'an array of strings')
  for (const [i, key] of keys.entries())
    if (typeof key !== 'string') throw argumentError(where, `keys[${i}]`, key, 'a string')
}
