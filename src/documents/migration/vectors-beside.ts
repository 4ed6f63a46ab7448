import { storedBytes } from '../../core/embedding-type.ts'
import { VecError } from '../../core/errors.ts'
import { Utf8 } from '../../core/utf8.ts'
import type { Database } from '../../database/database.ts'
import { firstRow, run } from '../../database/query.ts'
import { transaction } from '../../database/transaction.ts'
import { COLUMN } from '../../search/schema/columns.ts'
import { createStatement, hasTable, storedSql, storedText } from '../../search/schema/layout.ts'
import { OF_DATASET, OF_KEY, quoteName } from '../../search/schema/names.ts'
import { countOf } from '../../search/schema/rows.ts'
import type { ShadowTable } from '../../search/schema/shadow-table.ts'
import { storedModel } from '../embedding-model.ts'
import { BESIDE, MIGRATION_TABLES, MIGRATIONS, migrationTriggers } from './migration-schema.ts'

/** Vectors of another model beside those in use. */
export interface BesideRecord {
  readonly model: string | null
  /** The dimension of the vectors; 0 before the first one. */
  readonly dim: number
  /** Whether they were in use before. */
  readonly switched: boolean
}

/** A document whose vector beside is missing. */
export interface PendingDocument {
  /** The bytes of the texts, which may be invalid UTF-8. */
  readonly id: Uint8Array
  readonly content: Uint8Array
}

/** The row has a vector that a search could find, archived or not. */
const EMBEDDED = `length(${COLUMN.embedding}) > 0`
/** The columns of a vector, which the table of documents and that of vectors beside share. */
const VECTOR = `${COLUMN.embedding}, ${COLUMN.model}`
const IS_TEXT = `typeof(${COLUMN.content}) = 'text'`
/** The rows of a dataset in the tables of migrations. */
const OF_MIGRATION = `shadow_table = ?1 AND ${COLUMN.dataset} = ?2`

/** Vectors of another model for the documents of one dataset, beside those in use. Any client may ignore them. */
export class VectorsBeside {
  readonly #shadow: ShadowTable
  readonly #dataset: string

  constructor(shadow: ShadowTable, dataset: string) {
    this.#shadow = shadow
    this.#dataset = dataset
  }

  get #db(): Database {
    return this.#shadow.db
  }

  get #migrations(): string {
    return `${quoteName(this.#shadow.schema)}.${MIGRATIONS}`
  }

  get #beside(): string {
    return `${quoteName(this.#shadow.schema)}.${BESIDE}`
  }

  get #key(): [shadow: string, dataset: string] {
    return [this.#shadow.name, this.#dataset]
  }

  /** Undefined if there are none. */
  record(): BesideRecord | undefined {
    if (!hasTable(this.#db, this.#shadow.schema, MIGRATIONS)) return undefined
    const sql = `SELECT model, dim, switched FROM ${this.#migrations} WHERE ${OF_MIGRATION}`
    return firstRow(this.#db, sql, this.#key, row => ({
      model: row.isNull(0) ? null : row.text(0),
      dim: row.number(1),
      switched: row.number(2) === 1,
    }))
  }

  /** Begins without vectors, or continues with the existing ones if their triggers have seen every write. */
  begin(model: string): void {
    const { name, schema } = this.#shadow
    transaction(this.#db, () => {
      for (const table of MIGRATION_TABLES) this.#db.exec(createStatement(schema, table))
      if (!this.#isWatched()) {
        run(this.#db, `DELETE FROM ${this.#beside} WHERE shadow_table = ?`, name)
        for (const trigger of migrationTriggers(name)) {
          this.#db.exec(`DROP TRIGGER IF EXISTS ${quoteName(schema)}.${quoteName(trigger.name)}`)
          this.#db.exec(createStatement(schema, trigger))
        }
      }
      const sql = `INSERT OR IGNORE INTO ${this.#migrations}(shadow_table, ${COLUMN.dataset}, model) VALUES (?, ?, ?)`
      run(this.#db, sql, ...this.#key, model)
    }).immediate()
  }

  /** The number of documents with a vector, and of those that also have one beside. */
  counts(): { readonly done: number; readonly total: number } {
    return {
      done: this.#count(`${EMBEDDED} AND ${this.#hasBeside}`, this.#shadow.name),
      total: this.#count(EMBEDDED),
    }
  }

  /** The number of documents with a vector, but without text from which another could be made. */
  unembeddable(): number {
    return this.#count(`${EMBEDDED} AND NOT ${IS_TEXT}`)
  }

  /** Documents after an id whose vector beside is missing, in the order of their ids. */
  pending(behind: Uint8Array | undefined, limit: number): PendingDocument[] {
    const found: PendingDocument[] = []
    const after = behind === undefined ? '' : `AND ${COLUMN.id} COLLATE BINARY > ?`
    this.#shadow.each(
      `SELECT ${COLUMN.id}, ${COLUMN.content} FROM {table}
       WHERE ${OF_DATASET} AND ${EMBEDDED} AND ${IS_TEXT} AND NOT ${this.#hasBeside} ${after}
       ORDER BY ${COLUMN.id} COLLATE BINARY LIMIT ?`,
      [
        this.#dataset,
        this.#shadow.name,
        ...(behind === undefined ? [] : [new Utf8(behind)]),
        limit,
      ],
      row => {
        found.push({ id: row.bytes(0).slice(), content: row.bytes(1).slice() })
      },
    )
    return found
  }

  /** Stores vectors for documents whose content is still the embedded one. Returns their number. */
  store(
    model: string | null,
    documents: readonly PendingDocument[],
    embeddings: readonly Uint8Array[],
  ): number {
    return transaction(this.#db, () => {
      this.#requireDimension(this.#requireModel(model), embeddings[0].length / 4)
      const { type } = this.#shadow.refresh()
      let stored = 0
      for (const [i, { id, content }] of documents.entries()) {
        stored += this.#shadow.run(
          `INSERT OR REPLACE INTO ${this.#beside}(shadow_table, ${COLUMN.dataset}, ${COLUMN.id}, ${VECTOR})
           SELECT ?3, ${COLUMN.dataset}, ${COLUMN.id}, ?4, ?5 FROM {table}
           WHERE ${OF_KEY} AND ${COLUMN.content} COLLATE BINARY IS ?6`,
          [
            this.#dataset,
            new Utf8(id),
            this.#shadow.name,
            storedBytes(
              type,
              embeddings[i],
              'migrate()',
              `the embedding of document '${String(new Utf8(id))}'`,
            ),
            model,
            new Utf8(content),
          ],
        ).changes
      }
      return stored
    }).immediate()
  }

  /**
   * Exchanges the vectors in use and those beside, if each document has a vector of that model beside. Returns their
   * number, undefined if one is missing. The dataset changes from one model to the other in one transaction.
   */
  exchange(model: string | null): number | undefined {
    return transaction(this.#db, () => {
      this.#requireModel(model)
      const { total, done } = this.counts()
      if (done < total) return undefined
      const serving = storedModel(this.#db, this.#shadow.sql, this.#dataset)
      const ids: Utf8[] = []
      this.#shadow.each(
        `SELECT ${COLUMN.id} FROM {table} WHERE ${OF_DATASET} AND ${EMBEDDED}`,
        [this.#dataset],
        row => {
          ids.push(new Utf8(row.bytes(0).slice()))
        },
      )
      for (const id of ids) this.#exchangeOne(id)
      run(
        this.#db,
        `UPDATE ${this.#migrations} SET model = ?3, dim = NULL, switched = 1 - switched WHERE ${OF_MIGRATION}`,
        ...this.#key,
        serving ?? null,
      )
      return total
    }).immediate()
  }

  /** Deletes the vectors beside. Returns whether there were any. */
  discard(): boolean {
    if (this.record() === undefined) return false
    const { name, schema } = this.#shadow
    transaction(this.#db, () => {
      for (const table of [this.#beside, this.#migrations]) {
        run(this.#db, `DELETE FROM ${table} WHERE ${OF_MIGRATION}`, ...this.#key)
      }
      const sql = `SELECT 1 FROM ${this.#migrations} WHERE shadow_table = ?`
      if (firstRow(this.#db, sql, [name], () => true)) return
      for (const trigger of migrationTriggers(name)) {
        this.#db.exec(`DROP TRIGGER IF EXISTS ${quoteName(schema)}.${quoteName(trigger.name)}`)
      }
    }).immediate()
    return true
  }

  #exchangeOne(id: Utf8): void {
    const key = [this.#dataset, id] as const
    const read = (sql: string, ...parameters: (string | Utf8)[]): [Uint8Array, string | null] =>
      this.#shadow.first(sql, parameters, row => [
        row.bytes(0).slice(),
        row.isNull(1) ? null : row.text(1),
      ])!
    const old = read(`SELECT ${VECTOR} FROM {table} WHERE ${OF_KEY}`, ...key)
    const beside = `WHERE ${OF_MIGRATION} AND ${COLUMN.id} = ?3`
    const next = read(`SELECT ${VECTOR} FROM ${this.#beside} ${beside}`, ...this.#key, id)
    this.#shadow.run(`UPDATE {table} SET (${VECTOR}) = (?3, ?4) WHERE ${OF_KEY}`, [...key, ...next])
    this.#shadow.run(`UPDATE ${this.#beside} SET (${VECTOR}) = (?4, ?5) ${beside}`, [
      ...this.#key,
      id,
      ...old,
    ])
  }

  /** SQL: whether a row of dataset ?1 has a vector beside; ?2 is the name of the shadow table. */
  get #hasBeside(): string {
    return `EXISTS (SELECT 1 FROM ${this.#beside} AS b
      WHERE b.shadow_table = ?2 AND b.${COLUMN.dataset} = ?1 AND b.${COLUMN.id} = {table}.${COLUMN.id} COLLATE BINARY)`
  }

  /** The number of rows of the dataset that match. In the condition, ?1 is the dataset; `parameters` follow from ?2 on. */
  #count(condition: string, ...parameters: string[]): number {
    const sql = `SELECT count(*) FROM {table} WHERE ${OF_DATASET} AND ${condition}`
    return countOf(this.#shadow, sql, [this.#dataset, ...parameters])
  }

  #isWatched(): boolean {
    const { schema, name } = this.#shadow
    return migrationTriggers(name).every(
      trigger => storedSql(this.#db, schema, trigger.name) === storedText(trigger),
    )
  }

  /** The migration record. Another process may have discarded or ended the migration. */
  #requireModel(model: string | null): BesideRecord {
    const record = this.record()
    if (!record || !this.#isWatched()) {
      throw new VecError(
        'VEC_MODEL',
        `migrate(): the migration of dataset '${this.#dataset}' was discarded, or its triggers on ${this.#shadow.name} are gone`,
        { hint: 'call migrate() again: it begins where it has to' },
      )
    }
    if (record.model === model) return record
    throw new VecError(
      'VEC_MODEL',
      `migrate(): the vectors beside dataset '${this.#dataset}' are of model '${record.model}' by now, not of '${model}'`,
      { hint: 'another process has switched or begun again: look at migration()' },
    )
  }

  /** Throws for a second dimension: all vectors beside have the same one. */
  #requireDimension(record: BesideRecord, dim: number): void {
    if (record.dim !== 0 && record.dim !== dim) {
      throw new VecError(
        'VEC_DIMENSION',
        `migrate(): the embed function returned vectors of ${dim} dimensions, and of ${record.dim} before`,
        { hint: 'embed all texts with one model; discard() forgets the vectors that are there' },
      )
    }
    const sql = `UPDATE ${this.#migrations} SET dim = ?3 WHERE ${OF_MIGRATION}`
    if (record.dim === 0) run(this.#db, sql, ...this.#key, dim)
  }
}
