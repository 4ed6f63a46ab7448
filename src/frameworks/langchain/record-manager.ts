import { RecordManager, type ListKeyOptions, type UpdateOptions } from '@langchain/core/indexing'
import { argumentError } from '../../core/argument-error.ts'
import { checkOptions, text } from '../../core/check-options.ts'
import type { Database } from '../../database/database.ts'
import { databaseOf, type SqliteHandle } from '../../database/driver-of.ts'
import { eachRow, numberOf, run, texts } from '../../database/query.ts'
import { transaction } from '../../database/transaction.ts'
import { quoteName } from '../../search/schema/names.ts'

export interface SqliteRecordManagerConfig {
  /** What `open()` resolves to, or a handle of another driver. With that of the store, both are in one file. */
  readonly db: SqliteHandle
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
  readonly #db: Database
  readonly #namespace: string
  readonly #table: string

  constructor(config: SqliteRecordManagerConfig) {
    checkOptions(WHERE, config, { db: anything, namespace: text, table: text }, 'config')
    text(WHERE, 'config.namespace', config.namespace)
    super({ namespace: config.namespace })
    this.#db = databaseOf(WHERE, config.db).db
    this.#namespace = config.namespace
    this.#table = quoteName(config.table ?? DEFAULT_TABLE)
  }

  /** Creates the table of the records if it does not exist. */
  async createSchema(): Promise<void> {
    run(
      this.#db,
      `CREATE TABLE IF NOT EXISTS ${this.#table} (
        namespace TEXT NOT NULL,
        key TEXT NOT NULL,
        group_id TEXT,
        updated_at INTEGER NOT NULL,
        PRIMARY KEY (namespace, key)
      ) WITHOUT ROWID`,
    )
  }

  /**
   * Milliseconds since 1970, and later than every record. So the updates of one run of `index()` are older than the
   * next run, even if both are within a millisecond or the clock was set back.
   */
  async getTime(): Promise<number> {
    return this.#time()
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
    transaction(this.#db, () => {
      const now = this.#time()
      if (timeAtLeast !== undefined && timeAtLeast > now) {
        throw new RangeError(
          `${where}: timeAtLeast is ${timeAtLeast}, and now is ${now}: expected a time that getTime() gave`,
        )
      }
      using statement = this.#db.prepare(
        `INSERT INTO ${this.#table}(namespace, key, group_id, updated_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET group_id = coalesce(excluded.group_id, group_id),
           updated_at = excluded.updated_at`,
      )
      for (const [i, key] of keys.entries())
        statement.run(this.#namespace, key, groupIds?.[i] ?? null, now)
    }).immediate()
  }

  async exists(keys: string[]): Promise<boolean[]> {
    requireKeys(`${WHERE}.exists()`, keys)
    const found = new Set(
      texts(
        this.#db,
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
    const keys: string[] = []
    eachRow(
      this.#db,
      `SELECT key FROM ${this.#table} WHERE namespace = ?1
         AND (?2 IS NULL OR updated_at < ?2) AND (?3 IS NULL OR updated_at > ?3)
         AND (?4 IS NULL OR EXISTS (SELECT 1 FROM json_each(?4) WHERE value IS group_id))
       ORDER BY updated_at, key LIMIT coalesce(?5, -1)`,
      [
        this.#namespace,
        before ?? null,
        after ?? null,
        groupIds === undefined ? null : JSON.stringify(groupIds),
        limit ?? null,
      ],
      row => {
        keys.push(row.text(0))
      },
    )
    return keys
  }

  async deleteKeys(keys: string[]): Promise<void> {
    requireKeys(`${WHERE}.deleteKeys()`, keys)
    run(
      this.#db,
      `DELETE FROM ${this.#table} WHERE namespace = ?1
         AND key IN (SELECT value FROM json_each(?2))`,
      this.#namespace,
      JSON.stringify(keys),
    )
  }

  #time(): number {
    const sql = `SELECT max(updated_at) + 1 FROM ${this.#table} WHERE namespace = ?1`
    return Math.max(Date.now(), numberOf(this.#db, sql, this.#namespace))
  }
}

function requireKeys(where: string, keys: unknown): void {
  if (!Array.isArray(keys)) throw argumentError(where, 'keys', keys, 'an array of strings')
  for (const [i, key] of keys.entries())
    if (typeof key !== 'string') throw argumentError(where, `keys[${i}]`, key, 'a string')
}
